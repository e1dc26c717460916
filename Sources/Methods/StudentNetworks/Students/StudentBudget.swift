import Devices
import Networks

/// What a device can spare for a student, bridge included; nil: any amount.
public struct StudentBudget: Sendable, Equatable, CustomStringConvertible {
    /// What the largest student is the largest by.
    public enum Rank: String, Sendable, CaseIterable {
        /// Trainable values.
        case parameters
        /// NN-Mass (Bhardwaj, Li and Marculescu 2021), see `NNMass`.
        case nnMass = "nn_mass"
    }

    /// Trainable values.
    public var parameters: Int?
    /// Multiply-accumulates of one image.
    public var macs: UInt64?
    /// Weights and the largest activations of one image, as `DeviceMemory.inference` has them.
    public var memoryBytes: UInt64?

    public init(parameters: Int? = nil, macs: UInt64? = nil, memoryBytes: UInt64? = nil) {
        self.parameters = parameters
        self.macs = macs
        self.memoryBytes = memoryBytes
    }

    public func holds(_ cost: StudentCost) -> Bool {
        cost.parameters <= parameters ?? .max && cost.macs <= macs ?? .max
            && cost.memoryBytes <= memoryBytes ?? .max
    }

    /// The largest of `candidates` that fits: the one with the most parameters, or the greatest NN-Mass; then, among
    /// equals, the one with the most parameters, the fewest multiply-accumulates, and the first.
    package func largest(
        of candidates: [NetworkPlan], rank: Rank = .parameters
    ) throws(StudentError) -> NetworkPlan {
        precondition(!candidates.isEmpty, "no candidates")
        let sizes = candidates.map { plan in
            let cost = StudentCost(plan)
            let first = rank == .nnMass ? NNMass.mass(of: plan) : 0
            return (plan: plan, cost: cost, mass: first)
        }
        var best: (plan: NetworkPlan, cost: StudentCost, mass: Double)?
        for size in sizes where holds(size.cost) {
            guard let other = best else {
                best = size
                continue
            }
            let order = [
                size.mass - other.mass, Double(size.cost.parameters - other.cost.parameters),
                Double(other.cost.macs) - Double(size.cost.macs),
            ]
            if order.first(where: { $0 != 0 }) ?? 0 > 0 { best = size }
        }
        if let best { return best.plan }
        let smallest = sizes.min { $0.cost.parameters < $1.cost.parameters } ?? sizes[0]
        throw .nothingFits(budget: self, smallest: smallest.plan.spec.name, cost: smallest.cost)
    }

    public var description: String {
        let limits = [
            parameters.map { "\($0) parameters" }, macs.map { "\($0) MACs" },
            memoryBytes.map { "\($0) bytes" },
        ].compactMap(\.self)
        return "a budget of " + (limits.isEmpty ? "any size" : limits.joined(separator: ", "))
    }
}

/// What a student costs a device.
public struct StudentCost: Sendable, Equatable, CustomStringConvertible {
    /// Trainable values.
    public var parameters: Int
    /// Multiply-accumulates of one image.
    public var macs: UInt64
    /// Weights and the largest activations of one image, in Float32.
    public var memoryBytes: UInt64

    public init(parameters: Int, macs: UInt64, memoryBytes: UInt64) {
        self.parameters = parameters
        self.macs = macs
        self.memoryBytes = memoryBytes
    }

    package init(_ plan: NetworkPlan) {
        parameters = plan.parameterCount
        macs = plan.macs
        memoryBytes = DeviceMemory.inference(plan.deviceLayers().map(\.cost), batch: 1).total
    }

    public var description: String {
        "\(parameters) parameters, \(macs) MACs and \(memoryBytes) bytes of weights and activations"
    }
}

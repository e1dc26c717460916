import Datasets
import Devices
import Networks
import TensorMath

/// A federated algorithm and its settings: both halves of it, in a folder of its own.
///
/// A method is values and functions over plain buffers: no socket, file, clock or process. What it does not say is as in
/// FedAvg. The rest of the program knows it by its line in `MethodSpec.all` alone.
package protocol FederatedMethod: Sendable, Equatable {
    /// The name that scenarios use.
    static var name: String { get }
    /// What it is and where it comes from, in one sentence without a full stop.
    static var meaning: String { get }
    /// Keys beside the name.
    static var settings: [MethodSetting<Self>] { get }

    /// With the defaults of all settings.
    init()

    /// Whether the server has a model that is worth evaluating by itself.
    var hasGlobalModel: Bool { get }
    /// Whether a client's own test is of a model of its own.
    var isPersonalized: Bool { get }
    /// Whether clients keep what makes a model of their own, for `personal.safetensors`.
    var keepsModel: Bool { get }
    /// Whether clients send the server updates.
    var communicates: Bool { get }
    /// Whether all samples belong to one client.
    var poolsData: Bool { get }
    /// Passes of a client over its samples to make the model its own before its test; nothing of it is sent.
    var fineTuningEpochs: Int { get }

    /// What of this network travels, and what clients keep.
    func exchange(_ plan: NetworkPlan) -> Exchange

    /// What a client's round costs: `samples` are those that it holds.
    func work(samples: Int, training: TrainingSpec, plan: NetworkPlan) -> Work

    /// Passes of a client over its samples in one round.
    func epochs(_ training: TrainingSpec) -> Int

    /// Why this method cannot work with the rest of a scenario, as sentences of place and remedy.
    func objections(_ configuration: FederatedConfiguration, plan: NetworkPlan) -> [MethodObjection]

    func server(_ context: ServerContext) -> any FederatedServer
    func client(_ client: LocalClient) -> any ClientTraining
}

extension FederatedMethod {
    package static var settings: [MethodSetting<Self>] { [] }
    package var hasGlobalModel: Bool { true }
    package var isPersonalized: Bool { false }
    package var keepsModel: Bool { isPersonalized }
    package var communicates: Bool { true }
    package var poolsData: Bool { false }
    package var fineTuningEpochs: Int { 0 }

    package func exchange(_ plan: NetworkPlan) -> Exchange { Exchange(plan.layout) }

    /// Whether a deployment would send its updates: data in one place need not travel.
    package var isFederated: Bool { communicates && !poolsData }

    package func epochs(_ training: TrainingSpec) -> Int { training.localEpochs }

    package func work(samples: Int, training: TrainingSpec, plan: NetworkPlan) -> Work {
        let seen = UInt64(samples * epochs(training))
        return Work(layers: plan.blocks.map(\.cost), forward: seen, backward: seen)
    }

    package func objections(
        _ configuration: FederatedConfiguration, plan: NetworkPlan
    ) -> [MethodObjection] { [] }

    package func server(_ context: ServerContext) -> any FederatedServer { MeanServer(context) }
    package func client(_ client: LocalClient) -> any ClientTraining { PlainTraining(client) }
}

/// Something in a scenario that a method cannot work with.
package struct MethodObjection: Sendable, Equatable {
    /// Dotted path of the key.
    package let path: String
    package let message: String
    package let remedy: String

    package init(_ path: String, _ message: String, remedy: String) {
        self.path = path
        self.message = message
        self.remedy = remedy
    }
}

/// A key of a method, with the property that it sets.
package enum MethodSetting<Method>: Sendable {
    case number(
        String, any WritableKeyPath<Method, Double> & Sendable, ClosedRange<Double>, String)
    case integer(
        String, any WritableKeyPath<Method, Int> & Sendable, ClosedRange<Int>, unit: String, String)
    case word(String, any WritableKeyPath<Method, String> & Sendable, [String], String)
}

/// Which method a scenario asks for.
public struct MethodSpec: Sendable, Equatable {
    /// Every method, in the order of documentation.
    package static let all: [any FederatedMethod.Type] = [
        FedAvg.self, FedProx.self, FedAvgM.self, FedAdam.self, FedYogi.self, FedAdagrad.self, Scaffold.self,
        FedNova.self, FedMAX.self, FedPer.self, FedRep.self, FedBN.self, Ditto.self, APFL.self, PFedMe.self,
        Moon.self,
        LocalOnly.self, FedAvgFineTuned.self, Centralised.self,
    ]

    package var method: any FederatedMethod

    package init(_ method: any FederatedMethod) { self.method = method }

    public static let fedavg = MethodSpec(FedAvg())

    public static let names = all.map { $0.name }

    /// The name that scenarios use.
    public var name: String { type(of: method).name }

    /// Whether a deployment would send anything.
    public var isFederated: Bool { method.isFederated }

    /// Whether there is a model that all clients share as a whole.
    public var hasGlobalModel: Bool { method.hasGlobalModel }

    /// Whether clients have models of their own.
    public var makesPersonalModels: Bool { method.isPersonalized || method.keepsModel }

    /// The method of that name with its defaults.
    public init?(named name: String) {
        guard let type = Self.all.first(where: { $0.name == name }) else { return nil }
        method = type.init()
    }

    /// Which samples are whose under this method.
    package func holdings(of split: LocalSplit) -> LocalSplit {
        guard method.poolsData else { return split }
        let others = split.train.dropFirst().map { _ in [UInt32]() }
        return LocalSplit(
            train: [split.train.flatMap(\.self)] + others, test: split.test, pooledTest: split.pooledTest,
            noise: split.noise)
    }

    public static func == (a: MethodSpec, b: MethodSpec) -> Bool {
        func equals<Method: FederatedMethod>(_ left: Method) -> Bool { (b.method as? Method) == left }
        return equals(a.method)
    }
}

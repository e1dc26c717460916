import Foundation
import Networks
import TensorMath

/// What a worker must know beside the scenario to build the networks of a contender; travels as JSON.
package struct NetworkDescription: Codable, Sendable, Equatable {
    package enum Kind: String, Codable, Sendable {
        /// A bridge from each trunk to its part of the teacher's filters.
        case partitioned
        /// The only trunk cut by channels.
        case split
        /// The only trunk.
        case single
    }

    package var kind: Kind
    /// Names in the zoo, one for each student; one for `split`.
    package var trunks: [String]
    /// Of `partitioned`: the teacher's filters of each part.
    package var parts: [[Int]]
    /// Students, which serve the parts in turn.
    package var students: Int
    /// Whether it learns the teacher's attention maps.
    package var attention: Bool

    /// Bit patterns of each student's greatest feature on the validation samples, once it is trained.
    package var greatestBits: [UInt32] = []

    package func greatest(_ student: Int) -> Float {
        greatestBits.indices.contains(student) ? Float(bitPattern: greatestBits[student]) : 1
    }

    /// Students and head for images of `input`.
    package func plan(input: Shape, classes: Int) throws(StudentError) -> EnsemblePlan {
        var plans: [NetworkPlan] = []
        switch kind {
        case .partitioned:
            for (index, trunk) in trunks.enumerated() {
                let model = try NetworkPlan.zoo(trunk, input: input, classes: classes)
                plans.append(try .student(of: model, filters: parts[index % parts.count].count))
            }
            return EnsemblePlan(students: plans, parts: parts.count, classes: classes)
        case .split:
            let model = try NetworkPlan.zoo(trunks[0], input: input, classes: classes)
            return EnsemblePlan(students: try NetworkPlan.split(model, into: students), classes: classes)
        case .single:
            let model = try NetworkPlan.zoo(trunks[0], input: input, classes: classes)
            return EnsemblePlan(students: [try .trunk(of: model)], classes: classes)
        }
    }

    /// What it learns by, of what the scenario asks for the students.
    package func loss(_ settings: DistillationSettings) -> DistillationSettings {
        var own = settings
        if kind != .partitioned { own.beta = 0 }
        if attention { own.attention = DistillationSettings.attentionTransfer.attention }
        return own
    }

    package var object: ObjectBytes {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        guard let data = try? encoder.encode(self) else { preconditionFailure("names and numbers are JSON") }
        return ObjectBytes(Array(data))
    }

    /// nil for bytes that are none.
    package init?(_ object: ObjectBytes) {
        let data = Data(object.bytes)
        guard let value = try? JSONDecoder().decode(NetworkDescription.self, from: data) else { return nil }
        let isWhole =
            !value.trunks.isEmpty && (1...1_000).contains(value.students)
            && (value.kind != .partitioned
                || value.trunks.count == value.students && !value.parts.isEmpty
                    && value.parts.count <= value.students && value.hasDisjointParts)
        guard isWhole else { return nil }
        self = value
    }

    /// Whether no part is empty, and no filter is in two.
    private var hasDisjointParts: Bool {
        let all = parts.joined()
        return parts.allSatisfy { !$0.isEmpty } && all.allSatisfy { $0 >= 0 } && Set(all).count == all.count
    }

    package init(
        kind: Kind, trunks: [String], parts: [[Int]] = [], students: Int, attention: Bool = false
    ) {
        self.kind = kind
        self.trunks = trunks
        self.parts = parts
        self.students = students
        self.attention = attention
    }
}

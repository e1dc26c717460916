import Methods
import Networks
import TensorMath
import Testing

/// Students and head in one buffer, lost students, twins.
@Suite struct StudentEnsembleTests {
    static let input = Shape(channels: 2, height: 6, width: 6)

    static func student(_ channels: Int, filters: Int) throws -> NetworkPlan {
        let model = try NetworkPlan(
            spec: ModelSpec(
                name: "few",
                layers: [
                    .conv(channels: channels, kernel: 3, padding: .same), .relu, .globalAveragePool,
                    .dense(units: 5),
                ]), input: input, classes: 5)
        return try .student(of: model, filters: filters)
    }

    /// Of architectures that differ.
    static func plan(_ filters: [Int], parts: Int? = nil) throws -> EnsemblePlan {
        EnsemblePlan(
            students: try filters.indices.map { try student(3 + $0, filters: filters[$0]) }, parts: parts,
            classes: 5)
    }

    static func ensemble(_ plan: EnsemblePlan, samples: Int = 7) -> StudentEnsemble {
        let ensemble = StudentEnsemble(plan: plan, batch: 30, mode: .evaluation)
        plan.initialParameters(.uniformFanIn, seed: 4, into: ensemble.parameters)
        ensemble.input.slice(0, samples * input.count)
            .copy(from: DistillationLossTests.random(samples * input.count, 9))
        return ensemble
    }

    @Test func oneLayoutForAll() throws {
        let plan = try Self.plan([2, 4])
        let first = plan.students[0].layout
        #expect(plan.layout.segments[0].name == "student1/conv1.weight")
        #expect(plan.layout.segments[first.segments.count].name == "student2/conv1.weight")
        #expect(plan.layout.segments.suffix(2).map(\.name) == ["head/dense1.weight", "head/dense1.bias"])
        #expect(plan.layout.segments.suffix(2).map(\.shape) == [[5, 6], [5]])
        #expect(plan.layout.count == first.count + plan.students[1].layout.count + 5 * 6 + 5)
        #expect(Set(plan.layout.segments.map(\.name)).count == plan.layout.segments.count)
        #expect(Set(plan.layout.segments.map(\.layer)).count == 2 * 3 + 1)
        #expect(plan.columns == [0..<2, 2..<6])
        let flat = FloatBuffer(count: plan.layout.count).view
        for i in 0..<flat.count { flat[i] = Float(i) }
        let second = plan.parameters(ofStudent: 1, in: flat)
        #expect(second.count == plan.students[1].layout.count && second[0] == Float(first.count))
        second[0] = -1
        #expect(flat[first.count] == -1)
        #expect(plan.parametersOfHead(in: flat).array == (flat.count - 35..<flat.count).map { Float($0) })
    }

    /// A student begins the same whoever else there is, and no two alike.
    @Test func initialParameters() throws {
        let (two, three) = (try Self.plan([2, 2]), try Self.plan([2, 2, 3]))
        let (one, other) = (
            FloatBuffer(count: two.layout.count).view, FloatBuffer(count: three.layout.count).view
        )
        two.initialParameters(.he, seed: 1, into: one)
        three.initialParameters(.he, seed: 1, into: other)
        for k in 0..<2 {
            #expect(
                two.parameters(ofStudent: k, in: one).array == three.parameters(ofStudent: k, in: other).array
            )
        }
        let twins = EnsemblePlan(
            students: [two.students[0], two.students[0]], parts: 1, classes: 5)
        let flat = FloatBuffer(count: twins.layout.count).view
        twins.initialParameters(.he, seed: 1, into: flat)
        #expect(
            twins.parameters(ofStudent: 0, in: flat).array != twins.parameters(ofStudent: 1, in: flat).array)
    }

    /// A deployment: each student by itself, from its own parameters, and the head on what arrives.
    @Test(arguments: [7, 30]) func studentsWorkAlone(samples: Int) throws {
        let plan = try Self.plan([2, 4, 3])
        let ensemble = Self.ensemble(plan, samples: samples)
        ensemble.forward(samples: samples)
        let features = plan.students.indices.map { index -> FloatView? in
            let own = plan.students[index]
            let network = Network(plan: own, batch: samples, mode: .evaluation)
            network.parameters.copy(from: plan.parameters(ofStudent: index, in: ensemble.parameters))
            network.input.copy(from: ensemble.input.slice(0, samples * Self.input.count))
            network.forward(samples: samples)
            return network.logits
        }
        let head = Network(plan: plan.head, batch: samples, mode: .evaluation)
        head.parameters.copy(from: plan.parametersOfHead(in: ensemble.parameters))
        plan.join(features, samples: samples, into: head.input)
        head.forward(samples: samples)
        #expect(head.logits.array == ensemble.logits.slice(0, samples * 5).array)
    }

    /// All 15 subsets of four students, at batches of both products: the same bits as without the columns of the head,
    /// whether the lost student computed or not.
    @Test(arguments: [7, 30]) func losingAStudentIsZeroingItsColumns(samples: Int) throws {
        let plan = try Self.plan([2, 4, 1, 3])
        let ensemble = Self.ensemble(plan, samples: samples)
        let whole = Self.ensemble(plan, samples: samples)
        whole.forward(samples: samples)
        let weights = plan.parametersOfHead(in: whole.parameters)
        let kept = weights.array
        for subset in 1..<16 {
            let lost = Set((0..<4).filter { subset >> $0 & 1 == 0 })
            ensemble.forward(samples: samples, lost: lost)
            let found = ensemble.logits.slice(0, samples * 5).array
            whole.classify(samples: samples, lost: lost)
            #expect(whole.logits.slice(0, samples * 5).array == found)
            for student in lost {
                for unit in 0..<5 {
                    for column in plan.columns[student] { weights[unit * plan.features + column] = 0 }
                }
            }
            whole.classify(samples: samples)
            #expect(whole.logits.slice(0, samples * 5).array.map(\.bitPattern) == found.map(\.bitPattern))
            weights.copy(from: kept)
        }
    }

    /// Students 1 and 3 serve part 1, students 2 and 4 part 2.
    @Test func twins() throws {
        let plan = try Self.plan([2, 3, 2, 3], parts: 2)
        #expect(plan.features == 5)
        #expect((0..<4).map(plan.part) == [0, 1, 0, 1])
        let ensemble = Self.ensemble(plan, samples: 3)
        ensemble.forward(samples: 3)
        func joined(_ lost: Set<Int>, fill: FloatView? = nil) -> [Float] {
            ensemble.classify(samples: 3, lost: lost, fill: fill)
            return ensemble.head.input.slice(0, 15).array
        }
        func features(_ student: Int, _ sample: Int) -> [Float] {
            let width = plan.students[student].classes
            return ensemble.features(of: student).slice(sample * width, width).array
        }
        func mean(_ one: [Float], _ other: [Float]) -> [Float] { zip(one, other).map { ($0 + $1) / 2 } }
        #expect(
            joined([])
                == (0..<3).flatMap {
                    mean(features(0, $0), features(2, $0)) + mean(features(1, $0), features(3, $0))
                })
        #expect(
            joined([0])
                == (0..<3).flatMap { features(2, $0) + mean(features(1, $0), features(3, $0)) })
        #expect(joined([1, 2]) == (0..<3).flatMap { features(0, $0) + features(3, $0) })
        #expect(joined([3, 1, 2]) == (0..<3).flatMap { features(0, $0) + [0, 0, 0] })
        let fill = DistillationLossTests.view([1, 2, 3, 4, 5])
        #expect(joined([0, 2], fill: fill).prefix(2) == [1, 2])
        #expect(joined([0], fill: fill).prefix(2) == features(2, 0)[...])
        #expect(joined([0, 1, 2, 3], fill: fill) == [1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1, 2, 3, 4, 5])
    }

    /// It computes nothing, so its running statistics stay; its gradients are zero, the others are not.
    @Test func aLostStudentLearnsNothing() throws {
        let plan = try Self.plan([2, 3])
        let ensemble = StudentEnsemble(plan: plan, batch: 4)
        plan.initialParameters(.he, seed: 2, into: ensemble.parameters)
        ensemble.input.copy(from: DistillationLossTests.random(4 * Self.input.count, 2))
        ensemble.students[0].gradients.fill(3)
        let before = ensemble.parameters.array
        ensemble.forward(samples: 4, lost: [0])
        let labels: [UInt8] = [0, 1, 2, 3]
        _ = ensemble.head.softmaxCrossEntropy(labels: labels.span, samples: 4)
        ensemble.backward(samples: 4)
        let count = plan.students[0].layout.count
        #expect(ensemble.gradients.slice(0, count).array.allSatisfy { $0 == 0 })
        #expect(ensemble.parameters.slice(0, count).array == Array(before.prefix(count)))
        #expect(ensemble.students[1].gradients.array.contains { $0 != 0 })
        #expect(
            ensemble.students[1].parameters.array
                != Array(before[count..<count + plan.students[1].layout.count]))
    }
}

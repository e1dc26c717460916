import CKernels
import Networks
import TensorMath

/// An ensemble at work: all students and the head, whose parameters and gradients stand in one flat buffer each.
///
/// Students never see each other's features; only the head sees all. A lost student does not compute: its features
/// count as missing (see `EnsemblePlan.join`), its gradients are zero, and its running statistics stay.
package final class StudentEnsemble {
    package let plan: EnsemblePlan
    package let batch: Int
    package let students: [Network]
    package let head: Network
    /// In the plan's layout.
    package let parameters: FloatView
    /// What the last `backward` found, in the plan's layout; empty for evaluation.
    package let gradients: FloatView
    /// Students that the last `forward` went without.
    package private(set) var lost: Set<Int> = []

    /// `parameters` shares another ensemble's; nil makes new ones, all zero. `taps`: for each student the blocks whose
    /// outputs are wanted besides the features; empty for none.
    package init(
        plan: EnsemblePlan, batch: Int, mode: Network.Mode = .training, parameters: FloatView? = nil,
        taps: [Set<String>] = []
    ) {
        precondition(taps.isEmpty || taps.count == plan.students.count, "taps of \(taps.count) students")
        let count = plan.layout.count
        let parameters = parameters ?? FloatBuffer(count: count).view
        precondition(parameters.count == count, "\(parameters.count) of \(count) parameters")
        let trains = mode == .training
        let gradients = FloatBuffer(count: trains ? count : 0).view
        self.plan = plan
        self.batch = batch
        self.parameters = parameters
        self.gradients = gradients
        students = plan.students.indices.map { index in
            Network(
                plan: plan.students[index], batch: batch, mode: mode,
                parameters: plan.parameters(ofStudent: index, in: parameters),
                gradients: trains ? plan.parameters(ofStudent: index, in: gradients) : nil,
                taps: taps.isEmpty ? [] : taps[index])
        }
        head = Network(
            plan: plan.head, batch: batch, mode: mode, parameters: plan.parametersOfHead(in: parameters),
            gradients: trains ? plan.parametersOfHead(in: gradients) : nil, inputGradient: trains)
    }

    /// [batch, C, H, W]: what all students see.
    package var input: FloatView { students[0].input }

    /// [batch, |P_k|], as the last forward pass left it.
    package func features(of student: Int) -> FloatView { students[student].logits }

    /// [batch, classes].
    package var logits: FloatView { head.logits }

    /// Random numbers for dropout within the students, which those that have it must be given before each step.
    package func setDropout(seed: UInt64, step: UInt32) {
        for (index, student) in students.enumerated() {
            student.dropoutStream = RandomStream(
                RandomKey(seed: seed, purpose: .dropout, client: UInt32(index + 1), participation: step))
        }
    }

    /// Runs the first `samples` of `input` through the students that are not lost, and their features through the head.
    package func forward(samples: Int, lost: Set<Int> = []) {
        for index in students.indices.dropFirst() where !lost.contains(index) {
            let count = samples * plan.students[index].input.count
            students[index].input.slice(0, count).copy(from: input.slice(0, count))
        }
        for index in students.indices where !lost.contains(index) {
            students[index].forward(samples: samples)
        }
        classify(samples: samples, lost: lost)
    }

    /// The head alone, on features that a forward pass left, as if the students `lost` had not answered: so all subsets
    /// can be evaluated after one pass of the students. `fill` as in `EnsemblePlan.join`.
    package func classify(samples: Int, lost: Set<Int> = [], fill: FloatView? = nil) {
        self.lost = lost
        let features = students.indices.map { lost.contains($0) ? nil : students[$0].logits }
        plan.join(features, samples: samples, fill: fill, into: head.input)
        head.forward(samples: samples)
    }

    /// From the gradient of the logits in `head.outputGradient`, and for each student from further gradients of its
    /// features, [samples, |P_k|], and of its tapped blocks, to those of all parameters.
    package func backward(
        samples: Int, features further: [FloatView] = [], taps: [[Network.Tap]] = []
    ) {
        head.backwardFromLoss(samples: samples)
        guard let joined = head.inputGradient else {
            preconditionFailure("an ensemble for evaluation has no gradients")
        }
        for (index, student) in students.enumerated() {
            if lost.contains(index) {
                student.gradients.fill(0)
                continue
            }
            let part = plan.part(of: index)
            let present = plan.students(of: part).reduce(0) { $0 + (lost.contains($1) ? 0 : 1) }
            let columns = plan.columns[part]
            let target = student.outputGradient
            for sample in 0..<samples {
                target.slice(sample * columns.count, columns.count).copy(
                    from: joined.slice(sample * plan.features + columns.lowerBound, columns.count))
            }
            let count = samples * columns.count
            if present > 1 { ck_scale(1 / Float(present), target.pointer, count) }
            if !further.isEmpty {
                precondition(further[index].count >= count, "\(further[index].count) gradients of features")
                ck_axpy(1, further[index].pointer, target.pointer, count)
            }
            student.backwardFromLoss(samples: samples, taps: taps.isEmpty ? [] : taps[index])
        }
    }
}

extension StudentEnsemble: TestedNetwork {
    var macs: UInt64 { plan.macs }

    func test(labels: [UInt8]) -> (lossSum: Double, correct: Int) {
        forward(samples: labels.count)
        return head.lossAndCorrect(labels: labels.span, samples: labels.count)
    }
}

extension EnsemblePlan {
    /// Multiply-accumulates of one image, on all devices and the hub.
    package var macs: UInt64 { students.reduce(head.macs) { $0 + $1.macs } }
}

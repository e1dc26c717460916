import CKernels
import Networks
import TensorMath

/// What a teacher says of a batch, in the order of its images.
package struct TeacherOutputs {
    /// [samples, classes], of the whole teacher.
    package let logits: FloatView
    /// [samples, filters], the pooled maps of `FeatureStage`; nil where students learn from logits alone.
    package let features: FloatView?
    /// [samples, H x W] for each stage of `AttentionTransfer`; empty without.
    package let maps: [FloatView]

    package init(logits: FloatView, features: FloatView? = nil, maps: [FloatView] = []) {
        self.logits = logits
        self.features = features
        self.maps = maps
    }
}

/// The loss of a step, before it, and its terms with their weights.
package struct DistillationLosses: Sendable, Equatable {
    /// 2 alpha T^2 KL.
    package var divergence = 0.0
    /// (1 - alpha) CE.
    package var labels = 0.0
    package var features = 0.0
    package var attention = 0.0
    /// Samples whose greatest logit is the label's.
    package var correct = 0

    package var total: Double { divergence + labels + features + attention }
}

/// Joint training of all students and the head, step by step: one loss, one optimiser (Bhardwaj et al. 2019).
///
/// What it keeps between steps are the ensemble's parameters, `optimizer.memory` and `steps`; with these put back
/// (`resume`) it goes on with the same bits, since all its random numbers are named by the number of the step.
package final class JointDistillation {
    package let ensemble: StudentEnsemble
    package let settings: DistillationSettings
    package var optimizer: LocalOptimizer
    /// Taken so far.
    package private(set) var steps = 0
    private let seed: UInt64
    private let clipNorm: Float?
    private let runs: [Range<Int>]
    private let transfer: FeatureTransfer?
    private let attention: AttentionTransfer?
    private let logitGradient: FloatView
    /// Of each student's features, [batch, |P_k|].
    private let featureGradients: [FloatView]
    /// Of each stage's activations, [batch, C, H, W].
    private let mapGradients: [FloatView]

    /// - Parameters:
    ///   - filters: for each part the teacher's filters that it stands for; nil: students learn no features.
    ///   - attention: of the only student.
    package init(
        plan: EnsemblePlan, settings: DistillationSettings, optimizer: OptimizerSpec, batch: Int,
        seed: UInt64, clipNorm: Float? = nil, filters: [[Int]]? = nil, attention: AttentionTransfer? = nil,
        parameters: FloatView? = nil
    ) {
        precondition(settings.temperature > 0, "a temperature of \(settings.temperature)")
        precondition(0...1 ~= settings.alpha && settings.beta >= 0, "weights of the loss")
        precondition(settings.studentDropout >= 0 && settings.studentDropout < 1, "dropout of students")
        precondition(attention == nil || plan.students.count == 1, "attention of several students")
        self.settings = settings
        self.seed = seed
        self.clipNorm = clipNorm
        let attention = settings.attention > 0 ? attention : nil
        self.attention = attention
        let taps = attention?.stages.map { plan.students[0].blocks[$0.student].name }
        ensemble = StudentEnsemble(
            plan: plan, batch: batch, parameters: parameters, taps: taps.map { [Set($0)] } ?? [])
        self.optimizer = LocalOptimizer(optimizer, clipNorm: nil, count: plan.layout.count)
        runs = plan.layout.trainableRuns
        transfer =
            settings.beta == 0
            ? nil
            : filters.map { filters in
                precondition(filters.map(\.count) == plan.columns.map(\.count), "filters of other parts")
                return FeatureTransfer(
                    filters: plan.students.indices.map { filters[plan.part(of: $0)] },
                    normalization: settings.normalization, reduction: settings.reduction,
                    beta: settings.beta)
            }
        logitGradient = FloatBuffer(count: batch * plan.head.classes).view
        featureGradients =
            transfer == nil ? [] : plan.students.map { FloatBuffer(count: batch * $0.classes).view }
        mapGradients =
            attention?.stages.map { FloatBuffer(count: batch * $0.studentShape.count).view } ?? []
    }

    /// Goes on after `steps` steps; parameters and the optimiser's memory have been put back.
    package func resume(after steps: Int) {
        self.steps = steps
        optimizer.resume(after: steps)
    }

    /// One step on the first `samples` of the ensemble's input.
    package func step(labels: Span<UInt8>, teacher: TeacherOutputs, samples: Int) -> DistillationLosses {
        let lost = omitted(step: steps)
        ensemble.setDropout(seed: seed, step: UInt32(steps))
        ensemble.forward(samples: samples, lost: lost)
        var losses = logitLosses(labels: labels, teacher: teacher, samples: samples)
        if let transfer {
            guard let features = teacher.features else {
                preconditionFailure("a teacher without features")
            }
            losses.features = transfer.loss(
                features: ensemble.students.map(\.logits), teacher: features, samples: samples, lost: lost,
                gradients: featureGradients)
        }
        var taps: [Network.Tap] = []
        if let attention {
            precondition(teacher.maps.count == attention.stages.count, "\(teacher.maps.count) maps")
            for (index, stage) in attention.stages.enumerated() {
                let activations = ensemble.students[0].activation(of: stage.student)
                losses.attention += AttentionTransfer.loss(
                    activations, shape: stage.studentShape, target: teacher.maps[index], samples: samples,
                    weight: settings.attention, gradient: mapGradients[index])
                taps.append(Network.Tap(block: stage.student, gradient: mapGradients[index]))
            }
        }
        ensemble.backward(samples: samples, features: featureGradients, taps: taps.isEmpty ? [] : [taps])
        if let clipNorm { ensemble.gradients.clip(norm: clipNorm, runs: runs) }
        optimizer.apply(ensemble.parameters, gradients: ensemble.gradients, runs: runs)
        steps += 1
        return losses
    }

    /// The terms of the logits, whose gradient goes to the head's `outputGradient`.
    private func logitLosses(
        labels: Span<UInt8>, teacher: TeacherOutputs, samples: Int
    ) -> DistillationLosses {
        let head = ensemble.head
        let count = samples * head.plan.classes
        let result = head.softmaxCrossEntropy(labels: labels, samples: samples)
        var losses = DistillationLosses(
            labels: (1 - settings.alpha) * result.lossSum / Double(samples), correct: result.correct)
        ck_scale(Float(1 - settings.alpha), head.outputGradient.pointer, count)
        let weight = settings.weightOfDivergence(classes: head.plan.classes)
        if weight > 0 {
            losses.divergence =
                weight
                * Loss.distillation(
                    student: head.logits.slice(0, count), teacher: teacher.logits.slice(0, count),
                    samples: samples, temperature: Float(settings.temperature),
                    gradient: logitGradient.slice(0, count))
            ck_axpy(Float(weight), logitGradient.pointer, head.outputGradient.pointer, count)
        }
        return losses
    }

    /// The students that a step does without: each with the set probability; where that is all of them, one that is
    /// drawn stays.
    package func omitted(step: Int) -> Set<Int> {
        guard settings.studentDropout > 0 else { return [] }
        var stream = RandomStream(
            RandomKey(seed: seed, purpose: .omission, participation: UInt32(step)))
        let count = ensemble.students.count
        var lost = Set((0..<count).filter { _ in stream.uniformDouble() < settings.studentDropout })
        if lost.count == count { lost.remove(stream.index(below: count)) }
        return lost
    }
}

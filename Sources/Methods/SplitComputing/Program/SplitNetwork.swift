import CKernels
import Networks

/// A divided network that is trained, for one or several modes.
package struct SplitNetwork: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        /// In two stages: features, then answers.
        case bottleneck
        /// From labels, or labels and answers, in one stage.
        case naive(SplitTrainingSpec.Loss)
        case headDistillation
        case autoencoder
        case earlyExit
        /// A smaller network, all on the device.
        case small
        /// Whether images are worth sending, on the stem of the first bottleneck.
        case neuralFilter
    }

    /// What a network learns from in an epoch.
    enum Lesson: Sendable, Equatable {
        /// The teacher's features: at all taps, or at the decoder's output only. What is the teacher's is frozen.
        case features(all: Bool)
        /// Answers.
        case answers(SplitTrainingSpec.Loss, freezesEncoder: Bool)
        /// Labels, at two outputs at once.
        case exits
        /// Labels, as to whether their classes are of interest.
        case interest

        var needsTeacher: Bool {
            switch self {
            case .features: true
            case .answers(let loss, _): loss == .kd
            case .exits, .interest: false
            }
        }
    }

    /// Epochs with one lesson and one optimiser.
    struct Phase: Sendable, Equatable {
        let lesson: Lesson
        let training: NetworkTrainingSpec
        /// Epochs of phases before it.
        let before: Int
    }

    package let kind: Kind
    /// Of the code that it is made for; 0 where the teacher's own cut is taken.
    package let channels: Int

    /// The word for its kind.
    package var word: String {
        switch kind {
        case .bottleneck: "bottlefit"
        case .naive(let loss): "naive_\(loss.rawValue)"
        case .headDistillation: "hnd"
        case .autoencoder: "autoencoder"
        case .earlyExit: "early_exit"
        case .small: "local_small"
        case .neuralFilter: "neural_filter"
        }
    }

    /// Unique in a run.
    package var name: String {
        switch kind {
        case .bottleneck, .naive, .headDistillation, .autoencoder: "\(word)_\(channels)"
        case .earlyExit, .small, .neuralFilter: word
        }
    }

    /// Whether its best epoch is told by right answers for validation samples. Those of an early exit are its end's alone;
    /// the scores that decide a filter's threshold are those of its last epoch.
    var keepsBest: Bool { kind != .earlyExit && kind != .neuralFilter }

    package func divided(
        _ teacher: NetworkPlan, _ configuration: SplitComputingConfiguration
    ) throws(SplitError) -> DividedNetwork {
        let bottleneck = configuration.bottleneck
        switch kind {
        case .bottleneck, .naive, .headDistillation:
            return try .bottleneck(of: teacher, version: bottleneck.version, channels: channels)
        case .autoencoder:
            let code = try DividedNetwork.bottleneck(
                of: teacher, version: bottleneck.version, channels: channels
            ).code
            return try .autoencoder(of: teacher, version: bottleneck.version, codeValues: code.count)
        case .earlyExit: return try .earlyExit(of: teacher)
        case .small: return try .onDevice(configuration.smallModel, like: teacher)
        case .neuralFilter:
            return try .neuralFilter(of: teacher, version: bottleneck.version, channels: channels)
        }
    }

    func phases(_ configuration: SplitComputingConfiguration) -> [Phase] {
        let training = configuration.training
        let (first, second) = (training.stage1, training.stage2)
        switch kind {
        case .bottleneck:
            let answers = Lesson.answers(training.loss, freezesEncoder: training.freezesEncoder)
            return [
                Phase(lesson: .features(all: true), training: first, before: 0),
                Phase(lesson: answers, training: second, before: first.epochs),
            ]
        case .naive(let loss):
            let answers = Lesson.answers(loss, freezesEncoder: false)
            return [Phase(lesson: answers, training: training.endToEnd, before: 0)]
        case .small:
            let answers = Lesson.answers(training.loss, freezesEncoder: false)
            return [Phase(lesson: answers, training: training.endToEnd, before: 0)]
        case .neuralFilter:
            // The stem is done when the bottleneck is.
            return [
                Phase(
                    lesson: .interest, training: configuration.filter.training,
                    before: first.epochs + second.epochs)
            ]
        case .headDistillation, .autoencoder:
            return [
                Phase(
                    lesson: .features(all: false),
                    training: first.stretched(to: first.epochs + second.epochs),
                    before: 0)
            ]
        case .earlyExit: return [Phase(lesson: .exits, training: training.endToEnd, before: 0)]
        }
    }

    func lastEpoch(_ configuration: SplitComputingConfiguration) -> Int {
        phases(configuration).last.map { $0.before + $0.training.epochs } ?? 0
    }

    /// The phase of an epoch, from 1; nil after the last.
    func phase(ofEpoch epoch: Int, _ configuration: SplitComputingConfiguration) -> Phase? {
        phases(configuration).first { $0.before + 1...$0.before + $0.training.epochs ~= epoch }
    }
}

extension NetworkTrainingSpec {
    /// The same course of the learning rate over another number of epochs.
    func stretched(to epochs: Int) -> NetworkTrainingSpec {
        var training = self
        func stretched(_ count: Int) -> Int {
            max(1, Int((Double(count) * Double(epochs) / Double(self.epochs)).rounded()))
        }
        training.epochs = epochs
        switch schedule {
        case .constant: break
        case .exponential(let factor):
            let share = Double(self.epochs) / Double(epochs)
            training.schedule = .exponential(factor: ck_exp(share * ck_log(factor)))
        case .step(let every, let factor):
            training.schedule = .step(every: stretched(every), factor: factor)
        case .cosine(let rounds, let minimum):
            training.schedule = .cosine(rounds: max(2, stretched(rounds)), minimum: minimum)
        }
        return training
    }
}

extension SplitComputingConfiguration {
    /// Those of the bottleneck first, then the baselines, which have as many channels as the first, and the filter.
    package var networks: [SplitNetwork] {
        let first = bottleneck.channels[0]
        return bottleneck.channels.map { SplitNetwork(kind: .bottleneck, channels: $0) }
            + baselines.compactMap { baseline -> SplitNetwork? in
                switch baseline {
                case .local, .edgeJPEG, .edgeRaw: nil
                case .naiveCE: SplitNetwork(kind: .naive(.ce), channels: first)
                case .naiveKD: SplitNetwork(kind: .naive(.kd), channels: first)
                case .hnd: SplitNetwork(kind: .headDistillation, channels: first)
                case .autoencoder: SplitNetwork(kind: .autoencoder, channels: first)
                case .earlyExit: SplitNetwork(kind: .earlyExit, channels: 0)
                case .localSmall: SplitNetwork(kind: .small, channels: 0)
                }
            }
            + (filter.classes.isEmpty ? [] : [SplitNetwork(kind: .neuralFilter, channels: first)])
    }
}

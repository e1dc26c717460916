/// What each round of distributed inference does, counted from 1.
package struct Timetable: Sendable, Equatable {
    package enum Stage: Sendable, Equatable {
        /// An epoch of the teacher's training.
        case teacher(epoch: Int)
        /// The teacher answers all images; its filters are divided.
        case answers
        /// Images are made for them to learn from.
        case images
        /// An epoch of all networks that learn from it.
        case distillation(epoch: Int)
        /// A contender answers the test images.
        case contest(Int)
    }

    /// 0 where the teacher is loaded.
    let teacherEpochs: Int
    let makesImages: Bool
    let epochs: Int
    let contenders: Int

    package init(_ configuration: DistributedInferenceConfiguration) {
        teacherEpochs = configuration.teacher.weights == nil ? configuration.teacher.training.epochs : 0
        makesImages = configuration.distillation.images != .real
        epochs = configuration.distillation.training.epochs
        contenders = configuration.contenders.count
    }

    package var rounds: Int { lastPreparation + epochs + contenders }

    /// The round of `answers`.
    var answersRound: Int { teacherEpochs + 1 }

    /// The last round before distillation.
    private var lastPreparation: Int { answersRound + (makesImages ? 1 : 0) }

    func stage(_ round: Int) -> Stage {
        precondition(1...rounds ~= round, "round \(round) of \(rounds)")
        if round <= teacherEpochs { return .teacher(epoch: round) }
        if round == answersRound { return .answers }
        if round <= lastPreparation { return .images }
        if round <= lastPreparation + epochs { return .distillation(epoch: round - lastPreparation) }
        return .contest(round - lastPreparation - epochs - 1)
    }
}

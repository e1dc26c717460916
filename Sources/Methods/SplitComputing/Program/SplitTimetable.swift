/// What each round of split computing does, counted from 1.
package struct SplitTimetable: Sendable, Equatable {
    package enum Stage: Sendable, Equatable {
        /// An epoch of the teacher's training.
        case teacher(epoch: Int)
        /// An epoch of all divided networks that still learn.
        case training(epoch: Int)
        /// A mode answers the test images.
        case contest(Int)
    }

    /// 0 where the teacher is loaded.
    let teacherEpochs: Int
    let epochs: Int
    let modes: Int

    package init(_ configuration: SplitComputingConfiguration) {
        teacherEpochs = configuration.teacher.weights == nil ? configuration.teacher.training.epochs : 0
        epochs =
            configuration.networks.map { $0.lastEpoch(configuration) }.max() ?? 0
        modes = configuration.modes.count
    }

    package var rounds: Int { teacherEpochs + epochs + modes }

    package func stage(_ round: Int) -> Stage {
        precondition(1...rounds ~= round, "round \(round) of \(rounds)")
        if round <= teacherEpochs { return .teacher(epoch: round) }
        if round <= teacherEpochs + epochs { return .training(epoch: round - teacherEpochs) }
        return .contest(round - teacherEpochs - epochs - 1)
    }
}

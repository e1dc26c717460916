import TensorMath

/// Simulated time: who takes part in which round, from when to when, and what becomes of it.
///
/// Everything here follows from the seed, the selection and durations that are known beforehand; results of training
/// never come in. Ties go to the lower client.
package struct Timeline {
    private enum Course {
        case rounds(RoundSchedule)
        case buffered(BufferedSchedule)
    }

    package let fleet: Fleet
    private var course: Course

    package init(
        _ fleet: Fleet, spec: DevicesSpec, seed: UInt64, trace: AvailabilityTrace?, training: TrainingSpec,
        counts: [Int]
    ) {
        self.fleet = fleet
        let availability = Availability(spec.availability, seed: seed, trace: trace)
        switch spec.round {
        case .strict, .deadline:
            course = .rounds(
                RoundSchedule(
                    spec.round, availability: availability, size: training.clientsPerRound,
                    clients: counts.count))
        case .async(let buffer, let concurrency, let staleness):
            course = .buffered(
                BufferedSchedule(
                    buffer: buffer, concurrency: concurrency, maximumStaleness: staleness,
                    availability: availability, seed: seed, counts: counts))
        }
    }

    /// How many versions of the model clients may still be working on: 1 unless rounds overlap.
    package var versions: Int {
        switch course {
        case .rounds: 1
        case .buffered(let schedule): schedule.maximumStaleness + 1
        }
    }

    package mutating func next(
        round: Int, selector: Selector, demand: (Int) -> ClientDemand
    ) throws(QuorumMissed) -> RoundPlan {
        switch course {
        case .rounds(var schedule):
            defer { course = .rounds(schedule) }
            return try schedule.next(round: round, selector: selector, demand: demand)
        case .buffered(var schedule):
            defer { course = .buffered(schedule) }
            return try schedule.next(round: round, demand: demand)
        }
    }

    /// What a resumed run must know beyond what it can find out again, as whole numbers.
    package var memoryCount: Int {
        switch course {
        case .rounds(let schedule): schedule.memoryCount
        case .buffered: 0
        }
    }

    package func word(_ index: Int) -> Int64 {
        switch course {
        case .rounds(let schedule): schedule.word(index)
        case .buffered: preconditionFailure("no memory")
        }
    }

    /// Words that a round in which these clients had a part may have changed.
    package func changedWords(_ clients: [Int]) -> [Int] {
        memoryCount > 0 ? [0, 1] + clients.map { 2 + $0 } : []
    }

    /// Goes on after `round`; `memory` is what it was then.
    package mutating func resume(
        after round: Int, memory: [Int64], selector: Selector, demand: (Int) -> ClientDemand
    ) throws(QuorumMissed) {
        switch course {
        case .rounds(var schedule):
            schedule.restore(memory)
            course = .rounds(schedule)
        case .buffered(var schedule):
            // The past is quickly run through again: it depends on nothing but the seed.
            for past in stride(from: 1, through: round, by: 1) {
                _ = try schedule.next(round: past, demand: demand)
            }
            course = .buffered(schedule)
        }
    }
}

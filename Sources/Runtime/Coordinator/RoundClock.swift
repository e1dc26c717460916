import Methods
import Wire

/// Wall-clock times and traffic of each round: infrastructure, never part of a result.
struct RoundClock {
    private(set) var phase: Phase?
    private(set) var round = 0
    private(set) var total = 0
    private(set) var accuracy: Double?
    /// The rows of the rounds that steps finished: several where one had nothing to compute.
    var finishedRows: [InfrastructureRow] = []
    private let began: Instant
    private var phaseBegan: Instant = 0
    private var training: UInt64 = 0
    private var evaluation: UInt64 = 0
    private var meter = TrafficMeter()
    private var retries = 0

    init(began: Instant) { self.began = began }

    mutating func apply(
        _ step: ProgramStep, now: Instant, coordinator: (meter: TrafficMeter, retries: Int, workers: Int)
    ) {
        closePhase(now)
        for finished in step.finished {
            accuracy = finished.accuracy ?? accuracy
            finishedRows.append(infrastructureRow(finished.round, now, coordinator))
        }
        guard let next = step.phase else { return }
        phase = next
        phaseBegan = now
        total = step.tasks.count
        switch next {
        case .training(let round), .evaluating(let round): self.round = round
        }
    }

    private mutating func closePhase(_ now: Instant) {
        switch phase {
        case .training: training += now - phaseBegan
        case .evaluating: evaluation += now - phaseBegan
        case nil: break
        }
        phaseBegan = now
    }

    private mutating func infrastructureRow(
        _ round: Int, _ now: Instant, _ coordinator: (meter: TrafficMeter, retries: Int, workers: Int)
    ) -> InfrastructureRow {
        let (meter, retries) = (coordinator.meter, coordinator.retries)
        defer {
            training = 0
            evaluation = 0
            self.meter = meter
            self.retries = retries
        }
        return InfrastructureRow(
            round: round, trainingSeconds: seconds(training), evaluationSeconds: seconds(evaluation),
            wallSeconds: seconds(now - min(began, now)),
            wireInBytes: meter.received.total - self.meter.received.total,
            wireOutBytes: meter.sent.total - self.meter.sent.total,
            simulationBytes: meter.received.simulation + meter.sent.simulation
                - min(
                    self.meter.received.simulation + self.meter.sent.simulation,
                    meter.received.simulation + meter.sent.simulation),
            retries: retries - self.retries, workers: coordinator.workers)
    }

    private func seconds(_ nanoseconds: UInt64) -> Double { Double(nanoseconds) / 1e9 }
}

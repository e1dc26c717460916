import Methods
import TensorMath

/// Decides when finished rounds are made durable: by interval, one at a time, and always the last.
struct Durability {
    private var rows: [Row] = []
    private var snapshot: Snapshot?
    private var inFlight: Int?
    private var lastRequest: Instant?
    private(set) var committed: Int
    private var interrupted = false
    private var outcome: Outcome?
    /// Why the run ends before its last round, once the rounds before are durable.
    private var quorumMissed: String?

    /// `committed`: the round that is durable already.
    init(committed: Int) { self.committed = committed }

    /// The rounds from which this run may have to be resumed: the durable one, the one on its way to the disk and the
    /// one that waits.
    var pins: [Int] { [committed] + [inFlight, snapshot?.round].compactMap(\.self) }

    /// Keeps the rows of a finished round until the next point. After an interruption nothing is added: rounds that are
    /// shorter than a point takes would put the end off again and again.
    mutating func append(_ step: ProgramStep, infrastructure: [InfrastructureRow]) {
        guard !interrupted else { return }
        rows += step.rows
        rows += infrastructure.map { .infrastructure($0) }
        if let snapshot = step.snapshot { self.snapshot = snapshot }
        if let outcome = step.outcome { self.outcome = outcome }
        if let missed = step.quorumMissed { quorumMissed = missed }
    }

    mutating func interrupt() { interrupted = true }

    mutating func persisted(round: Int) {
        committed = max(committed, round)
        if inFlight == round { inFlight = nil }
    }

    /// The next request, if one is due: nothing is in flight, and the interval has passed or the run is over.
    mutating func due(now: Instant, interval: UInt64, fingerprint: ObjectID?) -> DurabilityRequest? {
        guard inFlight == nil, let snapshot else { return nil }
        let elapsed = lastRequest.map { now - $0 >= interval } ?? true
        guard elapsed || snapshot.final || interrupted || quorumMissed != nil else { return nil }
        defer {
            rows = []
            self.snapshot = nil
        }
        inFlight = snapshot.round
        lastRequest = now
        return DurabilityRequest(rows: rows, snapshot: snapshot, fingerprint: fingerprint)
    }

    /// Set when nothing is left to be written and the run is over or was interrupted.
    var end: RunEnd? {
        guard inFlight == nil, snapshot == nil else { return nil }
        if let outcome { return .completed(outcome) }
        if let quorumMissed { return .quorumMissed(quorumMissed) }
        return interrupted ? .interrupted(round: committed) : nil
    }
}

import TensorMath

/// Rounds that overlap: `concurrency` clients work at any time, each on the model that was newest at its start; whenever
/// `buffer` of them have sent updates, the model moves on (Nguyen et al. 2022, algorithm 1).
///
/// A client has at most one part in a round, so one whose part ended waits for the next before it may be drawn again.
struct BufferedSchedule {
    private let buffer: Int
    private let concurrency: Int
    let maximumStaleness: Int
    private var availability: Availability
    private let seed: UInt64
    /// Clients that hold samples.
    private let eligible: [Int]
    private var now: Nanoseconds = 0
    private var flying: [RoundPlan.Part] = []
    /// Clients that work, or had a part in the round that goes on.
    private var taken: Set<Int> = []
    private var starts: UInt32 = 0

    init(
        buffer: Int, concurrency: Int, maximumStaleness: Int, availability: Availability, seed: UInt64,
        counts: [Int]
    ) {
        self.buffer = buffer
        self.concurrency = concurrency
        self.maximumStaleness = maximumStaleness
        self.availability = availability
        self.seed = seed
        eligible = counts.indices.filter { counts[$0] > 0 }
    }

    mutating func next(round: Int, demand: (Int) -> ClientDemand) throws(QuorumMissed) -> RoundPlan {
        guard now < .horizon else { throw .timeIsOver(round: round) }
        let begun = now
        var ended: [RoundPlan.Part] = []
        var accepted = 0
        while true {
            fill(round: round, demand: demand)
            guard let place = flying.indices.min(by: { Self.isBefore(flying[$0], flying[$1]) }) else {
                // Nobody works. Time passes until somebody is there; if that never happens, because every client had
                // its part, the round ends with fewer updates.
                do throws(QuorumMissed) { try wait(round: round) } catch {
                    guard accepted > 0 else { throw error }
                    break
                }
                continue
            }
            var part = flying.remove(at: place)
            now = part.passage.end
            part.staleness = round - 1 - part.base
            if part.fate == .accepted && part.staleness > maximumStaleness { part.fate = .stale }
            ended.append(part)
            guard part.fate == .accepted else { continue }
            accepted += 1
            if accepted == buffer { break }
        }
        for part in ended { taken.remove(part.client) }
        return RoundPlan(start: begun, end: now, parts: ended)
    }

    private static func isBefore(_ one: RoundPlan.Part, _ other: RoundPlan.Part) -> Bool {
        (one.passage.end, one.client) < (other.passage.end, other.client)
    }

    /// Starts clients until enough of them work, or none is left that may.
    private mutating func fill(round: Int, demand: (Int) -> ClientDemand) {
        while flying.count < concurrency, let client = draw() {
            taken.insert(client)
            flying.append(
                availability.part(of: client, demand(client), from: now, draw: starts, base: round - 1))
        }
    }

    /// Any client that is there and idle, every one alike; nil if there is none.
    private mutating func draw() -> Int? {
        starts += 1
        var stream = RandomStream(RandomKey(seed: seed, purpose: .selection, participation: starts))
        for _ in 0..<32 {
            let client = eligible[stream.index(below: eligible.count)]
            if mayStart(client) { return client }
        }
        let idle = eligible.filter { mayStart($0) }
        return idle.isEmpty ? nil : idle[stream.index(below: idle.count)]
    }

    private mutating func mayStart(_ client: Int) -> Bool {
        !taken.contains(client) && availability.state(of: client, at: now).isOn
    }

    private mutating func wait(round: Int) throws(QuorumMissed) {
        var change = Nanoseconds.max
        for client in eligible where !taken.contains(client) {
            let state = availability.state(of: client, at: now)
            if !state.isOn, let until = state.until { change = min(change, until) }
        }
        guard change < .horizon else {
            throw QuorumMissed(
                text: "round \(round): every client had its part and none sent an update; "
                    + "lower devices.availability.dropout")
        }
        now = change
    }
}

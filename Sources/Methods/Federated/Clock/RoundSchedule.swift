/// Rounds that follow each other, with a deadline or without.
struct RoundSchedule {
    /// Rounds in a row that may end with too few updates.
    private static let patience = 10
    /// Changes of availability that a round waits for.
    private static let waits = 1_000_000

    private let policy: RoundPolicy
    private var availability: Availability
    private let size: Int
    private var now: Nanoseconds = 0
    /// When a client's part that outlasted its round is done; past moments mean nothing.
    private var busyUntil: [Nanoseconds]
    /// The latest of them.
    private var lastBusy: Nanoseconds = 0
    private var missed = 0

    init(_ policy: RoundPolicy, availability: Availability, size: Int, clients: Int) {
        self.policy = policy
        self.availability = availability
        self.size = size
        busyUntil = .init(repeating: 0, count: clients)
    }

    private var minimum: Int {
        switch policy {
        case .strict(let minimum), .deadline(_, _, let minimum): minimum
        case .async: preconditionFailure("rounds that overlap")
        }
    }

    /// Nanoseconds of a round at most, and clients drawn.
    private var bounds: (limit: Nanoseconds?, drawn: Int) {
        guard case .deadline(let seconds, let factor, _) = policy else { return (nil, size) }
        return (Int64(billionths: seconds), RoundPolicy.drawn(size, overSelection: factor))
    }

    mutating func next(
        round: Int, selector: Selector, demand: (Int) -> ClientDemand
    ) throws(QuorumMissed) -> RoundPlan {
        guard now < .horizon else { throw .timeIsOver(round: round) }
        let (limit, drawn) = bounds
        let begun = now
        let cohort = try cohort(round: round, selector: selector, drawn: drawn) { demand($0).total }
        let start = now
        let demands = cohort.map(demand)
        var parts = zip(cohort, demands).map { client, demand in
            availability.part(
                of: client, demand, from: now, draw: UInt32(round), base: round - 1)
        }
        let finished = parts.indices.filter { parts[$0].isFinished }.sorted {
            (parts[$0].passage.end, parts[$0].client) < (parts[$1].passage.end, parts[$1].client)
        }
        let inTime = finished.filter { limit == nil || parts[$0].passage.end - start <= limit! }
        let counted = Array(inTime.prefix(size))
        let last = parts.map(\.passage.end).max() ?? start
        let end: Nanoseconds
        if counted.count == size, limit != nil {
            end = parts[counted[size - 1]].passage.end
        } else if let limit, last - start > limit {
            end = start + limit
        } else {
            end = last
        }
        let isEnough = counted.count >= max(minimum, 1)
        for (place, index) in finished.enumerated() {
            if place < counted.count {
                parts[index].fate = isEnough ? .accepted : .abandoned
                parts[index].passage = parts[index].passage.waiting(
                    until: end, idleWatts: demands[index].idleWatts)
            } else {
                parts[index].fate = place < inTime.count ? .surplus : .late
            }
        }
        for part in parts where part.passage.end > end {
            busyUntil[part.client] = part.passage.end
            lastBusy = max(lastBusy, part.passage.end)
        }
        missed = isEnough ? 0 : missed + 1
        guard missed < Self.patience else {
            throw QuorumMissed(
                text:
                    "rounds \(round - missed + 1) to \(round) had fewer than \(minimum) updates, the last \(counted.count); "
                    + remedy)
        }
        now = end
        return RoundPlan(start: begun, end: end, parts: parts)
    }

    private var remedy: String {
        bounds.limit != nil
            ? "raise devices.round.seconds or over_selection, or lower devices.round.minimum"
            : "lower devices.availability.dropout or devices.round.minimum"
    }

    /// Clients for a round that starts when enough of them are there.
    private mutating func cohort(
        round: Int, selector: Selector, drawn: Int, duration: (Int) -> Nanoseconds
    ) throws(QuorumMissed) -> [Int] {
        if availability.isConstant && lastBusy <= now {
            return selector.cohort(round: round, size: drawn, duration: duration)
        }
        // Most of the time enough of the first that are drawn are there, and nobody has to ask all others.
        if let cohort = selector.sample(round: round, size: drawn, isThere: { isThere($0) }) { return cohort }
        for _ in 0..<Self.waits {
            let there = selector.eligible.filter { isThere($0) }
            if there.count >= max(minimum, 1) {
                let set = Set(there)
                return selector.cohort(round: round, size: min(drawn, there.count), duration: duration) {
                    set.contains($0)
                }
            }
            guard let change = nextChange(selector.eligible), change < .horizon else { break }
            now = change
        }
        throw QuorumMissed(
            text: "round \(round): fewer than \(max(minimum, 1)) clients are ever there together; "
                + "lower devices.round.minimum or make clients available more often")
    }

    private mutating func isThere(_ client: Int) -> Bool {
        busyUntil[client] <= now && availability.state(of: client, at: now).isOn
    }

    /// The next moment at which a client that is not there may be; nil if that never happens.
    private mutating func nextChange(_ clients: [Int]) -> Nanoseconds? {
        var change: Nanoseconds?
        for client in clients {
            let state = availability.state(of: client, at: now)
            let next = busyUntil[client] > now ? busyUntil[client] : state.isOn ? nil : state.until
            if let next { change = min(change ?? next, next) }
        }
        return change
    }

    // MARK: - Memory

    /// Words of memory: now, the rounds missed in a row, and for each client when it is done.
    var memoryCount: Int { 2 + busyUntil.count }

    func word(_ index: Int) -> Int64 { index == 0 ? now : index == 1 ? Int64(missed) : busyUntil[index - 2] }

    mutating func restore(_ words: [Int64]) {
        precondition(words.count == memoryCount, "a memory of other clients")
        (now, missed) = (words[0], Int(words[1]))
        busyUntil = Array(words[2...])
        lastBusy = busyUntil.max() ?? 0
    }
}

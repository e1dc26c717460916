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
    /// When clients that were late are done; those that are not here are idle.
    private var busy: [Int: Nanoseconds] = [:]
    private let clients: Int
    private var missed = 0

    init(_ policy: RoundPolicy, availability: Availability, size: Int, clients: Int) {
        self.policy = policy
        self.availability = availability
        self.size = size
        self.clients = clients
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
        return (Int64(billionths: seconds), Int((factor * Double(size)).rounded(.up)))
    }

    mutating func next(
        round: Int, selector: Selector, demand: (Int) -> ClientDemand
    ) throws(QuorumMissed) -> RoundPlan {
        let (limit, drawn) = bounds
        let cohort = try cohort(round: round, selector: selector, drawn: drawn)
        let start = now
        let demands = cohort.map(demand)
        var parts = zip(cohort, demands).map { client, demand in
            part(client, demand, round: round)
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
        for part in parts where part.passage.end > end { busy[part.client] = part.passage.end }
        missed = isEnough ? 0 : missed + 1
        guard missed < Self.patience else {
            throw QuorumMissed(
                text:
                    "rounds \(round - missed + 1) to \(round) had fewer than \(minimum) updates, the last \(counted.count); "
                    + "raise devices.round.seconds or over_selection, or lower devices.round.minimum")
        }
        now = end
        return RoundPlan(start: start, end: end, parts: parts)
    }

    /// Clients for a round that starts when enough of them are there.
    private mutating func cohort(round: Int, selector: Selector, drawn: Int) throws(QuorumMissed) -> [Int] {
        if availability.isConstant && busy.isEmpty { return selector.cohort(round: round, size: drawn) }
        for _ in 0..<Self.waits {
            busy = busy.filter { $0.value > now }
            var there = [Bool](repeating: false, count: clients)
            var (count, change) = (0, Nanoseconds.max)
            for client in selector.eligible {
                if let until = busy[client] {
                    change = min(change, until)
                    continue
                }
                let (isOn, until) = availability.state(of: client, at: now)
                if isOn {
                    there[client] = true
                    count += 1
                } else if let until {
                    change = min(change, until)
                }
            }
            if count >= max(minimum, 1) {
                return selector.cohort(round: round, size: min(drawn, count)) { there[$0] }
            }
            guard change < .max else { break }
            now = max(change, now + 1)
        }
        throw QuorumMissed(
            text: "round \(round): fewer than \(max(minimum, 1)) clients are ever there together; "
                + "lower devices.round.minimum or make clients available more often")
    }

    private mutating func part(_ client: Int, _ demand: ClientDemand, round: Int) -> RoundPlan.Part {
        var cut: Nanoseconds?
        if let share = availability.dropout(client, draw: UInt32(round)) {
            cut = Int64((Double(demand.total) * share).rounded(.down))
        }
        let (_, until) = availability.state(of: client, at: now)
        if let until, until - now < demand.total { cut = min(cut ?? .max, until - now) }
        return RoundPlan.Part(
            client: client, fate: cut == nil ? .accepted : .dropped,
            passage: ClientPassage(demand, from: now, cut: cut), base: round - 1)
    }

    // MARK: - Memory

    /// Now, the rounds missed in a row, and for each client when it is done, or 0.
    var memory: [Int64] {
        var words = [now, Int64(missed)] + [Int64](repeating: 0, count: clients)
        for (client, until) in busy { words[2 + client] = until }
        return words
    }

    mutating func restore(_ words: [Int64]) {
        precondition(words.count == 2 + clients, "a memory of other clients")
        (now, missed) = (words[0], Int(words[1]))
        busy = [:]
        for client in 0..<clients where words[2 + client] > 0 { busy[client] = words[2 + client] }
    }
}

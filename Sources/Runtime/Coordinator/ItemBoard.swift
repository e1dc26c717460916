import Methods

/// The items of one stream: which are due, which are under way with its lessee, which were answered or lost.
struct ItemBoard {
    private struct Sending {
        let first: Instant
        var last: Instant
    }

    let stream: StreamSpec
    /// Items that were neither answered nor lost.
    private(set) var open: Int
    /// Leases that ended with items under way, since the last answer or loss.
    private(set) var vainLeases = 0
    private var settled: [Bool]
    private var underWay: [Int: Sending] = [:]
    /// No item below it is due.
    private var cursor = 1
    /// The greatest item that was ever sent: what is sent up to it is a repetition.
    private var greatest = 0
    private var lastSettled: Instant = 0

    init(_ stream: StreamSpec) {
        self.stream = stream
        open = stream.items
        settled = .init(repeating: false, count: stream.items)
    }

    /// The next item to be sent where `window` may be under way; nil for none.
    mutating func next(window: Int) -> Int? {
        guard underWay.count < window else { return nil }
        while cursor <= stream.items && (settled[cursor - 1] || underWay[cursor] != nil) { cursor += 1 }
        return cursor <= stream.items ? cursor : nil
    }

    /// Takes note that `item` was sent; whether it never was before.
    mutating func send(_ item: Int, at now: Instant) -> Bool {
        underWay[item] = Sending(first: underWay[item]?.first ?? now, last: now)
        defer { greatest = max(greatest, item) }
        return item > greatest
    }

    func isUnderWay(_ item: Int) -> Bool { underWay[item] != nil }

    /// An item that was under way was answered.
    mutating func answer(_ item: Int, at now: Instant) {
        underWay[item] = nil
        settle(item)
        lastSettled = now
    }

    /// The items that were under way will never be answered; these, in order.
    mutating func lose() -> [Int] {
        let lost = underWay.keys.sorted()
        underWay = [:]
        for item in lost { settle(item) }
        return lost
    }

    /// The lease is over: what was under way is due again.
    mutating func interrupt() {
        if !underWay.isEmpty { vainLeases += 1 }
        underWay = [:]
        cursor = 1
    }

    private mutating func settle(_ item: Int) {
        precondition(!settled[item - 1])
        settled[item - 1] = true
        open -= 1
        vainLeases = 0
    }

    /// Whether an item has been under way, and none was answered, for longer than `limit` nanoseconds.
    func isStuck(now: Instant, limit: UInt64) -> Bool {
        guard let oldest = underWay.values.map(\.first).min() else { return false }
        return now - max(oldest, lastSettled) > limit
    }

    /// Items to be sent again, in order: none was answered for `limit` nanoseconds.
    func unanswered(now: Instant, limit: UInt64) -> [Int] {
        guard now - lastSettled > limit else { return [] }
        return underWay.filter { now - $0.value.last > limit }.keys.sorted()
    }
}

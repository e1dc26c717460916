/// What happens in one round in simulated time, known before anything is computed.
package struct RoundPlan: Sendable {
    /// A client's part.
    package struct Part: Sendable {
        package let client: Int
        package var fate: ClientFate
        package var passage: ClientPassage
        /// The version of the model that it started from: that after round `base`; 0 is the initial one.
        package let base: Int
        /// Rounds that ended between its start and its end.
        package var staleness = 0

        /// Whether the client went its whole way: then it keeps what it learnt, whatever becomes of its update.
        package var isFinished: Bool { fate != .dropped }
    }

    /// The end of the round before: waiting until enough clients are there belongs to a round.
    package let start: Nanoseconds
    package let end: Nanoseconds
    /// In the order drawn (async: of their ends).
    package let parts: [Part]

    package var accepted: [Part] { parts.filter { $0.fate == .accepted } }
}

/// Fewer clients than a round needs are there, and it does not get better.
package struct QuorumMissed: Error, Sendable, Equatable {
    package let text: String

    static func timeIsOver(round: Int) -> QuorumMissed {
        QuorumMissed(
            text:
                "round \(round): thirty years of simulated time are over; use faster devices and links, or lower the times of "
                + "devices.availability")
    }
}

extension Availability {
    /// A client's part that starts at `start`: its whole way, or until it leaves or is away. `draw` numbers the chances
    /// that it leaves.
    mutating func part(
        of client: Int, _ demand: ClientDemand, from start: Nanoseconds, draw: UInt32, base: Int
    ) -> RoundPlan.Part {
        var cut: Nanoseconds?
        if let share = dropout(client, draw: draw) {
            cut = Int64((Double(demand.total) * share).rounded(.down))
        }
        if let until = state(of: client, at: start).until, until - start < demand.total {
            cut = min(cut ?? .max, until - start)
        }
        return RoundPlan.Part(
            client: client, fate: cut == nil ? .accepted : .dropped,
            passage: ClientPassage(demand, from: start, cut: cut), base: base)
    }
}

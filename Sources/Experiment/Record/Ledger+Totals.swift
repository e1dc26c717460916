import Devices
import GRDB
import Methods

/// Federated bytes of one direction, kind, part and segment over all rounds.
public struct TrafficTotal: Sendable, Equatable {
    public var direction: TrafficRow.Direction
    public var kind: String
    public var part: TrafficRow.Part
    public var segment: String
    /// Transfers: clients, summed over rounds.
    public var transfers: Int
    public var bytes: UInt64

    public init(
        direction: TrafficRow.Direction, kind: String, part: TrafficRow.Part, segment: String, transfers: Int,
        bytes: UInt64
    ) {
        self.direction = direction
        self.kind = kind
        self.part = part
        self.segment = segment
        self.transfers = transfers
        self.bytes = bytes
    }
}

/// Federated bytes of one round, direction and part, over clients and segments.
public struct RoundTraffic: Sendable, Equatable {
    public var round: Int
    public var direction: TrafficRow.Direction
    public var part: TrafficRow.Part
    public var bytes: UInt64

    public init(round: Int, direction: TrafficRow.Direction, part: TrafficRow.Part, bytes: UInt64) {
        self.round = round
        self.direction = direction
        self.part = part
        self.bytes = bytes
    }
}

/// What one client exchanged over the rounds in which it took part.
public struct ClientTraffic: Sendable, Equatable {
    public var client: Int
    /// In which it took part; at least one.
    public var rounds: Int
    public var upPayloadBytes: UInt64
    public var upOverheadBytes: UInt64
    public var downPayloadBytes: UInt64
    public var downOverheadBytes: UInt64

    public init(
        client: Int, rounds: Int, upPayloadBytes: UInt64, upOverheadBytes: UInt64, downPayloadBytes: UInt64,
        downOverheadBytes: UInt64
    ) {
        self.client = client
        self.rounds = rounds
        self.upPayloadBytes = upPayloadBytes
        self.upOverheadBytes = upOverheadBytes
        self.downPayloadBytes = downPayloadBytes
        self.downOverheadBytes = downOverheadBytes
    }
}

/// What simulated attackers sent, or all other clients.
public struct UpdateTotal: Sendable, Equatable {
    public var areAttackers: Bool
    /// Who took part, whatever became of it.
    public var clients: Int
    /// That count.
    public var updates: Int
    /// Mean over them of what the aggregation rule took of each, from 0 to 1; nil where it chooses value by value.
    public var meanFactor: Double?

    public init(areAttackers: Bool, clients: Int, updates: Int, meanFactor: Double?) {
        self.areAttackers = areAttackers
        self.clients = clients
        self.updates = updates
        self.meanFactor = meanFactor
    }
}

/// Sums that the database makes, so that the rows of a long run need not be in memory.
extension Ledger {
    /// Traffic summed over rounds by the database, in the order of direction, kind, part and segment.
    public func trafficTotals() throws(LedgerError) -> [TrafficTotal] {
        try Self.guarded(file) {
            try queue.read { db in
                let columns = TrafficTable.columns
                let rows = try GRDB.Row.fetchAll(
                    db,
                    sql: """
                        SELECT max(round), direction, kind, part, segment, sum(clients), sum(bytes) FROM traffic
                        GROUP BY direction, kind, part, segment ORDER BY direction, kind, part, segment
                        """)
                return try rows.map { row in
                    let sum = TrafficTable.row(
                        try columns.indices.map { try LedgerValue(row, $0, columns[$0]) })
                    return TrafficTotal(
                        direction: sum.direction, kind: sum.kind, part: sum.part, segment: sum.segment,
                        transfers: sum.clients, bytes: sum.bytes)
                }
            }
        }
    }

    /// In the order of rounds, directions and parts.
    public func roundTraffic() throws(LedgerError) -> [RoundTraffic] {
        try rows(
            """
            SELECT round, direction, part, sum(bytes) FROM traffic
            GROUP BY round, direction, part ORDER BY round, direction, part
            """
        ) { row in
            RoundTraffic(
                round: try LedgerChain.int(row, 0),
                direction: .init(rawValue: try LedgerChain.text(row, 1)) ?? .up,
                part: .init(rawValue: try LedgerChain.text(row, 2)) ?? .payload,
                bytes: UInt64(max(0, try LedgerChain.int(row, 3))))
        }
    }

    /// In the order of clients; those that never took part are not there.
    public func clientTraffic() throws(LedgerError) -> [ClientTraffic] {
        try rows(
            """
            SELECT client, count(*), sum(up_payload_bytes), sum(up_overhead_bytes), sum(down_payload_bytes),
                sum(down_overhead_bytes) FROM clients GROUP BY client ORDER BY client
            """
        ) { row in
            func bytes(_ index: Int) throws -> UInt64 { UInt64(max(0, try LedgerChain.int(row, index))) }
            return ClientTraffic(
                client: try LedgerChain.int(row, 0), rounds: try LedgerChain.int(row, 1),
                upPayloadBytes: try bytes(2), upOverheadBytes: try bytes(3), downPayloadBytes: try bytes(4),
                downOverheadBytes: try bytes(5))
        }
    }

    /// Honest clients' first; those who never took part are left out.
    public func updateTotals() throws(LedgerError) -> [UpdateTotal] {
        try rows(
            """
            SELECT attacker, count(DISTINCT client), sum(fate = 'accepted' AND update_digest <> ''),
                avg(aggregation_factor) FROM clients GROUP BY attacker ORDER BY attacker
            """
        ) { row in
            UpdateTotal(
                areAttackers: try LedgerChain.int(row, 0) == 1, clients: try LedgerChain.int(row, 1),
                updates: try LedgerChain.int(row, 2), meanFactor: row[3] as Double?)
        }
    }

    /// The work of all clients in all rounds.
    public func trainingWork() throws(LedgerError) -> Work {
        let names =
            ["forward_samples", "backward_samples"] + LayerKind.allCases.map { "\($0.rawValue)_macs" }
        let sums = names.map { "coalesce(sum(\($0)), 0)" }.joined(separator: ", ")
        let counts = try rows("SELECT \(sums) FROM clients") { row in
            try names.indices.map { UInt64(max(0, try LedgerChain.int(row, $0))) }
        }
        return Work(
            macs: Array(counts[0].dropFirst(2)), forwardSamples: counts[0][0], backwardSamples: counts[0][1])
    }

    private func rows<Element>(
        _ sql: String, _ element: (GRDB.Row) throws -> Element
    ) throws(LedgerError) -> [Element] {
        try Self.guarded(file) {
            try queue.read { db in try GRDB.Row.fetchAll(db, sql: sql).map(element) }
        }
    }
}

import GRDB
import Methods

/// Parts of clients with one device, link and fate, over all rounds.
public struct DeviceTotal: Sendable, Equatable {
    public var device: String
    public var link: String
    public var fate: ClientFate
    public var parts: Int
    /// Different clients among them.
    public var clients: Int
    public var downloadSeconds: Double
    public var computeSeconds: Double
    public var uploadSeconds: Double
    public var waitingSeconds: Double
    public var computeJoules: Double
    public var radioJoules: Double
    public var idleJoules: Double

    public var joules: Double { computeJoules + radioJoules + idleJoules }
}

extension Ledger {
    private static let sums = [
        "download_seconds", "compute_seconds", "upload_seconds", "waiting_seconds", "compute_joules",
        "radio_joules", "idle_joules",
    ]

    /// In the order of devices, links and fates; empty without devices.
    public func deviceTotals() throws(LedgerError) -> [DeviceTotal] {
        try Self.guarded(file) {
            try queue.read { db in
                let sums = Self.sums.map { "coalesce(sum(\($0)), 0)" }.joined(separator: ", ")
                let rows = try GRDB.Row.fetchAll(
                    db,
                    sql: """
                        SELECT device, link, fate, count(*), count(DISTINCT client), \(sums) FROM clients
                        WHERE start_seconds IS NOT NULL GROUP BY device, link, fate ORDER BY device, link, fate
                        """)
                return try rows.map { row in
                    let values = (5..<12).map { Double.fromDatabaseValue(row[$0]) ?? 0 }
                    return DeviceTotal(
                        device: try LedgerChain.text(row, 0), link: try LedgerChain.text(row, 1),
                        fate: ClientFate(rawValue: try LedgerChain.text(row, 2)) ?? .accepted,
                        parts: try LedgerChain.int(row, 3), clients: try LedgerChain.int(row, 4),
                        downloadSeconds: values[0], computeSeconds: values[1], uploadSeconds: values[2],
                        waitingSeconds: values[3], computeJoules: values[4], radioJoules: values[5],
                        idleJoules: values[6])
                }
            }
        }
    }

    /// The clients of one round, in their order.
    public func clients(round: Int) throws(LedgerError) -> [ClientRow] {
        var found: [ClientRow] = []
        try forEach(ClientTable.self, where: "round = \(round)") { found.append(ClientTable.row($0)) }
        return found
    }
}

import Devices
import Methods

/// Why something that a run left behind could not be brought from one form to another.
public enum RecordError: Error, Sendable, Equatable, CustomStringConvertible {
    case ledger(LedgerError)
    case directory(RunDirectoryError)
    case profile(ProfileError)

    public var description: String {
        switch self {
        case .ledger(let error): error.description
        case .directory(let error): error.description
        case .profile(let error): error.description
        }
    }
}

/// The ledger's tables as CSV: one observation a row, units in the names of the columns, an empty cell where nothing
/// was measured, numbers as the shortest decimals that give them back, lines ended by `\n`. Equal ledgers give equal
/// bytes.
extension RunDirectory {
    /// Writes the tables of an experiment, each in one step; `Scenario.Kind.tableFiles` names them.
    public func exportCSV(from ledger: Ledger, of kind: Scenario.Kind) throws(RecordError) {
        switch kind {
        case .federated: try exportFederated(from: ledger)
        case .distributedInference(let configuration):
            try exportDistributedInference(from: ledger)
            try exportPartitions(from: ledger, configuration)
        case .splitComputing(let configuration): try exportSplitComputing(from: ledger, configuration)
        }
        try export(Name.infrastructure, InfrastructureTable.self, from: ledger)
    }

    private func exportFederated(from ledger: Ledger) throws(RecordError) {
        try export(Name.rounds, RoundTable.self, from: ledger)
        try export(Name.clients, ClientTable.self, from: ledger, columns: ClientTable.plainColumns)
        try export(Name.traffic, TrafficTable.self, from: ledger)
        try exportLocalTests(from: ledger)
        try exportCosts(from: ledger)
    }

    private func exportDistributedInference(from ledger: Ledger) throws(RecordError) {
        try export(Name.training, EpochTable.self, from: ledger)
        try export(Name.contenders, ContenderTable.self, from: ledger)
        try export(Name.nodes, NodeTable.self, from: ledger)
        try export(Name.transfers, TransferTable.self, from: ledger)
        try export(Name.lostStudents, SubsetTable.self, from: ledger)
        try export(Name.filters, FilterTable.self, from: ledger)
        try export(Name.classActivity, ActivityTable.self, from: ledger)
    }

    func export(
        _ name: String, _ table: any LedgerTable.Type, from ledger: Ledger, columns: Int? = nil
    ) throws(RecordError) {
        let width = columns ?? table.columns.count
        try export(name, header: table.columns.prefix(width).map(\.name)) { file throws(LedgerError) in
            try ledger.forEach(table) { file.write(csvLine($0.prefix(width).map(\.cell))) }
        }
    }

    /// The accuracy of every client over time, on its own held-out samples.
    private func exportLocalTests(from ledger: Ledger) throws(RecordError) {
        let header = LocalTestTable.columns.map(\.name) + ["accuracy"]
        try export(Name.localTest, header: header) { file throws(LedgerError) in
            try ledger.forEach(LocalTestTable.self) { values in
                let row = LocalTestTable.row(values)
                let accuracy = Double(row.correct) / Double(row.samples)
                file.write(csvLine(values.map(\.cell) + [shortest(accuracy)]))
            }
        }
    }

    /// The work of every client in every round, by layer kind; kinds without work are left out.
    private func exportCosts(from ledger: Ledger) throws(RecordError) {
        try export(Name.costs, header: ["round", "client", "layer_kind", "macs"]) {
            file throws(LedgerError) in
            try ledger.forEachClient { row in
                for (kind, macs) in zip(LayerKind.allCases, row.work.macs) where macs > 0 {
                    file.write(csvLine([String(row.round), String(row.client), kind.rawValue, String(macs)]))
                }
            }
        }
    }

    func export(
        _ name: String, header: [String], _ body: (AtomicFile) throws(LedgerError) -> Void
    ) throws(RecordError) {
        let file: AtomicFile
        do throws(RunDirectoryError) { file = try AtomicFile(at: path(of: name)) } catch {
            throw .directory(error)
        }
        file.write(csvLine(header))
        do throws(LedgerError) { try body(file) } catch { throw .ledger(error) }
        do throws(RunDirectoryError) { try file.commit() } catch { throw .directory(error) }
    }
}

/// A line of a CSV, with its end. Cells with commas, quotes or line ends are quoted (RFC 4180).
public func csvLine(_ cells: [String]) -> String {
    let quoted = cells.map { cell in
        let isPlain = cell.utf8.allSatisfy { $0 != 0x22 && $0 != 0x2C && $0 != 0x0A && $0 != 0x0D }
        return isPlain ? cell : "\"" + cell.replacing("\"", with: "\"\"") + "\""
    }
    return quoted.joined(separator: ",") + "\n"
}

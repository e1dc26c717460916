import Devices

/// A table of measurements that cannot be used.
public struct MeasurementError: Error, Sendable, Equatable, CustomStringConvertible {
    public var file: String
    /// From 1, the header's is 1; nil for the whole table.
    public var line: Int?
    public var value: String?
    public var message: String
    public var remedy: String

    public var description: String {
        "\(file)\(line.map { ":\($0)" } ?? ""): \(value.map { Fault.shown($0) + " " } ?? "")\(message); \(remedy)"
    }
}

/// Measured times of networks: a CSV in one of two forms.
///
/// - Cells of NAS-Bench-201, one a row: `edge0` to `edge5` with their operations, and a column of milliseconds for
///   each device, named after it, with or without `_ms`.
/// - Well-known networks, one a row: `board`, `processor`, `threads`, `network`, `precision`, `min_ms`.
public struct MeasurementTable: Sendable {
    /// One measured network.
    public struct Row: Sendable, Equatable {
        public var line: Int
        /// In the zoo, or as the table has it where the zoo does not.
        public var network: String
        public var seconds: Double

        public init(line: Int, network: String, seconds: Double) {
            self.line = line
            self.network = network
            self.seconds = seconds
        }
    }

    public enum Form: Sendable, Equatable { case cells, boards }

    public let file: String
    public let form: Form
    private let header: [String]
    private let rows: [(line: Int, cells: [String])]

    private static let edges = (0..<6).map { "edge\($0)" }
    private static let boardColumns = ["board", "processor", "threads", "network", "precision", "min_ms"]

    public init(text: String, file: String) throws(MeasurementError) {
        var lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }.map { line in
            line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        while lines.last?.joined() == "" { lines.removeLast() }
        header = lines.first ?? []
        self.file = file
        if Self.edges.allSatisfy(header.contains) {
            form = .cells
        } else if Self.boardColumns.allSatisfy(header.contains) {
            form = .boards
        } else {
            throw MeasurementError(
                file: file, line: 1, message: "has neither the columns edge0 to edge5 nor those of boards",
                remedy: "write \(Self.boardColumns.joined(separator: ","))")
        }
        guard lines.count > 1 else {
            throw MeasurementError(file: file, message: "has no measurements", remedy: "give it rows")
        }
        rows = lines.enumerated().dropFirst().map { (line: $0.offset + 1, cells: $0.element) }
        for row in rows where row.cells.count != header.count {
            throw MeasurementError(
                file: file, line: row.line, message: "has \(row.cells.count) cells",
                remedy: "give \(header.count), as in the header")
        }
    }

    /// Devices that `device` may name: columns without `_ms`, or boards with processor and threads.
    public var devices: [String] {
        switch form {
        case .cells:
            return header.filter { !Self.edges.contains($0) }.map {
                $0.hasSuffix("_ms") ? String($0.dropLast(3)) : $0
            }
        case .boards:
            var seen: Set<String> = []
            return rows.map { board($0.cells).name }.filter { seen.insert($0).inserted }
        }
    }

    /// The device as the table names it. A board's name alone is its processor `cpu` with the most threads, with a
    /// processor alone the most threads of that.
    public func device(_ name: String) throws(MeasurementError) -> String {
        let devices = devices
        switch form {
        case .cells:
            let bare = name.hasSuffix("_ms") ? String(name.dropLast(3)) : name
            if devices.contains(bare) { return bare }
        case .boards:
            if devices.contains(name) { return name }
            let parts = name.split(separator: "/").map(String.init)
            let fitting = rows.map { board($0.cells) }.filter { board in
                parts.first == board.board && (parts.count < 2 || parts[1] == board.processor)
                    && parts.count <= 2
            }
            let preferred =
                fitting.contains { $0.processor == "cpu" }
                ? fitting.filter { $0.processor == "cpu" } : fitting
            if let most = preferred.max(by: { $0.threads < $1.threads }) { return most.name }
        }
        let near = nearest(to: name, among: devices, count: 3)
        throw MeasurementError(
            file: file, value: name, message: "is not among its devices",
            remedy: near.isEmpty
                ? "name one of \(devices.joined(separator: ", "))"
                : "nearest are \(near.joined(separator: ", "))")
    }

    /// What was measured on a device, as `device` names it. Empty cells and figures that are not positive stand for
    /// what was not measured and are left out.
    ///
    /// - Parameter precision: of boards' networks, as the table has it.
    public func measurements(of device: String, precision: String = "float") throws(MeasurementError) -> [Row]
    {
        var measured: [Row] = []
        for row in rows {
            let (network, text): (String, String)
            switch form {
            case .cells:
                let column = header.firstIndex { $0 == device || $0 == device + "_ms" }!
                (network, text) = (try cellName(row.cells, line: row.line), row.cells[column])
            case .boards:
                guard board(row.cells).name == device, self["precision", row.cells] == precision else {
                    continue
                }
                (network, text) = (
                    MeasuredNetwork.zooName(self["network", row.cells]), self["min_ms", row.cells]
                )
            }
            guard !text.isEmpty else { continue }
            guard let milliseconds = Decimal(text)?.value else {
                throw MeasurementError(
                    file: file, line: row.line, value: text, message: "is not a number",
                    remedy: "give milliseconds, or nothing")
            }
            guard milliseconds / 1000 > 0 else { continue }
            measured.append(Row(line: row.line, network: network, seconds: milliseconds / 1000))
        }
        return measured
    }

    private subscript(column: String, cells: [String]) -> String { cells[header.firstIndex(of: column)!] }

    private func board(_ cells: [String]) -> (board: String, processor: String, threads: Int, name: String) {
        let (board, processor, threads) = (
            self["board", cells], self["processor", cells], self["threads", cells]
        )
        let parts = [board, processor] + (threads.isEmpty ? [] : [threads])
        return (board, processor, Int(threads) ?? 0, parts.joined(separator: "/"))
    }

    /// The zoo's name of the network of a cell.
    private func cellName(_ cells: [String], line: Int) throws(MeasurementError) -> String {
        var digits = ""
        for edge in Self.edges {
            let operation = self[edge, cells]
            guard let digit = MeasuredNetwork.operations.firstIndex(where: { $0.contains(operation) }) else {
                let known = MeasuredNetwork.operations.map { $0[0] }.joined(separator: ", ")
                throw MeasurementError(
                    file: file, line: line, value: operation, message: "is no operation of an edge",
                    remedy: "write one of \(known)")
            }
            digits += "\(digit)"
        }
        return "nasbench201_\(digits)"
    }
}

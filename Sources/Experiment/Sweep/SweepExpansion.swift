/// From a sweep's document and its base scenario to cells.
extension SweepDocument {
    /// All cells, or everything that is wrong with them; a fault that several cells have is told once.
    ///
    /// - Parameters:
    ///   - base: the base scenario, a YAML document.
    ///   - baseFile: its name, for messages.
    public func cells(base: String, baseFile: String) throws(ScenarioFaults) -> Sweep {
        var parser = DocumentParser(file: baseFile)
        guard let root = parser.parse(base), parser.faults.isEmpty else {
            throw ScenarioFaults(parser.faults)
        }
        let points = try matrixPoints() + includedPoints()
        var faults = CellFaults(cells: points.count)
        var scenarios: [Scenario] = []
        for point in points {
            do throws(ScenarioFaults) {
                scenarios.append(try scenario(of: point, root, baseFile))
            } catch {
                faults.add(error.faults, cell: text(point))
            }
        }
        if !faults.isEmpty { throw ScenarioFaults(faults.all) }
        let sweep = makeSweep(points, scenarios)
        try checkDifferences(points, sweep)
        return sweep
    }

    // MARK: Points

    /// Where a cell lies, before its scenario is known.
    private struct Point {
        /// Where it was asked for, in the sweep's document.
        var path = "matrix"
        var place: Fault.Place?
        var settings: [SweepSetting]
        /// Nil for the base's own.
        var seed: DocumentNode?
    }

    private var seedNodes: [DocumentNode?] {
        seeds.isEmpty ? [nil] : seeds.map { DocumentNode.plain(String($0)) }
    }

    private func matrixPoints() throws(ScenarioFaults) -> [Point] {
        var combinations: [[SweepSetting]] = [[]]
        for axis in axes {
            combinations = combinations.flatMap { settings in axis.values.map { settings + [$0] } }
        }
        let points = combinations.flatMap { settings in
            seedNodes.map { Point(settings: settings, seed: $0) }
        }
        var isKept = points.map { _ in true }
        var faults: [Fault] = []
        for entry in exclude {
            let pattern = try document(of: entry.settings, seed: entry.seed)
            var matches = false
            for (index, point) in points.enumerated()
            where try document(of: point.settings, seed: point.seed).agrees(with: pattern) {
                matches = true
                isKept[index] = false
            }
            if !matches {
                faults.append(
                    Fault(
                        file: file, place: entry.place, path: entry.path,
                        message: "matches no cell of the matrix",
                        remedy: "write values as the matrix has them, or remove it"))
            }
        }
        guard faults.isEmpty else { throw ScenarioFaults(faults) }
        let kept = points.indices.filter { isKept[$0] }.map { points[$0] }
        guard !kept.isEmpty || !include.isEmpty else {
            let message = "leaves no cell"
            throw ScenarioFaults([
                Fault(
                    file: file, place: exclude[0].place, path: "exclude", message: message,
                    remedy: "exclude less")
            ])
        }
        return kept
    }

    private func includedPoints() -> [Point] {
        include.flatMap { entry in
            (entry.seed.map { [$0] } ?? seedNodes).map { seed in
                Point(path: entry.path, place: entry.place, settings: entry.settings, seed: seed)
            }
        }
    }

    /// What a cell sets, as a document of its own.
    private func document(
        of settings: [SweepSetting], seed: DocumentNode?
    ) throws(ScenarioFaults) -> DocumentNode {
        var root = DocumentNode(.mapping([]))
        for setting in Self.inOrder(settings) { try setting.override.apply(to: &root, file: file) }
        if let seed { try Self.override(seed).apply(to: &root, file: file) }
        return root
    }

    // MARK: Scenarios

    private func scenario(
        of point: Point, _ base: DocumentNode, _ baseFile: String
    ) throws(ScenarioFaults) -> Scenario {
        var root = base
        for setting in Self.inOrder(common) + Self.inOrder(point.settings) {
            try setting.override.apply(to: &root, file: file)
        }
        if let seed = point.seed { try Self.override(seed).apply(to: &root, file: file) }
        return try Scenario.read(root, Walk(.read, file: baseFile))
    }

    /// Whole mappings before keys within them.
    private static func inOrder(_ settings: [SweepSetting]) -> [SweepSetting] {
        settings.enumerated().sorted {
            ($0.element.keys.count, $0.offset) < ($1.element.keys.count, $1.offset)
        }.map(\.element)
    }

    private static func override(_ seed: DocumentNode) -> Override {
        Override(place: seed.place, path: ["seed"], value: seed)
    }

    private func makeSweep(_ points: [Point], _ scenarios: [Scenario]) -> Sweep {
        var columns = axes.map(\.path)
        for setting in points.flatMap(\.settings) where !columns.contains(setting.path) {
            columns.append(setting.path)
        }
        var groups: [[UInt8]: Int] = [:]
        let cells = zip(points, scenarios).map { point, scenario in
            let resolved = scenario.resolved
            let settings = columns.map { column in
                let own = point.settings.first { $0.path == column && !$0.value.isNull }
                let other = resolved.value(at: column.split(separator: ".").map(String.init)[...])
                return own?.text ?? other.map(SweepSetting.text) ?? ""
            }
            let seed = resolved["seed"].flatMap { UInt64(SweepSetting.text(of: $0)) }
            precondition(seed != nil, "a resolved scenario has a seed")
            let group = groups[scenario.digestWithoutSeed, default: groups.count]
            groups[scenario.digestWithoutSeed] = group
            return SweepCell(scenario: scenario, seed: seed!, settings: settings, group: group)
        }
        let sweep = Sweep(name: name, columns: columns, cells: cells)
        return Sweep(name: name, columns: columns, cells: cells.map { $0.named(name, sweep.text($0)) })
    }

    // MARK: Faults

    /// Two cells with the same digest would be one run, counted twice.
    private func checkDifferences(_ points: [Point], _ sweep: Sweep) throws(ScenarioFaults) {
        var first: [String: Int] = [:]
        var faults: [Fault] = []
        for (index, cell) in sweep.cells.enumerated() {
            guard let earlier = first[cell.digest] else {
                first[cell.digest] = index
                continue
            }
            let place = points[index].place ?? points[index].settings.last?.value.place
            faults.append(
                Fault(
                    file: file, place: place ?? .line(1, column: 1), path: points[index].path,
                    value: sweep.text(cell),
                    message: "gives the same result as \(sweep.text(sweep.cells[earlier]))",
                    remedy: "keep one of them"))
        }
        guard faults.isEmpty else { throw ScenarioFaults(faults) }
    }

    /// What a message calls a cell.
    private func text(_ point: Point) -> String {
        let names = SweepSetting.shortNames(point.settings.map(\.path))
        var parts = zip(names, point.settings).map { "\($0)=\($1.text)" }
        if let seed = point.seed { parts.append("seed=\(SweepSetting.text(of: seed))") }
        return Fault.shown(parts.isEmpty ? "base" : parts.joined(separator: ", "))
    }
}

extension SweepCell {
    /// The same experiment under a name for people: the sweep's and what the cell sets.
    fileprivate func named(_ sweep: String, _ text: String) -> SweepCell {
        var scenario = scenario
        scenario.name = "\(sweep): \(text)"
        while scenario.name.utf8.count > 200 { scenario.name.removeLast() }
        return SweepCell(scenario: scenario, seed: seed, settings: settings, group: group)
    }
}

/// Faults of cells: each one once, with the cells that have it.
private struct CellFaults {
    private struct Found {
        var fault: Fault
        var first: String
        var count: Int
    }

    private let cells: Int
    private var found: [Found] = []
    var isEmpty: Bool { found.isEmpty }

    init(cells: Int) { self.cells = cells }

    mutating func add(_ faults: [Fault], cell: String) {
        for fault in faults {
            if let index = found.firstIndex(where: { $0.fault == fault }) {
                found[index].count += 1
            } else {
                found.append(Found(fault: fault, first: cell, count: 1))
            }
        }
    }

    var all: [Fault] {
        found.map { found in
            var fault = found.fault
            if found.count == cells && cells > 1 {
                fault.cells = "in every cell"
            } else if found.count == 1 {
                fault.cells = "in the cell \(found.first)"
            } else {
                fault.cells = "in \(found.count) cells, the first \(found.first)"
            }
            return fault
        }
    }
}

import Methods

/// What a run leaves of each division of the teacher's filters: itself, and the network that was divided.
public enum PartitionFiles {
    /// Names of a contender's files; empty for one that divides no filters.
    public static func names(of contender: Contender) -> [String] {
        guard case .partitioned(let rule) = contender.kind else { return [] }
        let endings = [".json"] + (rule.hasGraph ? [".graphml", "-nodes.csv", "-edges.csv"] : [])
        return endings.map { "\(RunDirectory.Name.partitions)/\(contender.name)\($0)" }
    }
}

/// A contender's division of the filters, as the ledger has it.
public struct RecordedPartition: Sendable {
    public let contender: Contender
    public let partition: KnowledgePartition
    /// [filters]: mean of the normalised activity on the validation samples.
    public let activity: [Double]

    /// Nil where the rows hold nothing of the contender. Rows of others are left out.
    /// - Parameter resolution: of the modularity.
    public init?(_ contender: Contender, _ filters: [FilterRow], _ edges: [EdgeRow], resolution: Double) {
        let own = filters.filter { $0.contender == contender.name }
        guard case .partitioned(let rule) = contender.kind, !own.isEmpty else { return nil }
        func groups(_ number: (FilterRow) -> Int?) -> [[Int]] {
            let members = Dictionary(grouping: own.filter { number($0) != nil }) { number($0)! }
            return members.sorted { $0.key < $1.key }.map { $0.value.map(\.filter) }
        }
        let communities = groups(\.community)
        let graph =
            rule.hasGraph
            ? FilterGraph(
                filters: own.count,
                edges: edges.filter { $0.contender == contender.name }.map {
                    FilterGraph.Edge($0.first, $0.second, weight: $0.weight)
                }) : nil
        self.contender = contender
        activity = own.map(\.activity)
        partition = KnowledgePartition(
            filters: own.count, parts: groups(\.part), communities: communities, graph: graph,
            modularity: rule.hasCommunities
                ? graph?.modularity(of: communities, resolution: resolution) : nil)
    }

    /// [filters]: number of each filter's group, counted from 1; nil for filters in none.
    public static func numbers(_ groups: [[Int]], filters: Int) -> [Int?] {
        var numbers = [Int?](repeating: nil, count: filters)
        for (index, group) in groups.enumerated() {
            for filter in group { numbers[filter] = index + 1 }
        }
        return numbers
    }
}

extension RunDirectory {
    /// Writes the files of all divisions, in `partition/`.
    func exportPartitions(
        from ledger: Ledger, _ configuration: DistributedInferenceConfiguration
    ) throws(RecordError) {
        let filters: [FilterRow]
        let edges: [EdgeRow]
        do throws(LedgerError) { (filters, edges) = (try ledger.filters(), try ledger.edges()) } catch {
            throw .ledger(error)
        }
        let partitions = configuration.contenders.compactMap {
            RecordedPartition($0, filters, edges, resolution: configuration.partition.resolution)
        }
        guard !partitions.isEmpty else { return }
        do throws(RunDirectoryError) {
            try makeDirectory(Name.partitions)
            for recorded in partitions {
                let files = recorded.files(seed: configuration.seed)
                for (name, text) in zip(PartitionFiles.names(of: recorded.contender), files) {
                    try write(text, to: name)
                }
            }
        } catch { throw .directory(error) }
    }
}

extension RecordedPartition {
    /// In the order of `PartitionFiles.names`. `seed`: of the places.
    fileprivate func files(seed: UInt64) -> [String] {
        guard let graph = partition.graph, let graphML = partition.graphML(activity: activity) else {
            return [partition.json]
        }
        return [partition.json, graphML, nodes(graph, seed: seed), edges(graph)]
    }

    private func nodes(_ graph: FilterGraph, seed: UInt64) -> String {
        let (communities, parts) = (
            Self.numbers(partition.communities, filters: graph.filters),
            Self.numbers(partition.parts, filters: graph.filters)
        )
        let (places, degrees) = (graph.positions(seed: seed), graph.degrees)
        func cell(_ value: Int?) -> String { value.map { "\($0)" } ?? "" }
        let rows = places.indices.map { filter in
            csvLine([
                "\(filter)", shortest(places[filter].x), shortest(places[filter].y),
                cell(communities[filter]),
                cell(parts[filter]), "\(degrees[filter])", shortest(activity[filter]),
            ])
        }
        return csvLine(["filter", "x", "y", "community", "part", "degree", "activity"]) + rows.joined()
    }

    private func edges(_ graph: FilterGraph) -> String {
        let rows = graph.edges.map { csvLine(["\($0.first)", "\($0.second)", shortest($0.weight)]) }
        return csvLine(["first", "second", "weight"]) + rows.joined()
    }
}

import Methods

/// What a finished run of each kind leaves, by what it is made from.
extension Scenario.Kind {
    /// From the ledger.
    public var tableFiles: [String] {
        typealias Name = RunDirectory.Name
        switch self {
        case .federated:
            return [Name.rounds, Name.clients, Name.localTest, Name.traffic, Name.costs, Name.infrastructure]
        case .distributedInference(let configuration):
            return [
                Name.training, Name.contenders, Name.nodes, Name.transfers, Name.lostStudents, Name.filters,
                Name.classActivity, Name.infrastructure,
            ] + configuration.contenders.flatMap(PartitionFiles.names)
        case .splitComputing(let configuration):
            return [
                Name.training, Name.modes, Name.rates, Name.crossovers, Name.controller, Name.policies,
                Name.infrastructure,
            ] + (configuration.filter.classes.isEmpty ? [] : [Name.neuralFilter])
        }
    }

    /// From the scenario and its data.
    public var inputFiles: [String] {
        switch self {
        case .federated: [RunDirectory.Name.partition]
        case .distributedInference, .splitComputing: []
        }
    }

    /// From the last checkpoint.
    public var modelFiles: [String] {
        switch self {
        case .federated(let configuration):
            [RunDirectory.Name.model]
                + (configuration.method.method.keepsModel ? [RunDirectory.Name.personal] : [])
        case .distributedInference: [RunDirectory.Name.teacher, RunDirectory.Name.students]
        case .splitComputing(let configuration):
            [RunDirectory.Name.teacher, RunDirectory.Name.divided]
                + (configuration.filter.classes.isEmpty ? [] : [RunDirectory.Name.filterModel])
        }
    }
}

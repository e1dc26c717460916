import Methods
import Networks
import TensorMath

/// A method's server by itself, on five values of which the last two are running statistics.
struct ServerFixture {
    static let layout: ParameterLayout = {
        var layout = ParameterLayout()
        layout.append(name: "w", shape: [3], role: .trainable, layer: 0)
        layout.append(name: "statistics", shape: [2], role: .buffer, layer: 0)
        return layout
    }()

    var server: any FederatedServer
    let global: FloatView

    init(
        _ method: any FederatedMethod, global: [Float], optimizer: SGD = SGD(learningRate: 0.1),
        aggregation: AggregationSpec = .mean
    ) {
        server = method.server(
            ServerContext(
                exchange: Exchange(Self.layout), clients: 10,
                training: TrainingSpec(rounds: 5, clientsPerRound: 3, optimizer: .sgd(optimizer)),
                aggregation: aggregation))
        self.global = CompressionFixtures.view(global)
    }

    /// One round; `steps` and `samples` of each client.
    mutating func round(_ updates: [[Float]], samples: [Int], steps: [Int]? = nil) throws -> [Float] {
        let cohort = updates.indices.map {
            CohortMember(client: $0, samples: samples[$0], steps: steps?[$0] ?? 1, round: 1)
        }
        server.begin(global: global, cohort: cohort)
        for (update, member) in zip(updates, cohort) {
            try server.accept(CompressionFixtures.view(update), of: member)
        }
        server.finish(into: global)
        return global.array
    }
}

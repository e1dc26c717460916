import TensorMath

/// The server's half of a federated method: what becomes of the updates of one round.
///
/// Calls come in the order begin, accept..., finish; accepts in any order give the same model. A model and an update are
/// payloads of the method's `Exchange`.
package protocol FederatedServer {
    /// What it remembers between rounds besides the global payload, by name; written at durability points.
    var memory: [ServerVector] { get }

    /// Starts a round around the payload that was sent out, for these clients.
    mutating func begin(global: FloatView, cohort: [CohortMember])

    /// Takes one client's update. Throws, and changes nothing, when it cannot be used. May change the values in place.
    mutating func accept(_ update: FloatView, of member: CohortMember) throws(Rejection)

    /// Puts the next payload in place of the last.
    mutating func finish(into global: FloatView)

    /// What the scenario's rule made of the last round's updates; see `Aggregator`.
    var factors: [Int: Double]? { get }
}

extension FederatedServer {
    package var memory: [ServerVector] { [] }
}

/// A vector that a server keeps; the program saves and restores its values.
package struct ServerVector {
    package let name: String
    package let layout: ParameterLayout
    package let values: FloatView

    package init(_ name: String, layout: ParameterLayout, values: FloatView) {
        self.name = name
        self.layout = layout
        self.values = values
    }
}

/// A client's part in a round, as the coordinator knows it beforehand.
package struct CohortMember: Sendable, Equatable {
    package let client: Int
    /// n_k: its training samples.
    package let samples: Int
    /// Local steps that it takes.
    package let steps: Int
    package let round: Int

    package init(client: Int, samples: Int, steps: Int, round: Int) {
        self.client = client
        self.samples = samples
        self.steps = steps
        self.round = round
    }

    /// For messages.
    package var place: String { "round \(round), client \(client)" }
}

/// What a method's server half is made from.
package struct ServerContext {
    package let exchange: Exchange
    /// All clients of the experiment, whether they take part in a round or not: N.
    package let clients: Int
    package let training: TrainingSpec
    package let aggregation: AggregationSpec

    package init(exchange: Exchange, clients: Int, training: TrainingSpec, aggregation: AggregationSpec) {
        self.exchange = exchange
        self.clients = clients
        self.training = training
        self.aggregation = aggregation
    }

    /// The scenario's rule for combining updates, over `layout`.
    package func aggregator(_ layout: ParameterLayout) -> any Aggregator { aggregation.aggregator(layout) }
}

import TensorMath

/// The server's half of FedAvg and of all methods that leave it as it is: the next model is what the scenario's rule
/// makes of the cohort's, by default the mean weighted by samples.
///
/// McMahan et al., AISTATS 2017, algorithm 1, ServerExecutes. Deviation: the weights n_k / sum n_j run over the cohort,
/// as in the paper's later versions. The sum is exact, so it does not depend on the order of arrival.
package struct MeanServer: FederatedServer {
    private var aggregator: any Aggregator

    package init(_ context: ServerContext) { aggregator = context.aggregator(context.exchange.payload) }

    package mutating func begin(global: FloatView, cohort: [CohortMember]) {
        aggregator.begin(reference: global, cohort: cohort)
    }

    package mutating func accept(_ update: FloatView, of member: CohortMember) throws(Rejection) {
        try aggregator.add(update, of: member)
    }

    package var factors: [Int: Double]? { aggregator.factors }

    package mutating func finish(into global: FloatView) { aggregator.finish(into: global) }
}

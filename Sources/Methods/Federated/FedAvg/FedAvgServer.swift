import TensorMath

/// The server's half of FedAvg: the mean of the cohort's models, weighted by their samples.
///
/// McMahan et al., AISTATS 2017, algorithm 1, ServerExecutes. Deviation: the weights n_k / sum n_j run over the cohort,
/// as in the paper's later versions. The sum is exact, so it does not depend on the order of arrival.
struct FedAvgServer: FederatedServer {
    private let staging: FloatBuffer
    private let sum: ExactSum

    init(layout: ParameterLayout) {
        staging = FloatBuffer(count: layout.count)
        sum = ExactSum(layout: layout)
    }

    mutating func begin(model: FloatView, weight: UInt64) {
        sum.begin(reference: model, plannedWeight: weight)
    }

    mutating func accept(_ update: [ObjectBytes], weight: UInt64, place: String) throws(Rejection) {
        guard update.count == 1, update[0].copy(into: staging.view) else {
            let sizes = update.map { "\($0.count)" }.joined(separator: ", ")
            throw Rejection(.wrongShape, "objects of [\(sizes)] bytes; one of \(staging.count * 4) was due")
        }
        do { try sum.add(staging.view, weight: weight) } catch {
            let found = "\(place), \(error.segment)[\(error.index)] = \(error.value)"
            throw error.value.isFinite
                ? Rejection(.outOfRange, "\(found) is beyond \(error.bound)") : Rejection(.notFinite, found)
        }
    }

    mutating func finish(into model: FloatView) { sum.mean(into: model) }
}

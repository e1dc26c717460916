import TensorMath

/// Cho, Wang and Joshi, Client Selection in Federated Learning: Convergence Analysis and Power-of-Choice Selection
/// Strategies, 2020: of d candidates drawn with probability proportional to their samples, the m with the greatest loss.
///
/// This is the paper's communication-free variant rpow-d: a candidate's loss is the mean over its last local training,
/// and infinite before the first, so that every client is tried. (pow-d instead sends the model to all candidates.)
enum PowerOfChoice {
    /// `loss` is below 0 for clients that never took part. Equal losses go by the order of drawing.
    static func cohort(
        _ size: Int, of eligible: [Int], candidates: Int, samples: [Int], loss: FloatView,
        _ stream: inout RandomStream
    ) -> [Int] {
        let count = min(max(candidates, size), eligible.count)
        let drawn = draw(count, of: eligible, weights: eligible.map { Double(samples[$0]) }, &stream)
        func value(_ client: Int) -> Float { loss[client] < 0 ? .infinity : loss[client] }
        let ranked = drawn.enumerated().sorted {
            (value($1.element), $0.offset) < (value($0.element), $1.offset)
        }
        return ranked.prefix(size).map(\.element)
    }
}

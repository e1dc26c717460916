import CKernels
import Networks
import TensorMath

/// How far the activations of different clients' models are apart, the quantity that FedMAX argues about (Chen et al.,
/// ECML-PKDD 2020, section 3).
///
/// Every client of a cohort shows the same images (the first of the global test set) to the model that it has just trained,
/// takes the softmax over the penultimate activations of each, and the mean of these distributions over the images: q_k
/// in R^D. The divergence of the cohort is the generalised Jensen-Shannon divergence of the q_k with equal weights,
/// H(mean of q_k) - mean of H(q_k), in bits: 0 when all clients use the same features to the same degree, at most
/// log2 of the number of clients. The paper shows pictures and gives no such measure; this one is ours.
package struct ActivationProbe {
    /// Images that are shown.
    package static let images = 200

    /// Name of the penultimate block: the one whose output the last dense layer reads; nil where there is none.
    package static func tap(_ plan: NetworkPlan) -> String? {
        guard case .dense = plan.blocks.last?.spec, plan.blocks.count >= 2 else { return nil }
        let block = plan.blocks[plan.blocks.count - 2]
        // What stands before it must have been computed from weights.
        guard plan.blocks.dropLast().contains(where: { $0.weight != nil }) else { return nil }
        return block.name
    }

    private let block: Int
    private let sum: FloatView

    /// For a network that has a penultimate block.
    package init(_ plan: NetworkPlan) {
        block = plan.blocks.count - 2
        sum = FloatBuffer(count: plan.blocks[block].output.count).view
    }

    /// q_k, [D], of the model in the executor's networks.
    func mean(of executor: FederatedExecutor) -> FloatView {
        let (split, samples) = executor.globalTest
        let count = min(Self.images, samples.count)
        let features = sum.count
        var labels: [UInt8] = []
        var total = [Double](repeating: 0, count: features)
        for first in stride(from: 0, to: count, by: FederatedExecutor.evaluationBatch) {
            let end = min(first + FederatedExecutor.evaluationBatch, count)
            executor.fillEvaluation(split, samples, first..<end, labels: &labels)
            executor.evaluator.forward(samples: end - first)
            let activations = executor.evaluator.activation(of: block)
            for sample in 0..<(end - first) {
                Self.addSoftmax(activations.slice(sample * features, features), to: &total)
            }
        }
        for index in 0..<features { sum[index] = Float(total[index] / Double(count)) }
        return sum
    }

    private static func addSoftmax(_ values: FloatView, to total: inout [Double]) {
        let values = values.array
        let greatest = Double(values.max() ?? 0)
        let powers = values.map { ck_exp(Double($0) - greatest) }
        let sum = powers.reduce(0, +)
        for index in powers.indices { total[index] += powers[index] / sum }
    }

    /// H(mean) - mean H in bits, over distributions of equal size.
    package static func divergence(_ distributions: [[Float]]) -> Double {
        guard let size = distributions.first?.count else { return 0 }
        func entropy(_ values: [Double]) -> Double {
            values.reduce(0) { $1 > 0 ? $0 - $1 * ck_log($1) : $0 } / ck_log(2)
        }
        var mean = [Double](repeating: 0, count: size)
        var entropies = 0.0
        for distribution in distributions {
            let values = distribution.map { Double($0) }
            for index in 0..<size { mean[index] += values[index] / Double(distributions.count) }
            entropies += entropy(values)
        }
        return max(0, entropy(mean) - entropies / Double(distributions.count))
    }
}

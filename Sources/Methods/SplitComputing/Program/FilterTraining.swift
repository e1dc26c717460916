import Networks
import TensorMath

/// A neural filter (Matsubara et al. 2021, as `FilterLayers`) that learns from labels whether images are of the classes of
/// interest, by cross-entropy; the stem stays as it is, its norms as in evaluation. Its state has the scores of all
/// validation samples behind what the optimiser keeps: those of the last epoch decide the threshold.
final class FilterTraining: TrainedNetwork {
    private let spec: NeuralFilterSpec
    private let network: Network
    private let evaluator: Network
    private var optimizer: LocalOptimizer
    private let scores: FloatView

    /// `validation`: how many samples are looked at after an epoch.
    init(_ divided: DividedNetwork, _ spec: NeuralFilterSpec, validation: Int) {
        let training = spec.training
        self.spec = spec
        network = Network(plan: divided.whole, batch: training.batchSize, frozen: divided.encoder)
        evaluator = Network(
            plan: divided.whole, batch: ImageSet.evaluationBatch, mode: .evaluation,
            parameters: network.parameters)
        optimizer = LocalOptimizer(
            training.optimizer, clipNorm: training.clipNorm, count: divided.whole.layout.count)
        scores = FloatBuffer(count: validation).view
    }

    var input: FloatView { network.input }
    var validationInput: FloatView { evaluator.input }
    var state: [FloatView] { [network.parameters] + optimizer.memory + [scores] }

    var learningRate: Float {
        get { optimizer.learningRate }
        set { optimizer.learningRate = newValue }
    }

    func resume(after steps: Int) { optimizer.resume(after: steps) }

    private func isOfInterest(_ labels: [UInt8]) -> [UInt8] {
        labels.map { spec.isOfInterest($0) ? 1 : 0 }
    }

    func step(labels: [UInt8], order: [UInt32], range: Range<Int>) -> (lossSum: Double, correct: Int) {
        network.forward(samples: range.count)
        let result = network.softmaxCrossEntropy(labels: isOfInterest(labels).span, samples: range.count)
        optimizer.step(network, samples: range.count)
        return result
    }

    func validate(labels: [UInt8], first: Int) -> (lossSum: Double, correct: Int) {
        evaluator.forward(samples: labels.count)
        for sample in labels.indices {
            scores[first + sample] = FilterThreshold.score(evaluator.logits.slice(2 * sample, 2))
        }
        return evaluator.lossAndCorrect(labels: isOfInterest(labels).span, samples: labels.count)
    }
}

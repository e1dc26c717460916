import Foundation
import Networks
import TensorMath

/// Samples a second of a model's training steps with plain SGD: forward, loss, backward, step.
struct TrainingSubject {
    struct Figures: Encodable {
        let model: String
        let batch: Int
        let samplesPerSecond: Double
        /// Of the whole process.
        let peakMemoryBytes: Int
    }

    let model: String
    let batch: Int
    let spec: ModelSpec
    let input: Shape

    /// nil for a model that the benchmark has no input for.
    init?(model: String, batch: Int) {
        guard let spec = ModelSpec.named(model, classes: 10) else { return nil }
        self.model = model
        self.batch = batch
        self.spec = spec
        input =
            ["cnn", "mlp", "logistic"].contains(model)
            ? Shape(channels: 1, height: 28, width: 28) : Shape(channels: 3, height: 32, width: 32)
    }

    func measured() throws -> Figures {
        let network = Network(plan: try NetworkPlan(spec: spec, input: input, classes: 10), batch: batch)
        var stream = RandomStream(RandomKey(seed: 1, purpose: .test))
        network.plan.initialParameters(.uniformFanIn, stream: &stream, into: network.parameters)
        for i in 0..<network.input.count { network.input[i] = stream.uniform() }
        let labels = (0..<batch).map { _ in UInt8(stream.index(below: 10)) }
        var optimizer = SGDState(SGD(learningRate: 0.01), count: network.parameters.count)
        let seconds = medianSeconds(over: 1.5) {
            _ = network.trainStep(labels: labels.span, samples: batch, optimizer: &optimizer)
        }
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return Figures(
            model: model, batch: batch, samplesPerSecond: Double(batch) / seconds,
            peakMemoryBytes: usage.ru_maxrss * 1024)
    }
}

import Networks
import TensorMath

/// Work over vectors that is no layer: the loss and the optimisers' steps.
struct VectorSubject: Sendable {
    let name: String
    let batch: Int
    /// Least number of bytes to read and write.
    let bytes: Int
    let prepare: @Sendable () throws -> () -> Void

    static let all = [
        loss(classes: 10), loss(classes: 100),
        sgd("SGD step", SGD(learningRate: 1e-3), arrays: 3),
        sgd(
            "SGD step with momentum and decay", SGD(learningRate: 1e-3, momentum: 0.9, weightDecay: 1e-4),
            arrays: 5),
        VectorSubject(name: "Adam step, \(count) weights", batch: 1, bytes: 4 * 7 * count) {
            var state = AdamState(Adam(learningRate: 1e-3), count: count)
            let (weights, gradients) = vectors()
            return { state.step(parameters: weights, gradients: gradients, runs: [0..<count]) }
        },
    ]

    /// Weights of `cnn`.
    private static let count = 1_663_370

    private static func vectors() -> (weights: FloatView, gradients: FloatView) {
        let (weights, gradients) = (FloatBuffer(count: count).view, FloatBuffer(count: count).view)
        weights.fill(1)
        gradients.fill(1e-3)
        return (weights, gradients)
    }

    private static func sgd(_ name: String, _ sgd: SGD, arrays: Int) -> VectorSubject {
        VectorSubject(name: "\(name), \(count) weights", batch: 1, bytes: 4 * arrays * count) {
            var state = SGDState(sgd, count: count)
            let (weights, gradients) = vectors()
            return { state.step(parameters: weights, gradients: gradients, runs: [0..<count]) }
        }
    }

    private static func loss(classes: Int) -> VectorSubject {
        let batch = 32
        return VectorSubject(
            name: "softmax and cross-entropy, \(classes) classes", batch: batch,
            bytes: 4 * 2 * batch * classes
        ) {
            let plan = try NetworkPlan(
                spec: .init(name: "loss", layers: [.relu]), input: Shape(channels: classes), classes: classes)
            let network = Network(plan: plan, batch: batch)
            for i in 0..<network.input.count { network.input[i] = Float(i % 7) }
            network.forward(samples: batch)
            let labels = [UInt8](repeating: 3, count: batch)
            return { _ = network.softmaxCrossEntropy(labels: labels.span, samples: batch) }
        }
    }

    func measured() throws -> LayerFigures {
        let run = try prepare()
        let seconds = medianSeconds { run() }
        return LayerFigures(
            name: name, batch: batch, forward: .init(seconds: seconds, macs: 0, bytes: Double(bytes)),
            backward: nil)
    }
}

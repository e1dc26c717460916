import CKernels
import Networks
import TensorMath

/// Epochs with FedMAX's prior on the penultimate activations.
final class FedMAXTraining: ClientTraining {
    private let client: LocalClient
    private let method: FedMAX
    private let block: Int
    private let features: Int
    private let gradient: FloatView

    init(_ client: LocalClient, _ method: FedMAX) {
        self.client = client
        self.method = method
        block = client.plan.blocks.count - 2
        features = client.plan.blocks[block].output.count
        gradient = FloatBuffer(count: client.network.batch * features).view
    }

    func begin() {}

    func step() -> StepSums {
        let result = client.forward()
        let count = client.samples * features
        let values = gradient.slice(0, count)
        Self.gradient(
            method, activations: client.network.activation(of: block).slice(0, count),
            samples: client.samples, into: values)
        client.optimizer.step(
            client.network, samples: client.samples, taps: [Network.Tap(block: block, gradient: values)])
        return result
    }

    func finish() { client.sendParameters() }

    /// The gradient of the prior with respect to `activations`, [samples, D].
    static func gradient(
        _ method: FedMAX, activations: FloatView, samples: Int, into gradient: FloatView
    ) {
        let features = activations.count / samples
        if method.regularizer == "l2" {
            let norm = ck_squares(activations.pointer, nil, activations.count).squareRoot()
            let scale = norm > 0 ? Float(method.beta / norm) : 0
            for index in 0..<activations.count {
                gradient.pointer[index] = scale * activations.pointer[index]
            }
            return
        }
        // Over samples here; over samples and features the sum is another D smaller.
        let weight = method.reduction == "elements" ? method.beta / Double(features) : method.beta
        if method.direction == "uniform_first" {
            ck_uniform_divergence(
                Int64(samples), Int64(features), activations.pointer, Float(weight), gradient.pointer)
        } else {
            for sample in 0..<samples {
                entropyGradient(
                    activations.slice(sample * features, features), scale: weight / Double(samples),
                    into: gradient.slice(sample * features, features))
            }
        }
    }

    /// scale x q (log q + H(q)), the gradient of KL(q || U).
    private static func entropyGradient(_ values: FloatView, scale: Double, into gradient: FloatView) {
        let greatest = Double((0..<values.count).reduce(-Float.infinity) { max($0, values.pointer[$1]) })
        var sum = 0.0
        var weighted = 0.0
        for index in 0..<values.count {
            let shifted = Double(values.pointer[index]) - greatest
            let power = ck_exp(shifted)
            sum += power
            weighted += power * shifted
        }
        let logSum = ck_log(sum)
        let entropy = logSum - weighted / sum
        for index in 0..<values.count {
            let logQ = Double(values.pointer[index]) - greatest - logSum
            gradient.pointer[index] = Float(scale * ck_exp(logQ) * (logQ + entropy))
        }
    }
}

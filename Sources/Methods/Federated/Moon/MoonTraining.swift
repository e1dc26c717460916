import CKernels
import Networks
import TensorMath

/// Epochs with MOON's contrastive loss.
final class MoonTraining: ClientTraining {
    private let client: LocalClient
    private let method: Moon
    private let block: Int
    private let features: Int
    private let gradient: FloatView
    private let global: Network
    private let previous: Network

    init(_ client: LocalClient, _ method: Moon) {
        self.client = client
        self.method = method
        block = client.plan.blocks.count - 2
        features = client.plan.blocks[block].output.count
        gradient = FloatBuffer(count: client.network.batch * features).view
        global = client.network(mode: .evaluation, parameters: client.received)
        previous = client.network(
            mode: .evaluation, parameters: client.exchange.part("previous", of: client.state))
    }

    func begin() {
        if !client.hasState { previous.parameters.copy(from: client.initialModel) }
    }

    func step() -> (lossSum: Double, correct: Int) {
        global.forward(samples: client.samples)
        previous.forward(samples: client.samples)
        let result = client.forward()
        for sample in 0..<client.samples {
            let range = (sample * features, features)
            Self.gradient(
                client.network.activation(of: block).slice(range.0, range.1),
                global: global.activation(of: block).slice(range.0, range.1),
                previous: previous.activation(of: block).slice(range.0, range.1),
                temperature: method.temperature, scale: method.mu / Double(client.samples),
                into: gradient.slice(range.0, range.1))
        }
        let tap = Network.Tap(block: block, gradient: gradient.slice(0, client.samples * features))
        client.optimizer.step(client.network, samples: client.samples, taps: [tap])
        return result
    }

    func finish() {
        client.sendParameters()
        previous.parameters.copy(from: client.network.parameters)
    }

    /// The gradient of scale x the contrastive loss of one sample with respect to z, [D]. A representation that is zero
    /// has no direction and gets none.
    static func gradient(
        _ z: FloatView, global: FloatView, previous: FloatView, temperature: Double, scale: Double,
        into gradient: FloatView
    ) {
        let length = dot(z, z).squareRoot()
        let lengths = (dot(global, global).squareRoot(), dot(previous, previous).squareRoot())
        guard length > 0, lengths.0 > 0, lengths.1 > 0 else { return gradient.fill(0) }
        let near = dot(z, global) / (length * lengths.0)
        let far = dot(z, previous) / (length * lengths.1)
        // dL / d cos(z, z_prev) = p / T = -dL / d cos(z, z_glob), p the probability of the previous model.
        let slope = scale / (1 + ck_exp((near - far) / temperature)) / temperature
        for index in 0..<z.count {
            let direction = Double(z.pointer[index]) / length
            let toGlobal = (Double(global.pointer[index]) / lengths.0 - near * direction) / length
            let toPrevious = (Double(previous.pointer[index]) / lengths.1 - far * direction) / length
            gradient.pointer[index] = Float(slope * (toPrevious - toGlobal))
        }
    }

    private static func dot(_ a: FloatView, _ b: FloatView) -> Double {
        ck_inner(a.pointer, nil, b.pointer, a.count)
    }
}

import CKernels
import Networks
import TensorMath

/// Epochs with MOON's contrastive loss. The models that do not change look at some batches at once.
final class MoonTraining: ClientTraining {
    private let client: LocalClient
    private let method: Moon
    private let block: Int
    private let features: Int
    private let gradient: FloatView
    private let window: BatchWindow
    private let global: Network
    private let previous: Network
    /// [window.capacity, features], what `global` made of the window before `previous` took its turn.
    private let globalFeatures: FloatView

    init(_ client: LocalClient, _ method: Moon) {
        self.client = client
        self.method = method
        block = client.plan.blocks.count - 2
        features = client.plan.blocks[block].output.count
        gradient = FloatBuffer(count: client.network.batch * features).view
        let window = BatchWindow(client, samples: Network.fewSamples)
        self.window = window
        globalFeatures = FloatBuffer(count: window.capacity * features).view
        global = Network(
            plan: client.plan, batch: window.capacity, mode: .evaluation, parameters: client.received,
            input: window.input)
        previous = Network(
            takingTurnsWith: global, parameters: client.exchange.part("previous", of: client.state))
    }

    func begin() {
        window.clear()
        if !client.hasState { previous.parameters.copy(from: client.initialModel) }
    }

    func step() -> StepSums {
        var sums = StepSums()
        guard window.add() else { return sums }
        global.forward(samples: window.count)
        let values = window.count * features
        globalFeatures.slice(0, values).copy(from: global.activation(of: block).slice(0, values))
        previous.forward(samples: window.count)
        window.forEach { rows in sums += step(rows) }
        return sums
    }

    /// One step on the client's batch, whose representations by the other models stand in `rows`.
    private func step(_ rows: Range<Int>) -> StepSums {
        let result = client.forward()
        for (sample, row) in rows.enumerated() {
            Self.gradient(
                client.network.activation(of: block).slice(sample * features, features),
                global: globalFeatures.slice(row * features, features),
                previous: previous.activation(of: block).slice(row * features, features),
                temperature: method.temperature, scale: method.mu / Double(client.samples),
                into: gradient.slice(sample * features, features))
        }
        let tap = Network.Tap(block: block, gradient: gradient.slice(0, client.samples * features))
        client.optimizer.step(client.network, samples: client.samples, taps: [tap])
        return result
    }

    func finish() {
        precondition(window.count == 0, "batches still wait")
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
        // d cos(z, a) / dz = (a / |a| - cos(z, a) z / |z|) / |z|, for both a in one.
        let toPrevious = slope / (length * lengths.1)
        let toGlobal = slope / (length * lengths.0)
        let along = slope * (far - near) / (length * length)
        for index in 0..<z.count {
            gradient.pointer[index] = Float(
                toPrevious * Double(previous.pointer[index]) - toGlobal * Double(global.pointer[index])
                    - along * Double(z.pointer[index]))
        }
    }

    private static func dot(_ a: FloatView, _ b: FloatView) -> Double {
        ck_inner(a.pointer, nil, b.pointer, a.count)
    }
}

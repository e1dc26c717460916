import CKernels
import TensorMath

/// y = max(x, 0), or min(max(x, 0), 6), where it could not be fused into the layer before.
final class ReLULayer: Layer {
    private let place: LayerPlace
    private let count: Int
    private let isBounded: Bool

    init(_ place: LayerPlace) {
        self.place = place
        count = place.block.output.count
        isBounded = place.block.spec == .relu6
    }

    func forward(samples: Int) {
        let (x, y) = (place.input.pointer, place.output.pointer)
        if isBounded { ck_relu6(x, y, samples * count) } else { ck_relu(x, y, samples * count) }
    }

    func backward(samples: Int, outputGradient: FloatView, inputGradient: FloatView?, update: WeightUpdate) {
        guard let dx = inputGradient?.pointer else { return }
        let (y, dy) = (place.output.pointer, outputGradient.pointer)
        if isBounded {
            ck_relu6_backward(y, dy, dx, samples * count)
        } else {
            ck_relu_backward(y, dy, dx, samples * count)
        }
    }
}

/// Where dropout's random numbers come from.
final class DropoutSource {
    var stream: RandomStream?
}

/// Zero with probability `rate`, else x / (1 - rate). Each forward pass draws one number for each value.
final class DropoutLayer: Layer {
    private let place: LayerPlace
    private let count: Int
    private let rate: Float
    private let source: DropoutSource
    /// 0 or 1 / (1 - rate) for each value.
    private let factors: FloatView

    init(_ place: LayerPlace, rate: Float, source: DropoutSource, arena: inout Arena) {
        self.place = place
        self.rate = rate
        self.source = source
        count = place.block.output.count
        factors = arena.take(place.batch * count)
    }

    func forward(samples: Int) {
        guard var stream = source.stream else {
            preconditionFailure("\(place.block.name) needs the network's dropoutStream")
        }
        source.stream = nil
        let count = samples * count
        let kept = (1 / (1 - rate)).bitPattern
        // Of 2^24 equally likely numbers so many are below `rate`.
        let zeros = UInt32((rate * 0x1p24).rounded(.up))
        factors.pointer.withMemoryRebound(to: UInt32.self, capacity: count) { words in
            stream.fill(UnsafeMutableBufferPointer(start: words, count: count))
            for i in 0..<count {
                let isKept: UInt32 = words[i] >> 8 < zeros ? 0 : .max
                words[i] = isKept & kept
            }
        }
        source.stream = stream
        ck_multiply(place.input.pointer, factors.pointer, place.output.pointer, count)
    }

    func backward(samples: Int, outputGradient: FloatView, inputGradient: FloatView?, update: WeightUpdate) {
        guard let inputGradient else { return }
        ck_multiply(outputGradient.pointer, factors.pointer, inputGradient.pointer, samples * count)
    }
}

import TensorMath

/// Whole planes moved: some of them, between planes of zeros, or in another order.
final class ChannelLayer: Layer {
    private let place: LayerPlace
    private let plane: Int
    /// For each output channel the input channel that it is; nil for zeros.
    private let origins: [Int?]

    init(_ place: LayerPlace) {
        self.place = place
        let channels = place.block.input.channels
        plane = place.block.input.height * place.block.input.width
        switch place.block.spec {
        case .slice(let some): origins = some.map { $0 }
        case .padChannels(let before, let after):
            origins =
                Array(repeating: nil, count: before) + (0..<channels).map { $0 }
                + Array(repeating: nil, count: after)
        case .shuffle(let groups):
            origins = (0..<channels).map { $0 % groups * (channels / groups) + $0 / groups }
        default: preconditionFailure("\(place.block.name) moves no channels")
        }
    }

    private func part(_ view: FloatView, _ sample: Int, _ channel: Int, of channels: Int) -> FloatView {
        view.slice((sample * channels + channel) * plane, plane)
    }

    func forward(samples: Int) {
        let channels = place.block.input.channels
        for n in 0..<samples {
            for (index, origin) in origins.enumerated() {
                let to = part(place.output, n, index, of: origins.count)
                if let origin {
                    to.copy(from: part(place.input, n, origin, of: channels))
                } else {
                    to.fill(0)
                }
            }
        }
    }

    func backward(samples: Int, outputGradient: FloatView, inputGradient: FloatView?, update: WeightUpdate) {
        guard let inputGradient else { return }
        let channels = place.block.input.channels
        inputGradient.slice(0, samples * place.block.input.count).fill(0)
        for n in 0..<samples {
            for (index, origin) in origins.enumerated() {
                guard let origin else { continue }
                part(inputGradient, n, origin, of: channels).copy(
                    from: part(outputGradient, n, index, of: origins.count))
            }
        }
    }
}

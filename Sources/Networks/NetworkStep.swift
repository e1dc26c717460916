import CKernels
import TensorMath

/// A step of a network: where its values stand and how to compute them.
struct NetworkStep {
    enum Operation {
        case layer(any Layer)
        case sum(relu: Bool)
        /// With each source's values of one sample.
        case concatenation([Int])
    }

    let operation: Operation
    /// Values: the index of the step that computes them, or -1 for the network's input.
    let sources: [Int]
    let inputs: [FloatView]
    let output: FloatView
    /// Values of one sample's output.
    let outputCount: Int
    let parameters: LayerParameters?
    /// Whether anything that is to have a gradient lies at or below it.
    let needed: Bool
    /// The gradient of its output; nil where none is needed.
    let gradient: FloatView?
    let isShared: Bool

    func clearGradients() {
        parameters?.weightGradient?.fill(0)
        parameters?.biasGradient?.fill(0)
    }

    /// With `mixture` the parameters are its.
    func forward(samples: Int, mixture: Mixture? = nil) {
        let count = samples * outputCount
        switch operation {
        case .layer(let layer):
            if let mixture { parameters?.mix(mixture, withWeight: !layer.descends(samples: samples)) }
            layer.forward(samples: samples, mixture: mixture)
        case .sum(let relu):
            if inputs.isEmpty { output.slice(0, count).fill(0) }
            if inputs.count == 1 { output.slice(0, count).copy(from: inputs[0].slice(0, count)) }
            var index = 1
            while index < inputs.count {
                let before = index == 1 ? inputs[0] : output
                ck_add(before.pointer, inputs[index].pointer, relu ? 1 : 0, output.pointer, count)
                index += 1
            }
        case .concatenation(let counts):
            var offset = 0
            for (input, part) in zip(inputs, counts) {
                for n in 0..<samples {
                    output.slice(n * outputCount + offset, part).copy(from: input.slice(n * part, part))
                }
                offset += part
            }
        }
    }
}

extension FloatView {
    /// One source's part of the gradient of a concatenation, or adds it.
    func takePart(
        of whole: FloatView, from offset: Int, each part: Int, every stride: Int, samples: Int, adding: Bool
    ) {
        for n in 0..<samples {
            let from = whole.slice(n * stride + offset, part)
            let to = slice(n * part, part)
            if adding { ck_axpy(1, from.pointer, to.pointer, part) } else { to.copy(from: from) }
        }
    }
}

import CKernels
import TensorMath

extension ck_pool {
    fileprivate init(_ block: NetworkPlan.Block) {
        let (input, output) = (block.input, block.output)
        var (rows, columns, step, zeros) = (input.height, input.width, 1, 0)
        switch block.spec {
        case .maxPool(let kernel, let stride, let padding, _),
            .averagePool(let kernel, let stride, let padding):
            (rows, columns, step, zeros) = (kernel, kernel, stride, padding)
        default: break
        }
        self.init(
            height: Int64(input.height), width: Int64(input.width), out_height: Int64(output.height),
            out_width: Int64(output.width), kernel_height: Int64(rows), kernel_width: Int64(columns),
            stride: Int64(step), padding: Int64(zeros))
    }
}

/// Maximum of windows, where it could not be fused into the convolution before.
final class MaxPoolLayer: Layer {
    private let place: LayerPlace
    private var shape: ck_pool
    /// Bytes, four to a Float.
    private let codes: FloatView

    init(_ place: LayerPlace, arena: inout Arena) {
        self.place = place
        shape = ck_pool(place.block)
        codes = arena.take((place.batch * place.block.output.count + 3) / 4)
    }

    func forward(samples: Int) {
        ck_max_pool(
            &shape, Int64(samples * place.block.input.channels), place.input.pointer, place.output.pointer,
            codes.pointer)
    }

    func backward(samples: Int, outputGradient: FloatView, inputGradient: FloatView?, update: WeightUpdate) {
        guard let inputGradient else { return }
        ck_max_pool_backward(
            &shape, Int64(samples * place.block.input.channels), outputGradient.pointer, codes.pointer,
            inputGradient.pointer)
    }
}

/// Mean of windows, of which a whole plane may be one.
final class AveragePoolLayer: Layer {
    private let place: LayerPlace
    private var shape: ck_pool

    init(_ place: LayerPlace) {
        self.place = place
        shape = ck_pool(place.block)
    }

    func forward(samples: Int) {
        ck_average_pool(
            &shape, Int64(samples * place.block.input.channels), place.input.pointer, place.output.pointer)
    }

    func backward(samples: Int, outputGradient: FloatView, inputGradient: FloatView?, update: WeightUpdate) {
        guard let inputGradient else { return }
        ck_average_pool_backward(
            &shape, Int64(samples * place.block.input.channels), outputGradient.pointer,
            inputGradient.pointer)
    }
}

/// Mean of windows that share a plane out evenly and may overlap.
final class AdaptiveAveragePoolLayer: Layer {
    private let place: LayerPlace

    init(_ place: LayerPlace) { self.place = place }

    /// What part `index` of `count` takes of a side.
    private static func window(_ index: Int, of count: Int, side: Int) -> Range<Int> {
        (index * side / count)..<(((index + 1) * side + count - 1) / count)
    }

    /// Hands every output of the first `samples` with its window's rows and columns to `body`; `from` is where
    /// the window's plane begins, `to` the output.
    private func forEachWindow(
        samples: Int, _ body: (_ from: Int, _ to: Int, _ rows: Range<Int>, _ columns: Range<Int>) -> Void
    ) {
        let (input, output) = (place.block.input, place.block.output)
        var to = 0
        for plane in 0..<samples * input.channels {
            for row in 0..<output.height {
                let rows = Self.window(row, of: output.height, side: input.height)
                for column in 0..<output.width {
                    let columns = Self.window(column, of: output.width, side: input.width)
                    body(plane * input.height * input.width, to, rows, columns)
                    to += 1
                }
            }
        }
    }

    func forward(samples: Int) {
        let (x, y, width) = (place.input.pointer, place.output.pointer, place.block.input.width)
        forEachWindow(samples: samples) { from, to, rows, columns in
            var sum: Float = 0
            for row in rows {
                for column in columns { sum += x[from + row * width + column] }
            }
            y[to] = sum / Float(rows.count * columns.count)
        }
    }

    func backward(samples: Int, outputGradient: FloatView, inputGradient: FloatView?, update: WeightUpdate) {
        guard let inputGradient else { return }
        inputGradient.slice(0, samples * place.block.input.count).fill(0)
        let (dy, dx, width) = (outputGradient.pointer, inputGradient.pointer, place.block.input.width)
        forEachWindow(samples: samples) { from, to, rows, columns in
            let share = dy[to] / Float(rows.count * columns.count)
            for row in rows {
                for column in columns { dx[from + row * width + column] += share }
            }
        }
    }
}

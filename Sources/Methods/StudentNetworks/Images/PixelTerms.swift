import CKernels
import Networks
import TensorMath

/// Terms of a loss that are functions of the pixels alone. Each returns its value before its weight and adds `weight`
/// times its gradient to `gradient`; where a norm is zero, so is its gradient.
package enum PixelTerms {
    /// Neighbours that are compared: rows down and columns to the right.
    private static let neighbours = [(0, 1), (1, 0), (1, -1), (1, 1)]

    /// Total variation as DeepInversion has it: for each of the four neighbours the Euclidean norm of all differences
    /// between a pixel and it, within the images. `images`: [n, C, H, W] of `shape`.
    package static func variation(
        _ images: FloatView, shape: Shape, weight: Double, gradient: FloatView
    ) -> Double {
        precondition(images.count % shape.count == 0, "\(images.count) pixels in images of \(shape)")
        precondition(gradient.count == images.count, "\(gradient.count) gradients")
        let planes = images.count / (shape.height * shape.width)
        return neighbours.reduce(0) { sum, neighbour in
            let (down, right) = neighbour
            let width = shape.width - abs(right)
            guard shape.height > down, width > 0 else { return sum }
            let offset = down * shape.width + right
            /// Calls `body` with where each run of pixels begins that have this neighbour.
            func forEachRun(_ body: (_ start: Int) -> Void) {
                for plane in 0..<planes {
                    for row in 0..<(shape.height - down) {
                        body((plane * shape.height + row) * shape.width + max(0, -right))
                    }
                }
            }
            var squares = 0.0
            forEachRun { squares += ck_squares(images.pointer + $0, images.pointer + $0 + offset, width) }
            let norm = squares.squareRoot()
            if norm > 0 && weight != 0 {
                let scale = Float(weight / norm)
                forEachRun { start in
                    let (near, far) = (images.pointer + start, images.pointer + start + offset)
                    ck_add_difference(scale, near, far, gradient.pointer + start, width)
                    ck_add_difference(scale, far, near, gradient.pointer + start + offset, width)
                }
            }
            return sum + norm
        }
    }

    /// The Euclidean norm of all pixels.
    package static func norm(_ images: FloatView, weight: Double, gradient: FloatView) -> Double {
        precondition(gradient.count == images.count, "\(gradient.count) gradients")
        let norm = ck_squares(images.pointer, nil, images.count).squareRoot()
        if norm > 0 && weight != 0 {
            ck_axpy(Float(weight / norm), images.pointer, gradient.pointer, images.count)
        }
        return norm
    }

    /// Adds a gradient that was found elsewhere.
    static func add(_ values: FloatView, to gradient: FloatView) {
        precondition(gradient.count == values.count, "\(values.count) values to \(gradient.count)")
        ck_axpy(1, values.pointer, gradient.pointer, values.count)
    }
}

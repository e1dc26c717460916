import CKernels
import TensorMath
import Testing

/// Families of kernels that this processor can run.
let families = (Int32(CK_PORTABLE)...ck_supported_family()).map { $0 }

/// Runs `body` with the kernels of `family`.
func withFamily(_ family: Int32, _ body: () throws -> Void) rethrows {
    _ = FloatBuffer(count: 1)
    let before = ck_family()
    ck_set_family(family)
    defer { ck_set_family(before) }
    try body()
}

func randomValues(_ count: Int, _ stream: inout RandomStream) -> [Float] {
    (0..<count).map { _ in 2 * stream.uniform() - 1 }
}

/// Convolution, its ReLU and 2 x 2 maximum in the dumbest possible way.
struct PlainConvolution {
    var shape: ck_convolution
    var x: [Float]
    var weights: [Float]
    var bias: [Float]

    private var s: (c: Int, h: Int, w: Int, o: Int, oh: Int, ow: Int, k: Int, stride: Int, p: Int) {
        (
            Int(shape.channels), Int(shape.height), Int(shape.width), Int(shape.outputs),
            Int(shape.out_height),
            Int(shape.out_width), Int(shape.kernel), Int(shape.stride), Int(shape.padding)
        )
    }

    /// Calls `body` with the indices of every output, input and weight that belong together.
    func forEachProduct(_ body: (Int, Int, Int) -> Void) {
        for o in 0..<s.o {
            for i in 0..<s.oh {
                for j in 0..<s.ow {
                    for c in 0..<s.c {
                        for a in 0..<s.k {
                            for b in 0..<s.k {
                                let (y, x) = (i * s.stride + a - s.p, j * s.stride + b - s.p)
                                if y < 0 || x < 0 || y >= s.h || x >= s.w { continue }
                                body(
                                    (o * s.oh + i) * s.ow + j, (c * s.h + y) * s.w + x,
                                    ((o * s.c + c) * s.k + a) * s.k + b)
                            }
                        }
                    }
                }
            }
        }
    }

    func forward() -> [Float] {
        let plane = s.oh * s.ow
        var y = (0..<(s.o * plane)).map { Double(bias[$0 / plane]) }
        forEachProduct { y[$0] += Double(x[$1]) * Double(weights[$2]) }
        return y.map { Float($0) }
    }

    func backward(_ dy: [Float]) -> (dx: [Float], weights: [Float], bias: [Float]) {
        var dx = [Double](repeating: 0, count: x.count)
        var dw = [Double](repeating: 0, count: weights.count)
        forEachProduct {
            dx[$1] += Double(dy[$0]) * Double(weights[$2])
            dw[$2] += Double(dy[$0]) * Double(x[$1])
        }
        let plane = s.oh * s.ow
        let db = (0..<s.o).map { dy[($0 * plane)..<(($0 + 1) * plane)].reduce(0.0) { $0 + Double($1) } }
        return (dx.map { Float($0) }, dw.map { Float($0) }, db.map { Float($0) })
    }
}

extension NetworksTests {
    /// Convolutions in C against plain loops, in every family.
    @Suite struct ConvolutionKernelTests {
        /// Arrays that one call needs, and the calls.
        private struct Subject {
            var shape: ck_convolution
            let sizes: ck_convolution_sizes
            var padded: [Float]
            var forwardWeights: [Float]
            var backwardWeights: [Float]
            var products: [Float]
            var paddedGradient: [Float]
            var weightSums: [Float]
            var biasSums: [Float]
            var codes: [UInt8]

            init(_ reference: PlainConvolution) {
                shape = reference.shape
                sizes = ck_convolution_scratch(&shape)
                func zeros(_ count: Int64) -> [Float] { Array(repeating: 0, count: Int(count)) }
                padded = zeros(sizes.padded_input)
                forwardWeights = zeros(sizes.forward_weights)
                backwardWeights = zeros(sizes.backward_weights)
                products = zeros(sizes.products)
                paddedGradient = zeros(sizes.padded_gradient)
                weightSums = zeros(sizes.forward_weights)
                biasSums = zeros((shape.outputs + 15) / 16 * 16)
                codes = Array(repeating: 0, count: Int(sizes.pool_codes))
                ck_convolution_pack(&shape, reference.weights, &forwardWeights, &backwardWeights)
            }

            mutating func forward(_ reference: PlainConvolution, relu: Bool, pool: Bool) -> [Float] {
                let plane =
                    pool ? (shape.out_height / 2) * (shape.out_width / 2) : shape.out_height * shape.out_width
                var y = [Float](repeating: .nan, count: Int(shape.outputs * plane))
                if pool {
                    ck_convolution_forward(
                        &shape, reference.x, forwardWeights, reference.bias, relu ? 1 : 0, &padded, &products,
                        &y,
                        &codes)
                } else {
                    ck_convolution_forward(
                        &shape, reference.x, forwardWeights, reference.bias, relu ? 1 : 0, &padded, &products,
                        &y, nil)
                }
                return y
            }

            /// With gradients of weights and bias added to what there was, and scaled by `scale` onto zeros.
            mutating func backward(
                _ dy: [Float], y: [Float]?, pool: Bool, scale: Float
            ) -> (dx: [Float], weights: [Float], bias: [Float]) {
                var dx = [Float](repeating: .nan, count: Int(shape.channels * shape.height * shape.width))
                let y = y ?? []
                y.withUnsafeBufferPointer { outputs in
                    codes.withUnsafeBufferPointer { places in
                        ck_convolution_backward(
                            &shape, dy, outputs.isEmpty ? nil : outputs.baseAddress,
                            pool ? UnsafeRawPointer(places.baseAddress) : nil, padded, backwardWeights,
                            &paddedGradient, &products, &weightSums, &biasSums, &dx)
                    }
                }
                let count = shape.outputs * shape.channels * shape.kernel * shape.kernel
                var target = [Float](repeating: 1, count: Int(count))
                ck_convolution_unpack(&shape, weightSums, scale, 0, &target)
                return (dx, target, biasSums[..<Int(shape.outputs)].map { $0 * scale })
            }
        }

        private func reference(
            _ c: Int, _ h: Int, _ w: Int, _ o: Int, _ k: Int, _ stride: Int, _ p: Int,
            _ stream: inout RandomStream
        ) -> PlainConvolution {
            let shape = ck_convolution(
                channels: Int64(c), height: Int64(h), width: Int64(w), outputs: Int64(o),
                out_height: Int64((h + 2 * p - k) / stride + 1),
                out_width: Int64((w + 2 * p - k) / stride + 1),
                kernel: Int64(k), stride: Int64(stride), padding: Int64(p))
            return PlainConvolution(
                shape: shape, x: randomValues(c * h * w, &stream),
                weights: randomValues(o * c * k * k, &stream),
                bias: randomValues(o, &stream))
        }

        /// One pixel, one channel, kernels above the input, channels around the width of vectors and panels,
        /// and images that tiles of 6 x 6 cover, with pixels to spare and without.
        private static let shapes = [
            [1, 1, 1, 1, 1, 1, 0], [1, 1, 1, 1, 3, 1, 1], [3, 1, 1, 2, 5, 1, 2], [1, 2, 2, 1, 5, 1, 2],
            [1, 3, 2, 4, 7, 2, 3], [2, 4, 4, 3, 1, 3, 0], [2, 5, 4, 3, 2, 1, 4], [16, 4, 4, 16, 3, 1, 1],
            [17, 5, 3, 33, 3, 1, 1], [15, 3, 29, 31, 3, 1, 1], [4, 6, 15, 32, 5, 1, 2],
            [32, 4, 13, 48, 3, 2, 1],
            [1, 28, 28, 32, 5, 1, 2], [32, 14, 14, 64, 5, 1, 2], [8, 9, 9, 5, 4, 3, 2],
            [8, 8, 8, 8, 3, 1, 1], [64, 8, 8, 64, 3, 1, 1], [16, 32, 9, 33, 3, 1, 1],
            [17, 7, 7, 20, 3, 1, 1],
            [9, 40, 6, 8, 3, 1, 0], [12, 5, 6, 11, 3, 1, 4], [24, 11, 7, 9, 5, 1, 2],
            [8, 8, 12, 40, 5, 1, 0],
            [33, 3, 4, 17, 5, 1, 5],
        ]

        @Test(arguments: families)
        func agreesWithLoops(family: Int32) throws {
            var stream = RandomStream(RandomKey(seed: 21, purpose: .test))
            var shapes = Self.shapes
            for _ in 0..<25 {
                let k = 1 + stream.index(below: 6)
                let p = stream.index(below: 4)
                let least = max(1, k - 2 * p)
                shapes.append([
                    1 + stream.index(below: 20), least + stream.index(below: 12),
                    least + stream.index(below: 20),
                    1 + stream.index(below: 40), k, 1 + stream.index(below: 3), p,
                ])
            }
            try withFamily(family) {
                for s in shapes {
                    let plain = reference(s[0], s[1], s[2], s[3], s[4], s[5], s[6], &stream)
                    var subject = Subject(plain)
                    let expected = plain.forward()
                    expectClose(subject.forward(plain, relu: false, pool: false), expected, "\(s) forward")
                    let y = subject.forward(plain, relu: true, pool: false)
                    expectClose(y, expected.map { max($0, 0) }, "\(s) with relu")
                    let dy = randomValues(expected.count, &stream)
                    let gradients = plain.backward(zip(dy, y).map { $1 > 0 ? $0 : 0 })
                    let found = subject.backward(dy, y: y, pool: false, scale: 1)
                    expectClose(found.dx, gradients.dx, "\(s) input gradient")
                    expectClose(found.weights, gradients.weights, "\(s) weight gradient")
                    expectClose(found.bias, gradients.bias, "\(s) bias gradient")
                    let twice = subject.backward(dy, y: y, pool: false, scale: 0.5)
                    expectClose(twice.weights, gradients.weights, "\(s) two samples' weight gradient, halved")
                    try pooled(plain, expected, &stream, "\(s)")
                }
            }
        }

        /// The same with the 2 x 2 maximum.
        private func pooled(
            _ plain: PlainConvolution, _ products: [Float], _ stream: inout RandomStream, _ what: String
        ) throws {
            let (height, width) = (Int(plain.shape.out_height), Int(plain.shape.out_width))
            if height < 2 || width < 2 { return }
            for relu in [false, true] {
                var subject = Subject(plain)
                let count = Int(plain.shape.outputs) * (height / 2) * (width / 2)
                let dy = randomValues(count, &stream)
                var expected: [Float] = []
                var unpooled = [Float](repeating: 0, count: products.count)
                for o in 0..<Int(plain.shape.outputs) {
                    for i in 0..<(height / 2) {
                        for j in 0..<(width / 2) {
                            let corner = (o * height + 2 * i) * width + 2 * j
                            let places = [corner, corner + 1, corner + width, corner + width + 1]
                            let best = try #require(places.max { products[$0] < products[$1] })
                            let open = !relu || products[best] > 0
                            if open { unpooled[best] = dy[expected.count] }
                            expected.append(open ? products[best] : 0)
                        }
                    }
                }
                expectClose(subject.forward(plain, relu: relu, pool: true), expected, "\(what) pooled")
                let gradients = plain.backward(unpooled)
                let found = subject.backward(dy, y: nil, pool: true, scale: 1)
                expectClose(found.dx, gradients.dx, "\(what) pooled input gradient")
                expectClose(found.weights, gradients.weights, "\(what) pooled weight gradient")
                expectClose(found.bias, gradients.bias, "\(what) pooled bias gradient")
            }
        }
    }
}

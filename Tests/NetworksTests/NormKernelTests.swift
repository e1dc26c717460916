import CKernels
import Foundation
import TensorMath
import Testing

extension NetworksTests {
    /// Norms, depthwise convolutions, padded pools and small loops in C against plain ones, in every family.
    @Suite struct NormKernelTests {
        /// Mean, 1 / deviation and their gradient for values that are normalised together.
        private func plainNorm(_ x: [Double], _ g: [Double]) -> (y: [Double], dx: [Double]) {
            let n = Double(x.count)
            let mean = x.reduce(0, +) / n
            let variance = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n
            let inverse = 1 / (variance + 1e-5).squareRoot()
            let y = x.map { ($0 - mean) * inverse }
            let sum = g.reduce(0, +) / n
            let slope = zip(g, y).reduce(0) { $0 + $1.0 * $1.1 } / n
            return (y, zip(g, y).map { inverse * ($0 - sum - $1 * slope) })
        }

        private static let sizes = [
            (1, 1, 1), (1, 2, 3), (2, 1, 15), (3, 4, 16), (2, 3, 17), (5, 2, 33), (33, 2, 1), (40, 3, 4),
            (2, 2, 1100), (70, 4, 49),
        ]

        @Test(arguments: families)
        func batchNormAgreesWithLoops(family: Int32) {
            var stream = RandomStream(RandomKey(seed: 41, purpose: .test))
            withFamily(family) {
                for (samples, channels, plane) in Self.sizes {
                    for activation in [CK_LINEAR, CK_RELU, CK_RELU6] {
                        batchNorm(samples, channels, plane, Int32(activation), &stream)
                    }
                }
            }
        }

        private func batchNorm(
            _ samples: Int, _ channels: Int, _ plane: Int, _ activation: Int32, _ stream: inout RandomStream
        ) {
            let what = "\(samples) x \(channels) x \(plane), activation \(activation)"
            let count = samples * channels * plane
            let x = randomValues(count, &stream).map { 3 * $0 + 5 }
            let dy = randomValues(count, &stream)
            let (weight, bias) = (
                randomValues(channels, &stream).map { 4 * $0 }, randomValues(channels, &stream)
            )
            var norm = ck_norm(
                channels: Int64(channels), plane: Int64(plane), groups: 1, epsilon: 1e-5, momentum: 0.1,
                activation: activation)
            var statistics = [Float](repeating: 0, count: 4 * channels)
            var (mean, variance) = (randomValues(channels, &stream), bias.map { abs($0) + 1 })
            let oldMean = mean
            var y = [Float](repeating: .nan, count: count)
            ck_batch_norm(&norm, Int64(samples), x, weight, bias, &mean, &variance, 1, &statistics, &y)
            var dx = [Float](repeating: .nan, count: count)
            var (dw, db) = (weight, bias)
            ck_batch_norm_backward(
                &norm, Int64(samples), x, dy, weight, statistics, 1, 0.5, 1, &dw, &db, &dx)
            var only = [Float](repeating: .nan, count: count)
            ck_batch_norm_backward(&norm, Int64(samples), x, dy, weight, statistics, 1, 1, 0, nil, nil, &only)
            #expect(only == dx, "\(what): without weights")
            for c in 0..<channels {
                let places = (0..<(samples * plane)).map { ($0 / plane * channels + c) * plane + $0 % plane }
                let plain = plainNorm(places.map { Double(x[$0]) }, places.map { _ in 0 })
                let z = plain.y.map { $0 * Double(weight[c]) + Double(bias[c]) }
                let expected = z.map { v in
                    activation == CK_LINEAR ? v : activation == CK_RELU ? max(v, 0) : min(max(v, 0), 6)
                }
                expectClose(places.map { y[$0] }, expected.map { Float($0) }, "\(what) forward")
                let g = places.indices.map { i -> Double in
                    let closed = activation != CK_LINEAR && y[places[i]] <= 0
                    return closed || (activation == CK_RELU6 && y[places[i]] >= 6) ? 0 : Double(dy[places[i]])
                }
                let back = plainNorm(places.map { Double(x[$0]) }, g.map { $0 * Double(weight[c]) })
                expectClose(
                    places.map { dx[$0] }, back.dx.map { Float($0) }, tolerance: 1e-4,
                    "\(what) input gradient")
                let slope = zip(g, plain.y).reduce(0) { $0 + $1.0 * $1.1 }
                expectClose([dw[c]], [weight[c] + 0.5 * Float(slope)], tolerance: 2e-5, "\(what) weight")
                expectClose([db[c]], [bias[c] + 0.5 * Float(g.reduce(0, +))], "\(what) bias")
                let middle = places.reduce(0.0) { $0 + Double(x[$1]) } / Double(places.count)
                expectClose([mean[c]], [0.9 * oldMean[c] + 0.1 * Float(middle)], "\(what) running mean")
            }
        }

        @Test(arguments: families)
        func groupNormAgreesWithLoops(family: Int32) {
            var stream = RandomStream(RandomKey(seed: 42, purpose: .test))
            withFamily(family) {
                for (samples, channels, plane) in Self.sizes where channels * plane > 1 {
                    for groups in 1...channels where channels % groups == 0 && channels / groups * plane > 1 {
                        groupNorm(samples, channels, plane, groups, &stream)
                    }
                }
            }
        }

        private func groupNorm(
            _ samples: Int, _ channels: Int, _ plane: Int, _ groups: Int, _ stream: inout RandomStream
        ) {
            let what = "\(samples) x \(channels) x \(plane) in \(groups)"
            let count = samples * channels * plane
            let (x, dy) = (randomValues(count, &stream).map { 2 * $0 + 1 }, randomValues(count, &stream))
            let (weight, bias) = (randomValues(channels, &stream), randomValues(channels, &stream))
            var norm = ck_norm(
                channels: Int64(channels), plane: Int64(plane), groups: Int64(groups), epsilon: 1e-5,
                momentum: 0,
                activation: 0)
            var statistics = [Float](repeating: 0, count: 2 * samples * groups)
            var y = [Float](repeating: .nan, count: count)
            ck_group_norm(&norm, Int64(samples), x, weight, bias, &statistics, &y)
            var dx = y
            var (dw, db) = ([Float](repeating: 0, count: channels), [Float](repeating: 0, count: channels))
            ck_group_norm_backward(&norm, Int64(samples), x, dy, weight, statistics, &dw, &db, &dx)
            let run = channels / groups * plane
            var (plainY, plainDX) = ([Float](), [Float]())
            var plainDW = [Double](repeating: 0, count: channels)
            for first in stride(from: 0, to: count, by: run) {
                let places = first..<(first + run)
                func channel(_ i: Int) -> Int { i / plane % channels }
                let plain = plainNorm(
                    places.map { Double(x[$0]) }, places.map { Double(dy[$0] * weight[channel($0)]) })
                for (i, value) in zip(places, plain.y) {
                    plainY.append(Float(value) * weight[channel(i)] + bias[channel(i)])
                    plainDW[channel(i)] += value * Double(dy[i])
                }
                plainDX += plain.dx.map { Float($0) }
            }
            expectClose(y, plainY, "\(what) forward")
            expectClose(dx, plainDX, tolerance: 2e-5, "\(what) input gradient")
            expectClose(dw, plainDW.map { Float($0) }, tolerance: 2e-5, "\(what) weights")
        }

        @Test(arguments: families)
        func depthwiseAgreesWithLoops(family: Int32) {
            var stream = RandomStream(RandomKey(seed: 43, purpose: .test))
            withFamily(family) {
                for (c, h, w, k, step, p) in [
                    (1, 1, 1, 1, 1, 0), (1, 1, 1, 3, 1, 1), (3, 5, 4, 3, 1, 1), (16, 6, 7, 3, 2, 1),
                    (17, 9, 5, 5, 1, 2),
                    (33, 4, 4, 2, 2, 0), (5, 7, 7, 8, 1, 3), (20, 3, 2, 4, 3, 3), (16, 2, 2, 3, 1, 4),
                    (40, 12, 11, 7, 2, 3),
                ] {
                    depthwise(c, h, w, k, step, p, &stream)
                }
            }
        }

        private func depthwise(
            _ c: Int, _ h: Int, _ w: Int, _ k: Int, _ step: Int, _ p: Int, _ stream: inout RandomStream
        ) {
            let what = "\(c) x \(h) x \(w), kernel \(k), stride \(step), padding \(p)"
            let (rows, columns) = ((h + 2 * p - k) / step + 1, (w + 2 * p - k) / step + 1)
            var shape = ck_convolution(
                channels: Int64(c), height: Int64(h), width: Int64(w), outputs: Int64(c),
                out_height: Int64(rows),
                out_width: Int64(columns), kernel: Int64(k), stride: Int64(step), padding: Int64(p))
            let sizes = ck_depthwise_scratch(&shape)
            func zeros(_ count: Int64) -> [Float] { Array(repeating: 0, count: Int(count)) }
            let x = randomValues(c * h * w, &stream)
            let weights = randomValues(c * k * k, &stream)
            let bias = randomValues(c, &stream)
            let dy = randomValues(c * rows * columns, &stream)
            var y = (0..<dy.count).map { Double(bias[$0 / (rows * columns)]) }
            var dx = [Double](repeating: 0, count: x.count)
            var dw = [Double](repeating: 0, count: weights.count)
            for o in 0..<dy.count {
                let (channel, i, j) = (o / (rows * columns), o / columns % rows, o % columns)
                for t in 0..<(k * k) {
                    let (a, b) = (i * step + t / k - p, j * step + t % k - p)
                    if a < 0 || b < 0 || a >= h || b >= w { continue }
                    let (from, weight) = ((channel * h + a) * w + b, channel * k * k + t)
                    y[o] += Double(x[from]) * Double(weights[weight])
                    dx[from] += Double(dy[o]) * Double(weights[weight])
                    dw[weight] += Double(dy[o]) * Double(x[from])
                }
            }
            var (packed, padded, products) = (
                zeros(sizes.forward_weights), zeros(sizes.padded_input), zeros(sizes.products)
            )
            var found = [Float](repeating: .nan, count: dy.count)
            ck_depthwise_pack(&shape, weights, 0, &packed)
            ck_depthwise_forward(&shape, x, packed, bias, &padded, &products, &found)
            expectClose(found, y.map { Float($0) }, "\(what) forward")
            ck_depthwise_pack(&shape, weights, 1, &packed)
            var (gradient, sums, biases) = (
                zeros(sizes.padded_gradient), zeros(sizes.forward_weights), zeros(Int64((c + 15) / 16 * 16))
            )
            var back = [Float](repeating: .nan, count: x.count)
            for _ in 0..<2 {
                ck_depthwise_backward(
                    &shape, x, dy, packed, &padded, &gradient, &products, &sums, &biases, &back)
            }
            expectClose(back, dx.map { Float($0) }, "\(what) input gradient")
            var target = weights
            ck_depthwise_unpack(&shape, sums, -0.25, 1, &target)
            expectClose(target, zip(weights, dw).map { $0 - 0.5 * Float($1) }, "\(what) moved weights")
            let db = (0..<c).map { ch in dy[(ch * rows * columns)..<((ch + 1) * rows * columns)].reduce(0, +)
            }
            expectClose(Array(biases[..<c]), db.map { 2 * $0 }, "\(what) bias")
            back = Array(repeating: .nan, count: x.count)
            ck_depthwise_backward(&shape, x, dy, packed, &padded, &gradient, &products, nil, nil, &back)
            expectClose(back, dx.map { Float($0) }, "\(what) input gradient alone")
        }

        @Test(arguments: families)
        func smallLoops(family: Int32) {
            var stream = RandomStream(RandomKey(seed: 44, purpose: .test))
            withFamily(family) {
                for count in [1, 15, 16, 33, 5000] {
                    let (a, b) = (randomValues(count, &stream).map { 8 * $0 }, randomValues(count, &stream))
                    var y = [Float](repeating: .nan, count: count)
                    ck_relu6(a, &y, count)
                    #expect(y == a.map { min(max($0, 0), 6) })
                    var dx = b
                    dx.withUnsafeMutableBufferPointer {
                        ck_relu6_backward(y, $0.baseAddress, $0.baseAddress, count)
                    }
                    #expect(dx == zip(a, b).map { $0 > 0 && $0 < 6 ? $1 : 0 })
                    dx = b
                    dx.withUnsafeMutableBufferPointer {
                        ck_relu_backward(y, $0.baseAddress, $0.baseAddress, count)
                    }
                    #expect(dx == zip(a, b).map { $0 > 0 ? $1 : 0 })
                    ck_add(a, b, 0, &y, count)
                    #expect(y == zip(a, b).map { $0 + $1 })
                    ck_add(a, b, 1, &y, count)
                    #expect(y == zip(a, b).map { max($0 + $1, 0) })
                    ck_multiply(a, b, &y, count)
                    #expect(y == zip(a, b).map { $0 * $1 })
                    ck_scale(0.5, &y, count)
                    #expect(y == zip(a, b).map { $0 * $1 * 0.5 })
                    ck_difference(a, b, 2, &y, count)
                    #expect(y == zip(a, b).map { 2 * ($0 - $1) })
                    let sum = zip(a, b).reduce(0.0) { $0 + pow(Double($1.0) - Double($1.1), 2) }
                    #expect(abs(ck_squares(a, b, count) - sum) <= 1e-6 * sum)
                    let squares = a.reduce(0.0) { $0 + Double($1) * Double($1) }
                    #expect(abs(ck_squares(a, nil, count) - squares) <= 1e-6 * squares)
                }
            }
        }

        @Test(arguments: families)
        func paddedPoolsAgreeWithLoops(family: Int32) {
            var stream = RandomStream(RandomKey(seed: 45, purpose: .test))
            withFamily(family) {
                for (h, w, k, step, p, rows, columns) in [
                    (5, 4, 3, 1, 1, 5, 4), (7, 6, 3, 2, 1, 4, 3), (8, 8, 3, 2, 0, 4, 4),
                    (1, 1, 2, 1, 1, 2, 2),
                ] {
                    var shape = ck_pool(
                        height: Int64(h), width: Int64(w), out_height: Int64(rows), out_width: Int64(columns),
                        kernel_height: Int64(k), kernel_width: Int64(k), stride: Int64(step),
                        padding: Int64(p))
                    let (x, dy) = (
                        randomValues(2 * h * w, &stream), randomValues(2 * rows * columns, &stream)
                    )
                    var (greatest, mean) = ([Float](), [Float]())
                    var (toGreatest, toMean) = (x.map { _ in Float(0) }, x.map { _ in Float(0) })
                    for o in 0..<dy.count {
                        let (plane, i, j) = (o / (rows * columns), o / columns % rows, o % columns)
                        let window = (0..<(k * k)).compactMap { t -> Int? in
                            let (a, b) = (i * step - p + t / k, j * step - p + t % k)
                            return a < 0 || b < 0 || a >= h || b >= w ? nil : (plane * h + a) * w + b
                        }
                        let best = window.reduce(window[0]) { x[$1] > x[$0] ? $1 : $0 }
                        greatest.append(x[best])
                        mean.append(window.reduce(0) { $0 + x[$1] } / Float(window.count))
                        toGreatest[best] += dy[o]
                        for place in window { toMean[place] += dy[o] / Float(window.count) }
                    }
                    var codes = [UInt8](repeating: 0, count: dy.count)
                    var (y, dx) = (dy, x)
                    ck_max_pool(&shape, 2, x, &y, &codes)
                    #expect(y == greatest)
                    ck_max_pool_backward(&shape, 2, dy, codes, &dx)
                    expectClose(dx, toGreatest, tolerance: 1e-6, "maximum's gradient")
                    ck_average_pool(&shape, 2, x, &y)
                    expectClose(y, mean, tolerance: 1e-6, "mean")
                    ck_average_pool_backward(&shape, 2, dy, &dx)
                    expectClose(dx, toMean, tolerance: 1e-6, "mean's gradient")
                }
            }
        }

        @Test(arguments: families)
        func distillationAgreesWithLoops(family: Int32) {
            var stream = RandomStream(RandomKey(seed: 46, purpose: .test))
            withFamily(family) {
                for (rows, classes, temperature) in [(1, 1, 1), (3, 10, 4), (2, 100, 2)]
                    as [(Int, Int, Float)]
                {
                    let s = randomValues(rows * classes, &stream).map { 20 * $0 }
                    let t = randomValues(rows * classes, &stream).map { 20 * $0 }
                    func softmax(_ x: ArraySlice<Float>) -> [Double] {
                        let parts = x.map { exp((Double($0) - 20) / Double(temperature)) }
                        return parts.map { $0 / parts.reduce(0, +) }
                    }
                    var (loss, gradient) = (0.0, [Float]())
                    for first in stride(from: 0, to: s.count, by: classes) {
                        let (p, q) = (
                            softmax(t[first..<(first + classes)]), softmax(s[first..<(first + classes)])
                        )
                        loss += zip(p, q).reduce(0) { $0 + $1.0 * log($1.0 / $1.1) }
                        gradient += zip(p, q).map { Float(($1 - $0) * Double(temperature) / Double(rows)) }
                    }
                    loss *= Double(temperature * temperature)
                    var found = s
                    let value = ck_distillation(Int64(rows), Int64(classes), s, t, temperature, &found)
                    #expect(abs(value - loss) < 1e-5 * max(1, loss))
                    expectClose(found, gradient, tolerance: 1e-6, "gradient")
                }
            }
        }

        /// FedMAX's kernel does less than distillation from equal logits and leaves the same bits.
        @Test(arguments: families)
        func divergenceFromTheUniformIsDistillationFromEqualLogits(family: Int32) {
            var stream = RandomStream(RandomKey(seed: 47, purpose: .test))
            withFamily(family) {
                for (rows, classes) in [(1, 1), (3, 10), (8, 200), (2, 513)] {
                    let x = randomValues(rows * classes, &stream).map { 20 * $0 }
                    let equal = [Float](repeating: 0, count: x.count)
                    var (slow, fast) = (equal, equal)
                    _ = ck_distillation(Int64(rows), Int64(classes), x, equal, 1, &slow)
                    ck_scale(7, &slow, slow.count)
                    ck_uniform_divergence(Int64(rows), Int64(classes), x, 7, &fast)
                    #expect(slow == fast)
                }
            }
        }
    }
}

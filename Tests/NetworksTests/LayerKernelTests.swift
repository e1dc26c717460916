import CKernels
import Foundation
import TensorMath
import Testing

extension NetworksTests {
    /// Dense layers, pooling, losses and optimisers in C against plain loops, in every family.
    @Suite struct LayerKernelTests {
        /// What methods do to whole models, at lengths around those of vectors.
        @Test(arguments: families)
        func loopsOverModelsAgreeWithTheirDefinitions(family: Int32) {
            var stream = RandomStream(RandomKey(seed: 31, purpose: .test))
            withFamily(family) {
                for count in [1, 7, 8, 16, 17, 63, 64, 65, 4096, 4097, 10_001] {
                    loops(count, &stream)
                }
            }
        }

        private func loops(_ count: Int, _ stream: inout RandomStream) {
            let (a, b, c) = (
                randomValues(count, &stream), randomValues(count, &stream), randomValues(count, &stream)
            )
            func agree(_ found: [Float], _ due: (Int) -> Double, _ what: String) {
                for i in 0..<count where abs(Double(found[i]) - due(i)) > 1e-5 {
                    Issue.record("\(what): \(found[i]) instead of \(due(i)) at \(i) of \(count)")
                    return
                }
            }
            var y = c
            ck_add_difference(0.3, a, b, &y, count)
            agree(y, { Double(c[$0]) + 0.3 * (Double(a[$0]) - Double(b[$0])) }, "add_difference")
            // One pass instead of two, with the same bits.
            var (gradient, fused) = (c, a)
            var moved = a
            var sgd = ck_sgd(learning_rate: 0.2, momentum: 0, weight_decay: 0.01, nesterov: 0, first: 1)
            ck_add_difference(0.3, moved, b, &gradient, count)
            ck_sgd_step(&sgd, &moved, gradient, nil, count)
            b.withUnsafeBufferPointer { anchor in
                var descent = ck_descent(
                    rate: 0.2, decay: 0.01, weight: 0.3, share: 1, anchor: anchor.baseAddress)
                ck_descend(&descent, c, &fused, count)
            }
            #expect(fused == moved, "descend of \(count)")
            fused = a
            b.withUnsafeBufferPointer { direction in
                var descent = ck_descent(
                    rate: 0.2, decay: 0.01, weight: -1, share: 0, anchor: direction.baseAddress)
                ck_descend(&descent, c, &fused, count)
            }
            agree(
                fused,
                {
                    let (w, g, d) = (Double(a[$0]), Double(c[$0]), Double(b[$0]))
                    return w - 0.2 * (g + d + 0.01 * w)
                }, "descend along a direction")
            (fused, moved) = (a, a)
            var free = ck_descent(rate: 0.2, decay: 0.01, weight: 0.3, share: 1, anchor: nil)
            ck_descend(&free, c, &fused, count)
            ck_sgd_step(&sgd, &moved, c, nil, count)
            #expect(fused == moved, "descend of \(count) without an anchor")
            (fused, moved, gradient) = (a, a, c)
            let slope = ck_inner(a, b, c, count)
            func descend(decay: Float) -> Double {
                b.withUnsafeBufferPointer { model in
                    var mixture = ck_mixture(share: 0.3, rate: 0.2, decay: decay, model: model.baseAddress)
                    return ck_mixture_descend(&mixture, c, &fused, count)
                }
            }
            #expect(descend(decay: 0) == slope, "slope of \(count)")
            ck_scale(0.3, &gradient, count)
            var plain = ck_sgd(learning_rate: 0.2, momentum: 0, weight_decay: 0, nesterov: 0, first: 1)
            ck_sgd_step(&plain, &moved, gradient, nil, count)
            #expect(fused == moved, "mixture_descend of \(count)")
            fused = a
            _ = descend(decay: 0.01)
            agree(
                fused, { Double(a[$0]) - 0.2 * (0.3 * Double(c[$0]) + 0.01 * Double(a[$0])) },
                "mixture_descend with decay")
            ck_mix(0.3, a, b, &y, count)
            agree(y, { 0.3 * Double(a[$0]) + 0.7 * Double(b[$0]) }, "mix")
            y = c
            ck_extrapolate(1.7, a, &y, count)
            agree(y, { Double(a[$0]) + 1.7 * (Double(c[$0]) - Double(a[$0])) }, "extrapolate")
            var own = c
            var sent = [Float](repeating: 0, count: count)
            let server = randomValues(count, &stream)
            ck_control_variate(0.5, a, b, server, &own, &sent, count)
            func next(_ i: Int) -> Double {
                Double(c[i]) - Double(server[i]) + 0.5 * (Double(a[i]) - Double(b[i]))
            }
            agree(own, next, "control_variate")
            agree(sent, { Double(server[$0]) + next($0) - Double(c[$0]) }, "control_variate, sent")
            let due = (0..<count).reduce(0.0) { $0 + (Double(a[$1]) - Double(b[$1])) * Double(c[$1]) }
            let size = (0..<count).reduce(0.0) { $0 + abs((Double(a[$1]) - Double(b[$1])) * Double(c[$1])) }
            #expect(abs(ck_inner(a, b, c, count) - due) <= 1e-5 * size, "inner of \(count)")
        }

        @Test(arguments: families)
        func denseAgreesWithLoops(family: Int32) {
            var stream = RandomStream(RandomKey(seed: 22, purpose: .test))
            withFamily(family) {
                for rows in 1...25 {
                    for (inputs, outputs) in [(1, 1), (7, 3), (16, 2), (17, 131), (33, 35), (200, 10)] {
                        dense(rows, inputs, outputs, &stream)
                    }
                }
                // So large that weights are fetched ahead.
                dense(10, 1030, 257, &stream)
            }
        }

        private func dense(_ rows: Int, _ inputs: Int, _ outputs: Int, _ stream: inout RandomStream) {
            let what = "\(rows) x \(inputs) x \(outputs)"
            let x = randomValues(rows * inputs, &stream)
            let weights = randomValues(inputs * outputs, &stream)
            let bias = randomValues(outputs, &stream)
            let dy = randomValues(rows * outputs, &stream)
            var y = [Float](repeating: 0, count: rows * outputs)
            var dx = [Float](repeating: 0, count: x.count)
            var dw = [Float](repeating: 0, count: weights.count)
            var db = [Float](repeating: 0, count: outputs)
            for r in 0..<rows {
                for o in 0..<outputs {
                    let g = dy[r * outputs + o]
                    db[o] += g
                    y[r * outputs + o] = bias[o]
                    for i in 0..<inputs {
                        y[r * outputs + o] += x[r * inputs + i] * weights[o * inputs + i]
                        dx[r * inputs + i] += g * weights[o * inputs + i]
                        dw[o * inputs + i] += g * x[r * inputs + i]
                    }
                }
            }
            let (n, i, o) = (Int64(rows), Int64(inputs), Int64(outputs))
            var found = [Float](repeating: .nan, count: y.count)
            ck_dense_forward(n, i, o, x, weights, bias, 0, &found)
            expectClose(found, y, "\(what) forward")
            ck_dense_forward(n, i, o, x, weights, bias, 1, &found)
            expectClose(found, y.map { max($0, 0) }, "\(what) relu")
            var biases = bias
            ck_bias_backward(n, o, dy, -0.5, 1, &biases)
            expectClose(biases, zip(bias, db).map { $0 - 0.5 * $1 }, "\(what) bias")
            var added = [Float](repeating: 0.25, count: y.count)
            ck_bias(n, o, bias, 0, &added)
            expectClose(added, y.indices.map { 0.25 + bias[$0 % outputs] }, "\(what) added bias")
            if rows > Int(CK_DENSE_ROWS) { return }
            var passed = [Float](repeating: .nan, count: x.count)
            var target = [Float](repeating: .nan, count: weights.count)
            ck_dense_backward(n, i, o, x, dy, weights, 1, 0, &target, &passed)
            expectClose(passed, dx, "\(what) input gradient")
            expectClose(target, dw, "\(what) weight gradient")
            ck_dense_backward(n, i, o, x, dy, weights, 2, 0, &target, nil)
            expectClose(target, dw.map { 2 * $0 }, "\(what) weight gradient alone")
            var moved = weights
            passed = Array(repeating: .nan, count: x.count)
            moved.withUnsafeMutableBufferPointer { w in
                ck_dense_backward(n, i, o, x, dy, w.baseAddress, -0.125, 1, w.baseAddress, &passed)
            }
            expectClose(passed, dx, "\(what) input gradient from weights that move")
            expectClose(moved, zip(weights, dw).map { $0 - 0.125 * $1 }, "\(what) moved weights")
            let anchor = randomValues(weights.count, &stream)
            for (weight, share): (Float, Float) in [(0.3, 1), (-1, 0)] {
                anchor.withUnsafeBufferPointer { anchor in
                    var descent = ck_descent(
                        rate: 0.1, decay: 0.01, weight: weight, share: share, anchor: anchor.baseAddress)
                    var (apart, fused, others) = (weights, weights, passed)
                    ck_dense_backward(n, i, o, x, dy, weights, 1, 0, &target, &passed)
                    ck_descend(&descent, target, &apart, apart.count)
                    ck_dense_descend(n, i, o, x, dy, &descent, &fused, &others)
                    #expect(fused == apart, "\(what) weights that descend")
                    #expect(others == passed, "\(what) input gradient from weights that descend")
                    (fused, apart) = (weights, weights)
                    ck_dense_backward(n, i, o, x, dy, weights, 1, 0, &target, nil)
                    ck_descend(&descent, target, &apart, apart.count)
                    ck_dense_descend(n, i, o, x, dy, &descent, &fused, nil)
                    #expect(fused == apart, "\(what) weights that descend alone")
                }
            }
            mixturesAgree(rows, inputs, outputs, what, &stream)
        }

        /// Mixing and moving on the way gives the bits of doing one after the other.
        private func mixturesAgree(
            _ rows: Int, _ inputs: Int, _ outputs: Int, _ what: String, _ stream: inout RandomStream
        ) {
            let (n, i, o) = (Int64(rows), Int64(inputs), Int64(outputs))
            let x = randomValues(rows * inputs, &stream)
            let dy = randomValues(rows * outputs, &stream)
            let bias = randomValues(outputs, &stream)
            let (own, model) = (
                randomValues(inputs * outputs, &stream), randomValues(inputs * outputs, &stream)
            )
            model.withUnsafeBufferPointer { model in
                var mixture = ck_mixture(share: 0.3, rate: 0.2, decay: 0.01, model: model.baseAddress)
                var mixed = own
                ck_mix(0.3, own, model.baseAddress, &mixed, own.count)
                var (apart, fused) = (dy, dy)
                ck_dense_forward(n, i, o, x, mixed, bias, 1, &apart)
                ck_dense_forward_mixture(n, i, o, x, own, &mixture, bias, 1, &fused)
                #expect(fused == apart, "\(what) through a mixture")
                var gradient = own
                var (passed, passedToo) = (x, x)
                ck_dense_backward(n, i, o, x, dy, mixed, 1, 0, &gradient, &passed)
                var (moved, movedToo, movedAlone) = (own, own, own)
                let slope = ck_mixture_descend(&mixture, gradient, &moved, own.count)
                let slopeToo = ck_dense_descend_mixture(n, i, o, x, dy, &mixture, &movedToo, &passedToo)
                let slopeAlone = ck_dense_descend_mixture(n, i, o, x, dy, &mixture, &movedAlone, nil)
                #expect(movedToo == moved && movedAlone == moved, "\(what) a mixture's own part")
                #expect(passedToo == passed, "\(what) input gradient from a mixture")
                let size = zip(gradient, own).reduce(1.0) { $0 + abs(Double($1.0 * $1.1)) }
                #expect(slopeToo == slopeAlone && abs(slope - slopeToo) < 1e-5 * size, "\(what) slope")
            }
        }

        @Test(arguments: families)
        func poolingAgreesWithLoops(family: Int32) {
            var stream = RandomStream(RandomKey(seed: 23, purpose: .test))
            withFamily(family) {
                for (h, w, k, s) in [
                    (1, 1, 1, 1), (2, 2, 2, 2), (7, 5, 2, 2), (9, 7, 3, 2), (8, 8, 3, 1), (5, 40, 4, 5),
                ] {
                    let planes = 3
                    let (rows, columns) = ((h - k) / s + 1, (w - k) / s + 1)
                    let x = randomValues(planes * h * w, &stream)
                    let dy = randomValues(planes * rows * columns, &stream)
                    var greatest: [Float] = []
                    var mean: [Float] = []
                    var toGreatest = [Float](repeating: 0, count: x.count)
                    var toMean = toGreatest
                    for p in 0..<planes {
                        for i in 0..<rows {
                            for j in 0..<columns {
                                let window = (0..<(k * k)).map {
                                    (p * h + i * s + $0 / k) * w + j * s + $0 % k
                                }
                                let best = window.reduce(window[0]) { x[$1] > x[$0] ? $1 : $0 }
                                toGreatest[best] += dy[mean.count]
                                for place in window { toMean[place] += dy[mean.count] / Float(k * k) }
                                greatest.append(x[best])
                                mean.append(window.reduce(0) { $0 + x[$1] } / Float(k * k))
                            }
                        }
                    }
                    let (n, height, width, kernel, step) = (
                        Int64(planes), Int64(h), Int64(w), Int64(k), Int64(s)
                    )
                    var y = [Float](repeating: .nan, count: dy.count)
                    var dx = [Float](repeating: .nan, count: x.count)
                    var codes = [UInt8](repeating: 255, count: dy.count)
                    var pool = ck_pool(
                        height: height, width: width, out_height: Int64(rows), out_width: Int64(columns),
                        kernel_height: kernel, kernel_width: kernel, stride: step, padding: 0)
                    ck_max_pool(&pool, n, x, &y, &codes)
                    #expect(y == greatest)
                    ck_max_pool_backward(&pool, n, dy, codes, &dx)
                    expectClose(dx, toGreatest, "max pool gradient")
                    ck_average_pool(&pool, n, x, &y)
                    expectClose(y, mean, "average pool")
                    ck_average_pool_backward(&pool, n, dy, &dx)
                    expectClose(dx, toMean, "average pool gradient")
                }
            }
        }

        @Test func crossEntropyIsPreciseAndEqualInEveryFamily() {
            var stream = RandomStream(RandomKey(seed: 24, purpose: .test))
            for (rows, classes) in [(1, 1), (3, 2), (7, 10), (5, 62), (4, 200)] {
                let logits = randomValues(rows * classes, &stream).map { 30 * $0 }
                let labels = (0..<rows).map { _ in UInt8(stream.index(below: classes)) }
                var loss = 0.0
                var gradient: [Float] = []
                for r in 0..<rows {
                    let x = logits[(r * classes)..<((r + 1) * classes)].map(Double.init)
                    let greatest = x.max() ?? 0
                    let parts = x.map { exp($0 - greatest) }
                    let sum = parts.reduce(0, +)
                    loss += log(sum) + greatest - x[Int(labels[r])]
                    for c in 0..<classes {
                        gradient.append(
                            Float((parts[c] / sum - (c == Int(labels[r]) ? 1 : 0)) / Double(rows)))
                    }
                }
                var seen: Set<[UInt32]> = []
                for family in families {
                    withFamily(family) {
                        var found = [Float](repeating: .nan, count: logits.count)
                        let result = ck_cross_entropy(Int64(rows), Int64(classes), logits, labels, &found)
                        #expect(abs(result.loss - loss) < 1e-6 * max(1, loss))
                        expectClose(found, gradient, tolerance: 3e-7, "gradient of \(classes) classes")
                        seen.insert(found.map(\.bitPattern))
                    }
                }
                #expect(seen.count == 1)
            }
        }

        @Test(arguments: families)
        func exponentialKeepsItsBound(family: Int32) {
            withFamily(family) {
                var worst = 0.0
                for step in 0...87_000 {
                    let x = -Float(step) / 1_000
                    let logits: [Float] = [0, x]
                    var gradient: [Float] = [0, 0]
                    _ = ck_cross_entropy(1, 2, logits, [0], &gradient)
                    let expected = exp(Double(x)) / (1 + exp(Double(x)))
                    worst = max(worst, abs(Double(gradient[1]) / expected - 1))
                }
                #expect(worst < 4e-7, "off by \(worst)")
            }
        }

        @Test(arguments: families)
        func elementwiseLoops(family: Int32) {
            var stream = RandomStream(RandomKey(seed: 25, purpose: .test))
            withFamily(family) {
                for count in [1, 15, 16, 17, 100] {
                    let x = randomValues(count, &stream)
                    let g = randomValues(count, &stream)
                    var y = [Float](repeating: .nan, count: count)
                    ck_relu(x, &y, count)
                    #expect(y == x.map { max($0, 0) })
                    var dx = [Float](repeating: .nan, count: count)
                    ck_relu_backward(y, g, &dx, count)
                    #expect(dx == zip(x, g).map { $0 > 0 ? $1 : 0 })
                    var sum = g
                    ck_axpy(0.5, x, &sum, count)
                    expectClose(sum, zip(x, g).map { 0.5 * $0 + $1 }, tolerance: 1e-6, "axpy")
                }
                var y: [Float] = [0]
                ck_relu([.nan], &y, 1)
                #expect(y[0].isNaN)
            }
        }
    }
}

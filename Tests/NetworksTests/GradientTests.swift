import Networks
import TensorMath
import Testing

extension NetworksTests {
    /// Gradients against central differences of a linear function of the outputs, which networks of these
    /// layers are piecewise linear in.
    @Suite struct GradientTests {
        static let layers: [(String, [LayerSpec], Set<String>)] = [
            ("dense", [.dense(units: 5)], []),
            ("dense, relu", [.dense(units: 6), .relu, .dense(units: 3)], []),
            ("dense, relu apart", [.dense(units: 6), .relu, .dense(units: 3)], ["dense1"]),
            ("conv same", [.conv(channels: 3, kernel: 3, padding: .same)], []),
            ("conv even kernel", [.conv(channels: 2, kernel: 2, padding: .same)], []),
            ("conv stride 2", [.conv(channels: 3, kernel: 3, stride: 2, padding: .explicit(1))], []),
            ("conv stride 3", [.conv(channels: 3, kernel: 2, stride: 3, padding: .valid)], []),
            ("conv wide padding", [.conv(channels: 2, kernel: 2, padding: .explicit(3))], []),
            ("conv kernel above input", [.conv(channels: 2, kernel: 9, padding: .explicit(2))], []),
            ("pointwise", [.conv(channels: 4, kernel: 1)], []),
            ("conv, relu", [.conv(channels: 3, kernel: 3, padding: .same), .relu, .globalAveragePool], []),
            ("conv, relu apart", [.conv(channels: 3, kernel: 3), .relu, .globalAveragePool], ["conv1"]),
            ("conv, relu, pool", [.conv(channels: 3, kernel: 3), .relu, .maxPool(kernel: 2, stride: 2)], []),
            (
                "conv, pool",
                [.conv(channels: 3, kernel: 2, padding: .same), .maxPool(kernel: 2, stride: 2)], []
            ),
            (
                "pool apart", [.conv(channels: 3, kernel: 3), .relu, .maxPool(kernel: 2, stride: 2)],
                ["relu1"]
            ),
            ("two convs", [.conv(channels: 17, kernel: 3), .relu, .conv(channels: 2, kernel: 2)], []),
            ("relu", [.relu], []),
            ("max pool 3/2", [.maxPool(kernel: 3, stride: 2)], []),
            ("max pool overlapping", [.maxPool(kernel: 3, stride: 1)], []),
            ("average pool", [.averagePool(kernel: 2, stride: 1)], []),
            ("average pool with gaps", [.averagePool(kernel: 2, stride: 3)], []),
            ("global average pool", [.globalAveragePool, .flatten, .dense(units: 2)], []),
        ]

        @Test(arguments: layers)
        func agreeWithDifferences(name: String, layers: [LayerSpec], taps: Set<String>) throws {
            let input = Shape(channels: 2, height: 6, width: 5)
            let samples = 3
            let plan = try NetworkPlan(
                spec: .init(name: name, layers: layers), input: input,
                classes: Self.outputs(of: layers, input: input))
            let network = Network(plan: plan, batch: 4, taps: taps, inputGradient: true)
            var stream = RandomStream(RandomKey(seed: 11, purpose: .test))
            plan.initialParameters(.uniformFanIn, stream: &stream, into: network.parameters)
            for i in 0..<network.input.count { network.input[i] = 2 * stream.uniform() - 1 }
            let factors = FloatBuffer(count: samples * plan.classes).view
            for i in 0..<factors.count { factors[i] = 2 * stream.uniform() - 1 }
            func value() -> Double {
                network.forward(samples: samples)
                let y = network.logits
                return (0..<factors.count).reduce(0) { $0 + Double(factors[$1]) * Double(y[$1]) }
            }
            _ = value()
            network.backward(samples: samples, taps: [.init(block: plan.blocks.count - 1, gradient: factors)])
            let inputGradient = try #require(network.inputGradient)
            try Self.compare(
                network.parameters, network.gradients, count: plan.layout.count, "\(name) weights", value)
            try Self.compare(
                network.input, inputGradient, count: samples * input.count, "\(name) input", value)
        }

        static func outputs(of layers: [LayerSpec], input: Shape) throws -> Int {
            do throws(NetworkError) {
                return try NetworkPlan(spec: .init(name: "", layers: layers), input: input, classes: 1)
                    .classes
            } catch {
                guard case .outputMismatch(_, let output, _) = error else { throw error }
                return output.count
            }
        }

        static func compare(
            _ values: FloatView, _ gradients: FloatView, count: Int, _ what: String,
            curvature: Double = 2e-3, _ function: () -> Double
        ) throws {
            let step: Float = 1e-3
            let middle = function()
            var found: [Float] = []
            var expected: [Float] = []
            var tried = 0
            for i in stride(from: 0, to: count, by: max(1, count / 150)) {
                let old = values[i]
                values[i] = old + step
                let above = function()
                values[i] = old - step
                let below = function()
                values[i] = old
                tried += 1
                // A corner of the piecewise linear function lies between: there is no derivative to compare
                // with.
                if abs(above + below - 2 * middle) > Double(step) * curvature { continue }
                found.append(gradients[i])
                expected.append(Float((above - below) / Double((old + step) - (old - step))))
            }
            #expect(
                found.count * 10 >= tried * (curvature > 2e-3 ? 2 : 9),
                "\(what): only \(found.count) of \(tried) were smooth")
            expectClose(found, expected, tolerance: 3e-3, what)
        }

        @Test func crossEntropyGradientAgreesWithDifferences() throws {
            let plan = try NetworkPlan(
                spec: .init(name: "logits", layers: [.flatten]), input: Shape(channels: 7), classes: 7)
            let network = Network(plan: plan, batch: 5)
            var stream = RandomStream(RandomKey(seed: 12, purpose: .test))
            for i in 0..<35 { network.input[i] = 4 * stream.uniform() - 2 }
            let labels: [UInt8] = [0, 6, 3, 3, 1]
            network.forward(samples: 5)
            _ = network.softmaxCrossEntropy(labels: labels.span, samples: 5)
            try Self.compare(network.input, network.outputGradient, count: 35, "cross-entropy") {
                network.forward(samples: 5)
                return network.lossAndCorrect(labels: labels.span, samples: 5).lossSum / 5
            }
        }

        @Test func gradientsAtSeveralTapsAdd() throws {
            let layers: [LayerSpec] = [.conv(channels: 3, kernel: 3), .relu, .flatten, .dense(units: 4)]
            let plan = try NetworkPlan(
                spec: .init(name: "taps", layers: layers), input: Shape(channels: 1, height: 5, width: 5),
                classes: 4)
            let network = Network(plan: plan, batch: 3)
            var stream = RandomStream(RandomKey(seed: 13, purpose: .test))
            plan.initialParameters(.he, stream: &stream, into: network.parameters)
            for i in 0..<network.input.count { network.input[i] = stream.uniform() - 0.5 }
            let memory = FloatBuffer(count: 3 * 4 + 3 * 27)
            for i in 0..<memory.count { memory.view[i] = stream.uniform() - 0.5 }
            let last = Network.Tap(block: 3, gradient: memory.view.slice(0, 12))
            let relu = Network.Tap(block: 1, gradient: memory.view.slice(12, 81))
            let flat = Network.Tap(block: 2, gradient: memory.view.slice(12, 81))
            network.forward(samples: 3)
            func gradients(_ taps: [Network.Tap]) -> [Float] {
                network.backward(samples: 3, taps: taps)
                return network.gradients.array
            }
            let fromLast = gradients([last])
            let fromRelu = gradients([relu])
            #expect(gradients([flat]) == fromRelu, "flatten is the same memory")
            #expect(gradients([flat, relu, last]).count == fromLast.count)
            let sum = zip(fromLast, fromRelu).map { $0 + $1 }
            expectClose(gradients([last, relu]), sum, tolerance: 1e-6, "two taps")
            let dense = try #require(plan.layout.segment(named: "dense1.weight"))
            #expect(fromRelu[dense.offset..<(dense.offset + dense.count)].allSatisfy { $0 == 0 })
            #expect(network.activation(of: "relu1").array == network.activation(of: "flatten1").array)
        }
    }
}

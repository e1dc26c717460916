import Methods
import Networks
import TensorMath
import Testing

/// Parts of a network against the whole of it, with random parameters.
@Suite struct DividedNetworkTests {
    /// What divides a network.
    enum Way: Sendable, CaseIterable {
        case version1, version2, version3, autoencoder, coarseAutoencoder, earlyExit

        func divide(_ teacher: NetworkPlan) throws -> DividedNetwork {
            switch self {
            case .version1: try .bottleneck(of: teacher, version: 1, channels: 4)
            case .version2: try .bottleneck(of: teacher, version: 2, channels: 4)
            case .version3: try .bottleneck(of: teacher, version: 3, channels: 4)
            case .autoencoder: try .autoencoder(of: teacher, version: 2, codeValues: 700)
            case .coarseAutoencoder: try .autoencoder(of: teacher, version: 3, codeValues: 700)
            case .earlyExit: try .earlyExit(of: teacher)
            }
        }
    }

    /// A teacher and how it is divided.
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let input: Shape
        let way: Way

        var testDescription: String { "\(name), \(input), \(way)" }

        func build() throws -> (teacher: NetworkPlan, network: DividedNetwork) {
            let teacher = try SplitPointTests.plan(name, input)
            return (teacher, try way.divide(teacher))
        }
    }

    /// Small networks in every way, large ones in some.
    static let cases: [Case] =
        [
            ("mobilenet_v1_0.25", SplitPointTests.cifar), ("resnet8", SplitPointTests.cifar),
            ("wrn_16_1", SplitPointTests.cifar), ("resnet8", SplitPointTests.digits),
            ("wrn_16_1", SplitPointTests.digits),
        ].flatMap { name, input in Way.allCases.map { Case(name: name, input: input, way: $0) } }
        + [
            ("resnet18", .version3), ("resnet18", .earlyExit), ("resnet50", .version2),
            ("densenet169", .version2), ("densenet169", .earlyExit),
        ].map { Case(name: $0, input: SplitPointTests.cifar, way: $1) }

    /// Parameters as training might leave them: norms with other statistics than those they begin with.
    private static func parameters(_ plan: NetworkPlan, _ client: UInt32) -> FloatView {
        let parameters = FloatBuffer(count: plan.layout.count).view
        var stream = RandomStream(RandomKey(seed: 5, purpose: .test, client: client))
        plan.initialParameters(.he, stream: &stream, into: parameters)
        for segment in plan.layout.segments where segment.shape.count == 1 {
            for index in segment.offset..<segment.offset + segment.count {
                parameters[index] += (stream.uniform() - 0.5) / 4
            }
        }
        return parameters
    }

    private static let samples = 2

    private static func forward(_ plan: NetworkPlan, _ parameters: FloatView, _ input: [Float]) -> [Float] {
        let network = Network(plan: plan, batch: samples, mode: .evaluation, parameters: parameters)
        network.input.copy(from: input)
        network.forward(samples: samples)
        return network.logits.array
    }

    private static func images(_ plan: NetworkPlan) -> [Float] {
        var stream = RandomStream(RandomKey(seed: 6, purpose: .test))
        return (0..<samples * plan.input.count).map { _ in stream.uniform() }
    }

    private static func halves(_ logits: [Float], classes: Int) -> (first: [Float], second: [Float]) {
        var (first, second): ([Float], [Float]) = ([], [])
        for sample in 0..<samples {
            let start = 2 * classes * sample
            first += logits[start..<start + classes]
            second += logits[start + classes..<start + 2 * classes]
        }
        return (first, second)
    }

    /// What the device and the server compute one after the other is, bit for bit, what the network in one does.
    @Test(arguments: cases)
    func partsAreTheWhole(division: Case) throws {
        let (plan, network) = try division.build()
        let all = Self.parameters(network.whole, 1)
        let images = Self.images(plan)
        let code = Self.forward(network.head, network.parametersOfHead(in: all), images)
        #expect(code.count == Self.samples * network.code.count)
        let logits = Self.forward(
            try #require(network.tail), try #require(network.parametersOfTail(in: all)), code)
        let whole = Self.forward(network.whole, all, images)
        #expect(Set(logits).count > 10 && logits.allSatisfy(\.isFinite))
        guard let exit = network.exit, let parameters = network.parametersOfExit(in: all) else {
            #expect(division.way != .earlyExit)
            #expect(whole == logits)
            return
        }
        let (early, last) = Self.halves(whole, classes: plan.classes)
        #expect(last == logits)
        #expect(early == Self.forward(exit, parameters, code))
    }

    /// With the teacher's values the layers behind the target make its logits of its target, and those before it its
    /// target of the images.
    @Test(arguments: cases)
    func inheritedParts(division: Case) throws {
        let (plan, network) = try division.build()
        let values = Self.parameters(plan, 2)
        let all = FloatBuffer(count: network.whole.layout.count).view
        all.fill(7)
        network.inherit(from: values, into: all)

        let point = try SplitPoint(plan)
        let whole = Network(plan: plan, batch: Self.samples, mode: .evaluation, parameters: values)
        whole.input.copy(from: Self.images(plan))
        whole.forward(samples: Self.samples)
        let target = whole.activation(of: point.block).array
        let spec = ModelSpec(name: "rest", layers: Array(plan.spec.layers[point.layer...]))
        let rest = try NetworkPlan(spec: spec, input: point.shape, classes: plan.classes)
        let last = all.slice(network.whole.layout.count - rest.layout.count, rest.layout.count)
        #expect(network.inherited.last?.own.count == rest.layout.count)
        #expect(Self.forward(rest, last, target) == whole.logits.array)
        if network.inherited.count == 2 {
            let layers = Array(plan.spec.layers[..<point.layer])
            let front = try NetworkPlan(
                spec: ModelSpec(name: "front", layers: layers), input: plan.input, classes: point.shape.count)
            let first = all.slice(0, front.layout.count)
            #expect(Self.forward(front, first, Self.images(plan)) == target)
        }
        // Nothing else changed.
        let after = all.array
        var start = 0
        for part in network.inherited {
            #expect(after[start..<part.own.lowerBound].allSatisfy { $0 == 7 })
            start = part.own.upperBound
        }
        #expect(start == all.count)
    }

    @Test(arguments: Way.allCases) func layouts(way: Way) throws {
        for (name, input) in [
            ("resnet152", SplitPointTests.large), ("densenet201", SplitPointTests.large),
            ("mobilenet_v1", SplitPointTests.large), ("resnet20", SplitPointTests.digits),
        ] {
            let plan = try SplitPointTests.plan(name, input)
            let network = try way.divide(plan)
            let parts = [network.head, network.exit, network.tail].compactMap { $0?.layout }
            #expect(parts.reduce(0) { $0 + $1.count } == network.whole.layout.count)
            let segments = parts.flatMap { $0.segments.map(\.shape) }
            #expect(segments == network.whole.layout.segments.map(\.shape))
            // Every outermost block is the device's, the server's or the teacher's.
            let names = network.whole.blocks.map(\.name).filter { !$0.contains(".") }
            let known = network.encoder.union(network.decoder).union(network.kept)
            #expect(Set(names).subtracting(known).count == (way == .earlyExit ? 1 : 0))
            #expect(known.allSatisfy { network.whole.index(of: $0) != nil })
        }
    }

    /// Student's and teacher's ends of stages have equal shapes and names, but for the target's.
    @Test(arguments: cases)
    func taps(division: Case) throws {
        let (plan, network) = try division.build()
        guard division.way != .earlyExit else {
            #expect(network.taps.isEmpty)
            return
        }
        #expect(network.taps.map(\.teacher) == (try SplitPoint(plan).taps))
        for (index, tap) in network.taps.enumerated() {
            let (student, taught) = (network.whole.blocks[tap.student], plan.blocks[tap.teacher])
            #expect(student.output == taught.output)
            let isKnown = index == 0 ? network.decoder.contains(student.name) : student.spec == taught.spec
            #expect(isKnown)
        }
    }

    /// Stage 1 with all that is the teacher's frozen: the gradient of a stage behind the decoder reaches the encoder.
    @Test(arguments: [Way.version2, .autoencoder]) func gradientsPassFrozenLayers(way: Way) throws {
        let plan = try SplitPointTests.plan("resnet8")
        let network = try way.divide(plan)
        let training = Network(
            plan: network.whole, batch: Self.samples, parameters: Self.parameters(network.whole, 4),
            frozen: network.kept)
        let learning = network.whole.blocks.filter { block in
            network.encoder.union(network.decoder).contains { block.name.hasPrefix("\($0).") }
        }
        let trained = training.trainableRuns.reduce(0) { $0 + $1.count }
        #expect(trained == learning.reduce(0) { $0 + $1.parameterCount })
        training.input.copy(from: Self.images(plan))
        training.forward(samples: Self.samples)
        let last = try #require(network.taps.last)
        let gradient = FloatBuffer(count: training.activation(of: last.student).count).view
        gradient.fill(1)
        training.backward(
            samples: Self.samples, taps: [Network.Tap(block: last.student, gradient: gradient)])
        for block in learning {
            guard let weight = block.weight else { continue }
            #expect(
                training.gradients.slice(weight.offset, weight.count).maximumMagnitude > 0, "\(block.name)")
        }
    }

    /// A neural filter: the stem of the encoder, bit for bit, and a classifier behind it.
    @Test(arguments: [
        ("resnet8", SplitPointTests.cifar), ("resnet8", SplitPointTests.digits),
        ("resnet18", SplitPointTests.large),
    ])
    func neuralFilter(name: String, input: Shape) throws {
        let plan = try SplitPointTests.plan(name, input)
        for version in 1...3 {
            let bottleneck = try DividedNetwork.bottleneck(of: plan, version: version, channels: 4)
            let filter = try DividedNetwork.neuralFilter(of: plan, version: version, channels: 4)
            let classifier = try #require(filter.exit)
            #expect(filter.tail == nil && filter.whole.classes == 2)
            let source = Self.parameters(bottleneck.whole, 1)
            let all = Self.parameters(filter.whole, 2)
            filter.inherit(from: source, into: all)
            let stem = filter.parametersOfHead(in: all)
            #expect(stem.array == source.slice(0, stem.count).array)
            let images = Self.images(plan)
            let planes = Self.forward(filter.head, stem, images)
            let logits = Self.forward(classifier, try #require(filter.parametersOfExit(in: all)), planes)
            #expect(logits == Self.forward(filter.whole, all, images))
            let frozen = Network(plan: filter.whole, batch: Self.samples, frozen: filter.encoder)
            #expect(frozen.trainableRuns.reduce(0) { $0 + $1.count } == classifier.parameterCount)
        }
    }

    /// The authors' sizes for a stem of 64 channels, and a quarter of its sides for CIFAR's.
    @Test func classifiersOfFilters() throws {
        let large = try DividedNetwork.neuralFilter(
            of: SplitPointTests.plan("resnet152", SplitPointTests.large), version: 2, channels: 3)
        // 56 > 27 > 13 > 12 > 8 planes.
        let convolutions = 64 * 64 * 16 + 64 * 32 * 9 + 32 * 16 * 4
        #expect(large.exit?.parameterCount == convolutions + 2 * (64 + 32 + 16) + 2 * 16 * 64 + 2)
        #expect(large.code == Shape(channels: 64, height: 56, width: 56))
        let small = try DividedNetwork.neuralFilter(
            of: SplitPointTests.plan("resnet8", SplitPointTests.cifar), version: 3, channels: 3)
        // 32 > 16 > 7 > 3 > 2.
        let macs = 32 * 32 * 16 * 49 + 32 * 16 * 9 * 9 + 16 * 8 * 4 * 4 + 2 * 32
        #expect(small.whole.macs - small.head.macs == UInt64(macs))
        #expect(small.code == Shape(channels: 32, height: 32, width: 32))
    }

    /// With everything but the exit frozen, the exit's classifier alone learns.
    @Test func exitAlone() throws {
        let network = try DividedNetwork.earlyExit(of: SplitPointTests.plan("wrn_16_1"))
        let training = Network(plan: network.whole, batch: Self.samples, frozen: network.kept)
        #expect(training.trainableRuns.reduce(0) { $0 + $1.count } == network.exit?.parameterCount)
        // 3 x 3 x 32 x 32 weights, a norm, and a dense layer to ten classes.
        #expect(network.exit?.parameterCount == 9216 + 64 + 330)
    }
}

import Networks
import TensorMath

/// A network in parts: as it is trained, in one, and as it is deployed, a head on the device and a tail on the server, or
/// all on the device. All parts' parameters stand in one flat buffer, that of `whole`: first the head's, then an exit's,
/// then the tail's.
package struct DividedNetwork: Sendable, Equatable {
    /// Two blocks of which the first is to give what the second does.
    package struct Tap: Sendable, Equatable {
        /// Index into the blocks of `whole`.
        package let student: Int
        /// Index into the teacher's blocks.
        package let teacher: Int
    }

    /// Values that begin as the teacher's.
    package struct Inheritance: Sendable, Equatable {
        /// In the layout of `whole`.
        package let own: Range<Int>
        /// As many, of the same segments, in the teacher's; a neural filter's are the bottleneck's.
        package let teacher: Range<Int>
    }

    /// Images to logits; with an exit [the exit's logits, the last ones].
    package let whole: NetworkPlan
    /// On the device: images to codes.
    package let head: NetworkPlan
    /// On the device: codes to logits; nil but for early exits and neural filters.
    package let exit: NetworkPlan?
    /// On the server: codes to logits; nil where the device computes all.
    package let tail: NetworkPlan?
    /// What the head gives, and what crosses the link where there is a tail, one sample.
    package let code: Shape
    /// What is imitated in stage 1, the target first; empty for networks that imitate nothing.
    package let taps: [Tap]
    package let inherited: [Inheritance]
    /// Names of blocks of `whole`, for `Network(frozen:)`: what is new on the device, but for an exit.
    package let encoder: Set<String>
    /// What is new on the server.
    package let decoder: Set<String>
    /// What begins as the teacher's. With an exit the teacher's last layers are within `whole`'s last block.
    package let kept: Set<String>

    /// BottleFit: `BottleneckLayers` of a version from 1 to 3 and `channels` of the code in the place of the teacher's
    /// first layers.
    package static func bottleneck(of teacher: NetworkPlan, version: Int, channels: Int) throws(SplitError)
        -> DividedNetwork
    {
        let point = try SplitPoint(teacher)
        let layers = BottleneckLayers(at: point, version: version, channels: channels)
        return try DividedNetwork(
            of: teacher, at: point, front: 0, encoder: layers.encoder, decoder: layers.decoder)
    }

    /// The baseline that keeps all of the teacher: `AutoencoderLayers` with a code of about `codeValues` values between
    /// its first layers, on the device, and the others.
    package static func autoencoder(of teacher: NetworkPlan, version: Int, codeValues: Int) throws(SplitError)
        -> DividedNetwork
    {
        let point = try SplitPoint(teacher)
        let layers = AutoencoderLayers(at: point, version: version, codeValues: codeValues)
        return try DividedNetwork(
            of: teacher, at: point, front: point.layer, encoder: layers.encoder, decoder: layers.decoder)
    }

    /// The teacher's first `front` layers, encoder and decoder, and its layers behind the target.
    private init(
        of teacher: NetworkPlan, at point: SplitPoint, front: Int, encoder: [LayerSpec],
        decoder: [LayerSpec]
    ) throws(SplitError) {
        let first: [LayerSpec] = teacher.spec.layers[..<front] + [.sequence(encoder)]
        let second: [LayerSpec] = [.sequence(decoder)] + teacher.spec.layers[point.layer...]
        let whole = try teacher.part(
            "divided", first + second, input: teacher.input, classes: teacher.classes)
        self.whole = whole
        let ends = whole.outermostBlocks
        code = whole.blocks[ends[front]].output
        let imitation = whole.blocks[ends[front + 1]].output
        guard imitation == point.shape else {
            throw .decoderMismatch(
                model: teacher.spec.name, decoder: imitation, target: point.shape, input: teacher.input)
        }
        head = try teacher.part("head", first, input: teacher.input, classes: code.count)
        exit = nil
        let tail = try teacher.part("tail", second, input: code, classes: teacher.classes)
        self.tail = tail
        // From the teacher's places to those in `whole`, of the layers behind the target.
        let shift = front + 2 - point.layer
        taps = point.tapLayers.map { layer in
            Tap(
                student: ends[layer < point.layer ? front + 1 : layer + shift],
                teacher: teacher.outermostBlocks[layer])
        }
        let start = whole.layout.start(ofLayer: front + 2)
        inherited = [
            Inheritance(
                own: 0..<whole.layout.start(ofLayer: front), teacher: 0..<teacher.layout.start(ofLayer: front)
            ),
            Inheritance(
                own: start..<whole.layout.count,
                teacher: teacher.layout.start(ofLayer: point.layer)..<teacher.layout.count),
        ].filter { !$0.own.isEmpty }
        let names = ends.map { whole.blocks[$0].name }
        self.encoder = [names[front]]
        self.decoder = [names[front + 1]]
        kept = Set(names).subtracting([names[front], names[front + 1]])
        check(teacher)
    }

    /// SPINN (Laskaridis et al. 2020): the teacher's first layers on the device with a classifier of their own, and the
    /// others on the server for images of which the exit is not sure. What crosses the link is the target. The exit's
    /// classifier begins as that of Huang et al. 2018, Multi-Scale Dense Networks, does: a 3 x 3 convolution of stride
    /// 2 to at most 128 channels, norm and relu; one of them, not two, then the mean over planes and a dense layer.
    package static func earlyExit(of teacher: NetworkPlan) throws(SplitError) -> DividedNetwork {
        try DividedNetwork(earlyExitOf: teacher, at: SplitPoint(teacher))
    }

    private init(earlyExitOf teacher: NetworkPlan, at point: SplitPoint) throws(SplitError) {
        let first = Array(teacher.spec.layers[..<point.layer])
        let second = Array(teacher.spec.layers[point.layer...])
        let classifier: [LayerSpec] = [
            .conv(
                channels: min(128, point.shape.channels), kernel: 3, stride: 2, padding: .same, bias: false),
            .batchNorm(), .relu, .globalAveragePool, .dense(units: teacher.classes),
        ]
        code = point.shape
        let whole = try teacher.part(
            "divided", first + [.concatenate(branches: [classifier, second])], input: teacher.input,
            classes: 2 * teacher.classes)
        self.whole = whole
        head = try teacher.part("head", first, input: teacher.input, classes: code.count)
        let exit = try teacher.part("exit", classifier, input: code, classes: teacher.classes)
        self.exit = exit
        tail = try teacher.part("tail", second, input: code, classes: teacher.classes)
        taps = []
        let (front, start) = (head.layout.count, head.layout.count + exit.layout.count)
        inherited = [
            Inheritance(own: 0..<front, teacher: 0..<front),
            Inheritance(own: start..<whole.layout.count, teacher: front..<teacher.layout.count),
        ]
        encoder = []
        decoder = []
        let names = whole.outermostBlocks.map { whole.blocks[$0].name }
        let branch = "\(names[point.layer]).branch2."
        let last = whole.blocks.map(\.name).filter {
            $0.hasPrefix(branch) && !$0.dropFirst(branch.count).contains(".")
        }
        kept = Set(names[..<point.layer] + last)
        check(teacher)
    }

    /// A network of the device's own, which begins untrained.
    package static func onDevice(
        _ model: ModelSpec, like teacher: NetworkPlan
    ) throws(SplitError) -> DividedNetwork {
        let plan: NetworkPlan
        do throws(NetworkError) {
            plan = try NetworkPlan(spec: model, input: teacher.input, classes: teacher.classes)
        } catch { throw .unbuildable(model: model.name, error) }
        return DividedNetwork(whole: plan, head: plan, exit: nil, inherited: [], encoder: [])
    }

    /// A neural filter behind the first layers of a bottleneck's encoder, which stay as they are: images to logits of
    /// whether the image is worth sending.
    package static func neuralFilter(
        of teacher: NetworkPlan, version: Int, channels: Int
    ) throws(SplitError) -> DividedNetwork {
        let point = try SplitPoint(teacher)
        let encoder = BottleneckLayers(at: point, version: version, channels: channels).encoder
        let bottleneck = try bottleneck(of: teacher, version: version, channels: channels).whole
        let layers = BottleneckLayers.stem(encoder)
        let stem: [LayerSpec] = [.sequence(layers)]
        let code = bottleneck.blocks[layers.count - 1].output
        let classifier = FilterLayers.classifier(behind: code, halves: point.stemHalves)
        let whole = try teacher.part("filter", stem + classifier, input: teacher.input, classes: 2)
        let head = try teacher.part("stem", stem, input: teacher.input, classes: code.count)
        let shared = 0..<head.layout.count
        let network = DividedNetwork(
            whole: whole, head: head,
            exit: try teacher.part("classifier", classifier, input: code, classes: 2),
            inherited: [Inheritance(own: shared, teacher: shared)],
            encoder: [whole.blocks[whole.outermostBlocks[0]].name])
        network.check(bottleneck)
        return network
    }

    /// One that the device computes alone; `encoder` is not its own.
    private init(
        whole: NetworkPlan, head: NetworkPlan, exit: NetworkPlan?, inherited: [Inheritance],
        encoder: Set<String>
    ) {
        (self.whole, self.head, self.exit, tail) = (whole, head, exit, nil)
        code = head.blocks.last!.output
        (taps, decoder, kept) = ([], [], [])
        (self.inherited, self.encoder) = (inherited, encoder)
    }

    /// What holds for every division of a network.
    private func check(_ source: NetworkPlan) {
        let parts = [head, exit, tail].compactMap { $0?.layout }
        precondition(
            parts.flatMap { $0.segments.map(\.shape) } == whole.layout.segments.map(\.shape),
            "parts of other sizes than the whole")
        for part in inherited {
            precondition(
                whole.layout.shapes(in: part.own) == source.layout.shapes(in: part.teacher),
                "values of \(part.own) are not \(source.spec.name)'s of \(part.teacher)")
        }
    }
}

extension NetworkPlan {
    /// A plan of layers of which some are this teacher's.
    fileprivate func part(_ name: String, _ layers: [LayerSpec], input: Shape, classes: Int)
        throws(SplitError)
        -> NetworkPlan
    {
        do {
            return try NetworkPlan(
                spec: ModelSpec(name: "\(spec.name)/\(name)", layers: layers), input: input, classes: classes)
        } catch {
            throw .unbuildable(model: "\(spec.name), divided", error)
        }
    }
}

extension ParameterLayout {
    /// Where the values of the outermost layers from `layer` on begin.
    fileprivate func start(ofLayer layer: Int) -> Int {
        segments.first { $0.layer >= layer }?.offset ?? count
    }

    /// Shapes of the segments that begin within `values`.
    fileprivate func shapes(in values: Range<Int>) -> [[Int]] {
        segments.filter { values.contains($0.offset) }.map(\.shape)
    }
}

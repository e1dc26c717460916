import Datasets
import Experiment
import Methods
import Networks
import TensorMath
import Testing

/// `model.layers`: every layer can be written, and what is wrong with a list.
@Suite struct LayerTests {
    private static let data =
        "dataset: {name: cifar10, path: /c, partition: {kind: iid, clients: 20}}"

    /// The layers of `list`, which end in ten values.
    private func layers(_ list: String) throws -> [LayerSpec] {
        let scenario = try Scenario.load(text: "\(Self.data)\nmodel: {layers: \(list)}\n")
        guard case .federated(let it) = scenario.kind else { return [] }
        return it.model.layers
    }

    /// What is wrong with `list`, without the place.
    private func fault(_ list: String) -> String {
        faults(of: "\(Self.data)\nmodel: {layers: \(list)}\n").replacing(
            "scenario.yaml:2: model.layers", with: "")
    }

    @Test(arguments: [
        ("relu", LayerSpec.relu), ("relu6", .relu6), ("flatten", .flatten), ("batch_norm", .batchNorm()),
        ("{batch_norm: {}}", .batchNorm()), ("{batch_norm: {epsilon: 1e-3}}", .batchNorm(epsilon: 1e-3)),
        ("{batch_norm: {momentum: 3e-4}}", .batchNorm(momentum: 3e-4)),
        ("{group_norm: 3}", .groupNorm(groups: 3)),
        ("{dropout: 0.5}", .dropout(rate: 0.5)), ("{dense: 12}", .dense(units: 12)),
        ("{dense: classes}", .dense(units: 10)),
        ("{conv: {channels: 8, kernel: 5}}", .conv(channels: 8, kernel: 5)),
        (
            "{conv: {channels: 6, kernel: 3, stride: 2, padding: 1, groups: 3, bias: false}}",
            .conv(channels: 6, kernel: 3, stride: 2, padding: .explicit(1), groups: 3, bias: false)
        ),
        (
            "{depthwise: {channels: 3, kernel: 3, padding: same, bias: false}}",
            .conv(channels: 3, kernel: 3, padding: .same, groups: 3, bias: false)
        ),
        ("{pointwise: 7}", .conv(channels: 7, kernel: 1)),
        ("{pointwise: classes}", .conv(channels: 10, kernel: 1)),
        (
            "{pointwise: {channels: 7, stride: 2, bias: false}}",
            .conv(channels: 7, kernel: 1, stride: 2, bias: false)
        ),
        (
            "{transposed_conv: {channels: 4, kernel: 3, stride: 2, padding: 1, output_padding: 1, bias: false}}",
            .transposedConv(channels: 4, kernel: 3, stride: 2, padding: 1, outputPadding: 1, bias: false)
        ),
        ("{max_pool: 3}", .maxPool(kernel: 3, stride: 3)),
        (
            "{max_pool: {kernel: 3, stride: 2, padding: 1, ceiling: true}}",
            .maxPool(kernel: 3, stride: 2, padding: 1, ceiling: true)
        ),
        (
            "{average_pool: {kernel: 3, padding: 1}}", .averagePool(kernel: 3, stride: 3, padding: 1)
        ),
        ("global_average_pool", .globalAveragePool),
        ("{adaptive_average_pool: 7}", .adaptiveAveragePool(side: 7)),
        ("{slice: {first: 1, count: 2}}", .slice(channels: 1..<3)),
        ("{slice: {count: 2}}", .slice(channels: 0..<2)),
        ("{pad_channels: {after: 5}}", .padChannels(before: 0, after: 5)),
        ("{shuffle: 3}", .shuffle(groups: 3)),
        ("{sequence: [relu, {dropout: 0}]}", .sequence([.relu, .dropout(rate: 0)])),
        ("{residual: [relu]}", .residual(body: [.relu])),
        (
            "{residual: {body: [{pointwise: 4}], shortcut: [{pointwise: 4}, relu]}}",
            .residual(
                body: [.conv(channels: 4, kernel: 1)], shortcut: [.conv(channels: 4, kernel: 1), .relu])
        ),
        ("{concatenate: [[], [relu]]}", .concatenate(branches: [[], [.relu]])),
        ("{cell: [[[relu]], [none, []]]}", .cell(edges: [[[.relu]], [nil, []]])),
        ("{cell: [[]]}", .cell(edges: [[]])),
    ])
    func everyLayerIsReadAndWritten(text: String, layer: LayerSpec) throws {
        let list = "[\(text), flatten, {dense: 10}]"
        #expect(try layers(list) == [layer, .flatten, .dense(units: 10)])
        let scenario = try Scenario.load(text: "\(Self.data)\nmodel: {layers: \(list)}\n")
        #expect(try Scenario.load(text: scenario.resolvedYAML) == scenario, "\(scenario.resolvedYAML)")
    }

    @Test(arguments: ModelSpec.zoo.map(\.example))
    func theZooCanBeWrittenAsLayers(name: String) throws {
        let zoo = try #require(ModelSpec.named(name, classes: 10))
        var scenario = try Scenario.load(text: "\(Self.data)\nmodel: {name: \(name)}\n")
        guard case .federated(var it) = scenario.kind else { return }
        #expect(it.model == zoo)
        it.model.name = "custom"
        scenario.kind = .federated(it)
        let text = scenario.resolvedYAML
        #expect(text.contains("layers:"))
        #expect(try Scenario.load(text: text) == scenario)
    }

    @Test func blocksAreWrittenInBlockStyle() throws {
        let list =
            "[{concatenate: [[], [relu, relu6]]}, {cell: [[[{dropout: 0.5}]], [none, []]]}, flatten, {dense: 10}]"
        let text = try Scenario.load(text: "\(Self.data)\nmodel: {layers: \(list)}\n").resolvedYAML
        #expect(
            text.contains(
                """
                  layers:
                    - concatenate:
                        - []
                        - [relu, relu6]
                    - cell:
                        -
                """.dropLast(1)), "\(text)")
        #expect(
            text.contains(
                """
                        - - - dropout: 0.5
                        - - none
                          - []
                    - flatten
                """), "\(text)")
    }

    @Test(arguments: [
        // Unknown words and keys, at any depth.
        (
            "[{residual: {body: [relu, {sequence: [relv]}]}}]",
            ".0.residual.body.1.sequence.0: relv is unknown; did you mean relu? write one of relu, relu6, batch_norm,"
                + " flatten, global_average_pool, or a mapping such as {dense: 128}"
        ),
        (
            "[{concatenate: [[], [{residual: [{conv: {channels: 3, kernel: 3, pading: same}}]}]]}]",
            ".0.concatenate.1.0.residual.0.conv.pading: unknown key; did you mean padding?"
        ),
        (
            "[{residual: {body: [], shortcuts: []}}]",
            ".0.residual.shortcuts: unknown key; did you mean shortcut?"
        ),
        (
            "[{cell: [[[relu]], [nothing, []]]}]",
            ".0.cell.1.0: nothing does not fit here; write a list of 0 to 1000 layers"
        ),
        // Wrong nesting.
        ("[{residual: relu}]", ".0.residual: relu is not a mapping; write keys with values"),
        (
            "[{residual: {body: relu}}]",
            ".0.residual.body: relu does not fit here; write a list of 0 to 1000 layers"
        ),
        ("[{residual: {shortcut: []}}]", ".0.residual.body: is missing; write a list of layers"),
        ("[{sequence: }]", ".0.sequence: is missing; write a list of layers"),
        (
            "[{sequence: {body: []}}]",
            ".0.sequence: a mapping does not fit here; write a list of 0 to 1000 layers"
        ),
        (
            "[{concatenate: [relu]}]",
            ".0.concatenate.0: relu does not fit here; write a list of 0 to 1000 layers"
        ),
        (
            "[{concatenate: []}]",
            ".0.concatenate: a list does not fit here; write a list of 1 to 1000 branches"
        ),
        ("[{concatenate: ~}]", ".0.concatenate: is missing; write a list of branches"),
        (
            "[{cell: [relu]}]", ".0.cell.0: relu does not fit here; write a list of 0 to 1000 edges"
        ),
        ("[{cell: []}]", ".0.cell: a list does not fit here; write a list of 1 to 1000 lists of edges"),
        (
            "[[relu], relu, {relu: 1}]",
            ".0: a list is not one layer; write a mapping of one key, such as {dense: 128}\n.2.relu: takes no value;"
                + " write relu alone"
        ),
        (
            "[{conv: {channels: 3, kernel: 3}, relu: }]",
            ".0: a mapping is not one layer; write a mapping of one key, such as {dense: 128}"
        ),
        (
            "[residual]",
            ".0: residual needs settings; write a mapping such as"
                + " {residual: [relu, {conv: {channels: 32, kernel: 3, padding: same}}]}"
        ),
        // Numbers.
        (
            "[{conv: {channels: 3, kernel: 0}}]",
            ".0.conv.kernel: 0 is not positive; give a whole number from 1 to 31"
        ),
        (
            "[{depthwise: {channels: 3, kernel: 0, padding: 9}}]",
            ".0.depthwise.kernel: 0 is not positive; give a whole number from 1 to 31"
        ),
        ("[{max_pool: 0}]", ".0.max_pool: 0 is not positive; give a whole number from 1 to 16"),
        (
            "[{average_pool: {kernel: 3, padding: 2}}]",
            ".0.average_pool.padding: 2 is more than half the kernel; give a whole number from 0 to 1"
        ),
        (
            "[{pointwise: none}]",
            ".0.pointwise: none is not a whole number; give a whole number from 1 to 16384"
        ),
        (
            "[{batch_norm: {epsilon: 0}}]",
            ".0.batch_norm.epsilon: 0 is not positive; give a number above 0 to 1"
        ),
        (
            "[{batch_norm: {momentum: 1.5}}]",
            ".0.batch_norm.momentum: 1.5 is above 1; give a number from 0 to 1"
        ),
        ("[{dropout: 1}]", ".0.dropout: 1 is not below 1; give a number from 0 to below 1"),
        (
            "[{slice: {first: -1}}]",
            ".0.slice.count: is missing; write count: whole number from 1 to 1000000\n.0.slice.first: -1 is negative;"
                + " give a whole number from 0 to 1000000"
        ),
        (
            "[{conv: {channels: 3, kernel: 3, bias: no}}]",
            ".0.conv.bias: no is neither true nor false; write true or false"
        ),
    ])
    func faultsOfAList(list: String, expected: String) { #expect(fault(list) == expected) }

    /// Layers that do not fit each other are found where they stand.
    @Test func faultsOfShapesHaveALine() {
        let text = """
            dataset: {name: cifar10, path: /c, partition: {kind: iid, clients: 20}}
            model:
              layers:
                - relu
                - residual:
                    body:
                      - conv: {channels: 4, kernel: 3, padding: same}
                - flatten
                - dense: classes
            """
        #expect(
            faults(of: text)
                == "scenario.yaml:5: model.layers.1: does not fit cifar10: block1: its branches give [4, 32, 32] and"
                + " [3, 32, 32]; sums need equal shapes and concatenations equal heights and widths: change strides,"
                + " padding or channels of a branch; change the layers or the data set")
    }

    @Test(arguments: [
        (
            "[relu, {residual: [relu, {residual: [{pointwise: 2}]}]}, flatten, {dense: 10}]",
            ".1: does not fit cifar10: block1.block1: its branches give [2, 32, 32] and [3, 32, 32]"
        ),
        (
            "[{concatenate: [[], [{max_pool: 2}]]}, flatten, {dense: 10}]",
            ".0: does not fit cifar10: block1: its branches give [3, 32, 32] and [3, 16, 16]"
        ),
        (
            "[relu, relu, {residual: {body: [], shortcut: [{depthwise: {channels: 8, kernel: 3}}]}}]",
            ".2: does not fit cifar10: block1.shortcut.conv1: 8 groups of 3 channels to 8; give a common divisor"
        ),
        (
            "[{cell: [[[], []]]}, flatten, {dense: 10}]",
            ".0: does not fit cifar10: block1: node 1 has 2 edges; give at most 1"
        ),
        (
            "[{slice: {first: 2, count: 2}}]",
            ".0: does not fit cifar10: slice1: channels 2..<4 of 3; give some that are there"
        ),
        (
            "[{transposed_conv: {channels: 4, kernel: 2, output_padding: 1}}]",
            ".0: does not fit cifar10: conv1: [3, 32, 32] becomes 34 x 34 with output padding 1"
        ),
        (
            "[{group_norm: 2}]", ".0: does not fit cifar10: norm1: 2 groups of 3 channels; give a divisor"
        ),
        ("[relu, flatten]", ".1: does not fit cifar10: flatten1: the last block gives [3072, 1, 1]"),
    ])
    func faultsOfShapes(list: String, expected: String) {
        #expect(fault(list).hasPrefix(expected), "\(fault(list))")
    }

    private func nested(_ depth: Int, _ open: String, _ close: String) -> String {
        let (before, after) = (String(repeating: open, count: depth), String(repeating: close, count: depth))
        return "[\(before)relu\(after), flatten, {dense: 10}]"
    }

    @Test func blocksNestToADepthOfSix() throws {
        for (open, close) in [
            ("{sequence: [", "]}"), ("{residual: {body: [", "]}}"), ("{concatenate: [[", "]]}"),
            ("{cell: [[[", "]]]}"),
        ] {
            let scenario = try Scenario.load(
                text: "\(Self.data)\nmodel: {layers: \(nested(6, open, close))}\n")
            #expect(try Scenario.load(text: scenario.resolvedYAML) == scenario)
            #expect(
                fault(nested(7, open, close)).hasSuffix(
                    "is a block within 6 others; write at most 6 blocks within each other"))
        }
        let path = ".0" + String(repeating: ".residual.0", count: 6) + ".residual: "
        #expect(fault(nested(7, "{residual: [", "]}")).hasPrefix(path))
        let levels = fault(nested(9, "{cell: [[[", "]]]}")).split(separator: "\n")
        #expect(levels.contains { $0.contains("nested deeper than 32 levels") })
    }

    @Test func layersAreCounted() {
        let thousand = "{sequence: [\(Array(repeating: "relu", count: 1000).joined(separator: ", "))]}"
        let list = "[\(Array(repeating: thousand, count: 6).joined(separator: ", "))]"
        #expect(
            fault(list)
                == ".3.sequence: a list goes beyond 4000 layers, branches and edges in all; write fewer")
        let long = "[\(Array(repeating: "relu", count: 1001).joined(separator: ", "))]"
        #expect(fault(long) == ": a list does not fit here; write a list of 1 to 1000 layers")
    }

    /// Networks of random layers: a short way against the gradient lowers the loss by its length times the gradient's
    /// norm. Of three ways one is short enough for corners and long enough for rounding; norms do not begin with a
    /// shift of 0, a corner of relu. Norms of planes that are constant but for rounding have no gradient to measure;
    /// they are rare.
    @Test func randomLayersTrain() throws {
        var stream = RandomStream(RandomKey(seed: 3, purpose: .test))
        let labels: [UInt8] = [0, 1, 2]
        var misses: [String] = []
        for round: UInt64 in 0..<300 {
            let random = RandomLayers(channels: 3, depth: stream.index(below: 5), &stream)
            let plan = try NetworkPlan(
                spec: ModelSpec(
                    name: "random", layers: random.layers + [.globalAveragePool, .dense(units: 4)]),
                input: Shape(channels: 3, height: 5, width: 4), classes: 4)
            let network = Network(plan: plan, batch: 3)
            plan.initialParameters(.uniformFanIn, stream: &stream, into: network.parameters)
            for segment in plan.layout.segments where segment.shape.count == 1 && segment.role == .trainable {
                for i in 0..<segment.count {
                    network.parameters[segment.offset + i] += stream.uniform() - 0.5
                }
            }
            for i in 0..<network.input.count { network.input[i] = stream.uniform() }
            func loss() -> Double {
                network.dropoutStream = RandomStream(RandomKey(seed: round, purpose: .dropout))
                network.forward(samples: 3)
                return network.softmaxCrossEntropy(labels: labels.span, samples: 3).lossSum / 3
            }
            let before = loss()
            network.backwardFromLoss(samples: 3)
            let norm = network.clipGradients(norm: .greatestFiniteMagnitude)
            #expect(before.isFinite && norm.isFinite, "\(random.layers)")
            // A loss that hardly moves is no measure.
            if norm < 0.02 { continue }
            let start = network.parameters.array
            let shares = [3e-2, 3e-3, 3e-4].map { lower in
                network.parameters.copy(from: start)
                var state = SGDState(SGD(learningRate: Float(lower / (norm * norm))), count: start.count)
                network.applyGradients(optimizer: &state)
                return (before - loss()) / lower
            }
            if !shares.contains(where: { abs($0 - 1) < 0.1 }) {
                misses.append("\(shares) in \(random.layers)")
            }
        }
        #expect(misses.count <= 3, "\(misses.joined(separator: "\n"))")
    }

    /// Sizes that multiply from block to block are a fault, not an overflow.
    @Test func growthIsBounded() {
        let wide = "{concatenate: [\(Array(repeating: "[]", count: 400).joined(separator: ", "))]}"
        let list = "[\(Array(repeating: wide, count: 8).joined(separator: ", ")), flatten, {dense: 10}]"
        #expect(
            fault(list).hasPrefix(
                ".2: does not fit cifar10: block3: [192000000, 32, 32] are too many values"))
        let large = Array(
            repeating: "{transposed_conv: {channels: 16384, kernel: 31, stride: 31}}", count: 30)
        #expect(
            fault("[\(large.joined(separator: ", "))]").hasPrefix(".0: does not fit cifar10: conv1: [16384"))
    }
}

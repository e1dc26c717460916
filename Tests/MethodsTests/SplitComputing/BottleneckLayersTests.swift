import Methods
import Networks
import Testing

/// Heads and decoders against the published tables.
@Suite struct BottleneckLayersTests {
    private static func divided(_ name: String, _ input: Shape, version: Int, channels: Int) throws
        -> DividedNetwork
    {
        let teacher = try SplitPointTests.plan(name, input)
        return try DividedNetwork.bottleneck(of: teacher, version: version, channels: channels)
    }

    /// 7 x 7 x 3 x 64 weights, two norms of 64 channels and 2 x 2 x 64 x C; 112 x 112 and 29 x 29 positions.
    @Test(arguments: ["resnet152", "densenet169", "densenet201"])
    func publishedHeads(name: String) throws {
        let counts = [3: 10_432, 6: 11_200, 9: 11_968, 12: 12_736]
        let millions = [3: 118.7, 6: 119.3, 9: 120.0, 12: 120.6]
        for channels in [3, 6, 9, 12] {
            let network = try Self.divided(
                name, SplitPointTests.large, version: 2, channels: channels)
            #expect(network.code == Shape(channels: channels, height: 29, width: 29))
            #expect(network.head.parameterCount == counts[channels])
            let macs = 112 * 112 * 9408 + 29 * 29 * 256 * channels
            #expect(network.head.macs == UInt64(macs))
            let rounded = (Double(network.head.macs) / 1e5).rounded() / 10
            #expect(rounded == millions[channels])
        }
    }

    /// Version 1 sends what the pool gives, version 3 a quarter of version 2's positions.
    @Test(arguments: [1, 3, 12, 24]) func otherVersions(channels: Int) throws {
        let one = try Self.divided("resnet152", SplitPointTests.large, version: 1, channels: channels)
        #expect(one.code == Shape(channels: channels, height: 56, width: 56))
        #expect(one.head.parameterCount == 149 * channels)
        let three = try Self.divided("resnet152", SplitPointTests.large, version: 3, channels: channels)
        #expect(three.code == Shape(channels: channels, height: 15, width: 15))
        let parameters = 9664 + 131_072 + 1024 + 2048 * channels
        #expect(three.head.parameterCount == parameters)
        let macs = 112 * 112 * 9408 + 29 * 29 * 131_072 + 15 * 15 * 2048 * channels
        #expect(three.head.macs == UInt64(macs))
    }

    /// Weights and output of each convolution and pool of the decoder; the norms between them.
    private static func decoder(_ network: DividedNetwork) -> [String] {
        network.tail!.blocks.prefix { $0.name != "block1" }.compactMap { block in
            let side = block.output.height
            switch block.spec {
            case .conv(let channels, let kernel, let stride, _, _, _):
                return "\(block.input.channels)>\(channels) \(kernel)/\(stride) \(side)"
            case .transposedConv(let channels, let kernel, let stride, _, _, _):
                return "\(block.input.channels)<\(channels) \(kernel)/\(stride) \(side)"
            case .averagePool(let kernel, let stride, _): return "mean \(kernel)/\(stride) \(side)"
            case .batchNorm: return "norm \(block.output.channels)"
            case .relu: return nil
            default: return block.name
            }
        }
    }

    @Test func decoderOfResNet152() throws {
        let end = ["norm 512", "512>512 2/1 30", "norm 512", "512>512 2/1 29", "mean 2/1 28"]
        let middle = ["norm 512", "512>512 2/1 31"] + end
        let dues = [
            1: ["norm 6", "6>64 2/2 29", "norm 64", "64>512 2/1 30"] + middle,
            2: ["norm 6", "6>512 2/1 30"] + middle,
            3: ["norm 6", "6<512 2/2 30"] + middle,
        ]
        for version in 1...3 {
            let network = try Self.divided(
                "resnet152", SplitPointTests.large, version: version, channels: 6)
            #expect(Self.decoder(network) == dues[version])
        }
    }

    @Test func decoderOfDenseNets() throws {
        let due = [
            "norm 3", "3>512 2/1 30", "norm 512", "512>512 2/1 31", "norm 512", "512>256 2/1 30", "norm 256",
            "256>256 2/1 29", "norm 256", "256>256 2/1 28", "mean 2/2 14",
        ]
        for name in ["densenet169", "densenet201"] {
            let network = try Self.divided(name, SplitPointTests.large, version: 2, channels: 3)
            #expect(Self.decoder(network) == due)
        }
    }

    /// A target of 64 channels: middle layers of 128; a stem of 8 channels: one of 16.
    @Test func narrowMobileNet() throws {
        let network = try Self.divided(
            "mobilenet_v1_0.25", SplitPointTests.large, version: 2, channels: 3)
        #expect(
            Self.decoder(network) == [
                "norm 3", "3>128 2/1 30", "norm 128", "128>128 2/1 31", "norm 128", "128>64 2/1 30",
                "norm 64", "64>64 2/1 29", "mean 2/1 28",
            ])
        let macs: UInt64 = 112 * 112 * 147 * 16 + 29 * 29 * 64 * 3
        #expect(network.head.macs == macs)
    }

    /// For images of 32 x 32 and 28 x 28 all is four times finer; here h is half the side.
    @Test(arguments: [(SplitPointTests.cifar, 16), (SplitPointTests.digits, 14)])
    func smallImages(input: Shape, h: Int) throws {
        let end: [String] = [
            "norm 64", "64>64 2/1 \(h + 3)", "norm 64", "64>32 2/1 \(h + 2)", "norm 32",
            "32>32 2/1 \(h + 1)", "mean 2/1 \(h)",
        ]
        let first: [String] = ["norm 2", "2>32 2/1 \(h + 1)", "norm 32", "32>64 2/1 \(h + 2)"]
        let second: [String] = ["norm 2", "2>64 2/1 \(h + 2)"]
        let third: [String] = ["norm 2", "2<64 2/2 \(h + 2)"]
        let dues = [(1, h, first), (2, h + 1, second), (3, h / 2 + 1, third)]
        for (version, side, opening) in dues {
            let network = try Self.divided("resnet20", input, version: version, channels: 2)
            #expect(network.code == Shape(channels: 2, height: side, width: side))
            #expect(Self.decoder(network) == opening + end)
        }
    }

    /// A 3 x 3 convolution to 32 channels, then 2 x 2 ones: far below the 27.5 million of resnet20's two stages.
    @Test func costOfSmallHeads() throws {
        let stem: UInt64 = 32 * 32 * 27 * 32
        let dues: [UInt64] = [32 * 32 * 27 * 3, stem + 289 * 128 * 3, stem + 289 * 128 * 64 + 81 * 256 * 3]
        let replaced = try DividedNetwork.earlyExit(of: SplitPointTests.plan("resnet20")).head.macs
        for (index, due) in dues.enumerated() {
            let network = try Self.divided(
                "resnet20", SplitPointTests.cifar, version: index + 1, channels: 3)
            #expect(network.head.macs == due)
            #expect(8 * due < replaced)
        }
    }

    /// Sides whose eighth is odd, or no whole number, are refused with both shapes.
    @Test(arguments: [
        ("resnet18", 28, 2, [128, 3, 4]), ("resnet18", 56, 3, [128, 8, 7]),
        ("resnet20", 30, 3, [32, 16, 15]),
        ("mobilenet_v1", 100, 1, [256, 12, 13]),
    ])
    func sidesThatDoNotFit(name: String, side: Int, version: Int, maps: [Int]) throws {
        let input = Shape(channels: 3, height: side, width: side)
        let due = SplitError.decoderMismatch(
            model: name, decoder: Shape(channels: maps[0], height: maps[1], width: maps[1]),
            target: Shape(channels: maps[0], height: maps[2], width: maps[2]), input: input)
        let error = #expect(throws: due) {
            try Self.divided(name, input, version: version, channels: 3)
        }
        #expect(error?.description.contains("multiples of 16") == true)
    }

    /// Codes have the bottleneck's grid and as nearly as possible its values, but at least one channel.
    @Test(arguments: [
        ("resnet20", 32, 2, 867, [3, 17, 17], 8), ("resnet20", 32, 3, 867, [11, 9, 9], 8),
        ("resnet20", 32, 1, 10, [1, 17, 17], 8), ("resnet152", 224, 2, 10_092, [12, 29, 29], 128),
        ("densenet169", 224, 2, 2523, [11, 15, 15], 64), ("resnet18", 56, 3, 100, [6, 4, 4], 32),
    ])
    func autoencoders(
        name: String, side: Int, version: Int, values: Int, code: [Int], quarter: Int
    ) throws {
        let teacher = try SplitPointTests.plan(name, Shape(channels: 3, height: side, width: side))
        let network = try DividedNetwork.autoencoder(of: teacher, version: version, codeValues: values)
        #expect([network.code.channels, network.code.height, network.code.width] == code)
        // Convolutions with norm and relu behind the first two, and the sequence that they are.
        let channels = network.head.blocks.suffix(8).map(\.output.channels)
        let half = 2 * quarter
        #expect(channels == [half, half, half, quarter, quarter, quarter, code[0], code[0]])
        let target = try SplitPoint(teacher).shape
        #expect(network.whole.blocks[network.taps[0].student].output == target)
    }
}

import Devices
import Networks
import Testing

@Suite struct DeviceLayersTests {
    private func plan(_ layers: [LayerSpec], classes: Int = 10) throws -> NetworkPlan {
        try NetworkPlan(
            spec: ModelSpec(name: "test", layers: layers), input: Shape(channels: 4, height: 8, width: 8),
            classes: classes)
    }

    private func sums(_ layers: [DeviceLayer]) -> (macs: UInt64, weightBytes: Int) {
        var (macs, bytes) = (UInt64(0), UInt64(0))
        for layer in layers {
            macs += layer.cost.macs
            bytes += layer.cost.weightBytes
        }
        return (macs, Int(bytes))
    }

    /// Norms and activations run with the convolution or sum before them, and bring their weights along.
    @Test func fusion() throws {
        let plan = try plan([
            .residual(body: [
                .conv(channels: 4, kernel: 3, padding: .same, bias: false), .batchNorm(), .relu,
                .conv(channels: 4, kernel: 3, padding: .same, bias: false), .batchNorm(),
            ]),
            .relu, .flatten, .dropout(rate: 0.5), .dense(units: 10),
        ])
        let layers = plan.deviceLayers()
        #expect(layers.map(\.name) == ["block1.conv1", "block1.conv2", "block1", "dense1"])
        #expect(layers.map(\.cost.kind) == [.conv3x3, .conv3x3, .elementwise, .dense])
        // 4 x 4 x 9 weights, on 8 x 8 places.
        #expect(layers.map(\.cost.macs) == [9216, 9216, 0, 2560])
        // The weights, and scale, shift, mean and variance of 4 channels.
        #expect(layers[0].cost.weightBytes == 4 * (144 + 16))
        #expect(layers[2].cost.inputBytes == 2048)
        let (macs, bytes) = sums(layers)
        #expect(macs == plan.macs)
        #expect(bytes == 4 * plan.layout.count)
        #expect(plan.deviceLayers(.counted) == layers)
    }

    /// What several read is computed on its own.
    @Test func sharedInputs() throws {
        let plan = try plan([
            .conv(channels: 4, kernel: 1), .residual(body: [.relu, .conv(channels: 4, kernel: 1)]),
            .globalAveragePool, .dense(units: 10),
        ])
        let names = plan.deviceLayers().map(\.name)
        #expect(names == ["conv1", "block1.relu1", "block1.conv1", "block1", "pool1", "dense1"])
    }

    /// 9 values of each window, and all of them for the mean of a plane.
    @Test func operationsOfPools() throws {
        let plan = try plan([
            .maxPool(kernel: 3, stride: 2, padding: 1), .globalAveragePool, .dense(units: 10),
        ])
        #expect(plan.deviceLayers().map(\.cost.operations) == [576, 64, 0])
    }

    /// Edge 0 to 1 leads nowhere and edge 2 to 3 comes from nowhere; 0 to 3 is a skip, so that nothing is left of a
    /// cell but its input. With dead paths each of 15 cells has a relu, a convolution and a sum more.
    @Test func deadPaths() throws {
        let spec = try #require(ModelSpec.named("nasbench201_300101", classes: 10))
        let plan = try NetworkPlan(
            spec: spec, input: Shape(channels: 3, height: 32, width: 32), classes: 10)
        #expect(plan.carriesItsInput)
        #expect(plan.deviceLayers(.eliminated).count == 15)
        #expect(plan.deviceLayers(.counted).count == 15 + 45)
    }

    /// No edge into the output; and one that only comes from a node without input.
    @Test(arguments: ["nasbench201_333000", "nasbench201_000003", "nasbench201_300003"])
    func cellsThatLeadNowhere(name: String) throws {
        let spec = try #require(ModelSpec.named(name, classes: 10))
        let plan = try NetworkPlan(
            spec: spec, input: Shape(channels: 3, height: 32, width: 32), classes: 10)
        #expect(!plan.carriesItsInput)
    }

    /// Every MAC is in one layer, of every network of the zoo.
    @Test func allOfTheZoo() throws {
        for entry in ModelSpec.zoo {
            let spec = try #require(ModelSpec.named(entry.example, classes: 10))
            guard
                let plan = try? NetworkPlan(
                    spec: spec, input: Shape(channels: 3, height: 64, width: 64), classes: 10)
            else { continue }
            let layers = plan.deviceLayers()
            #expect(sums(layers).macs == plan.macs, "\(entry.example)")
            #expect(layers.allSatisfy { $0.cost.outputBytes > 0 }, "\(entry.example)")
        }
    }
}

import Devices

/// A layer as an inference runtime executes it.
public struct DeviceLayer: Sendable, Equatable {
    /// The first of the blocks that run as one.
    public var name: String
    /// One sample's forward pass.
    public var cost: LayerCost
}

extension NetworkPlan {
    /// The layers of one forward pass on a device, in their order. Norms, relus and dropout run with the block that
    /// computes their input, where nobody else reads it; blocks that only rename values, and sums of fewer than
    /// two, are no layers.
    public func deviceLayers(_ deadPaths: DeadPaths = .eliminated) -> [DeviceLayer] {
        let carries = carryingBlocks()
        let sources = blocks.map { block in
            block.sources.filter { deadPaths == .counted || $0 < 0 || carries[$0] }
        }
        let lives = deadPaths == .counted ? carries.map { _ in true } : neededBlocks(carries, sources)
        /// The block that computes the value of a block, seen through those that only rename it; -1: the input.
        var origin: [Int] = []
        for (index, block) in blocks.enumerated() {
            let passes = block.renames || block.role == .sum && sources[index].count == 1
            origin.append(passes ? sources[index].first.map { $0 < 0 ? -1 : origin[$0] } ?? index : index)
        }
        var readers = Array(repeating: 0, count: blocks.count)
        for index in blocks.indices where lives[index] && origin[index] == index {
            for source in sources[index] where source >= 0 && origin[source] >= 0 {
                readers[origin[source]] += 1
            }
        }
        var layers: [DeviceLayer] = []
        /// The layer that computes a block's value.
        var layerOfBlock: [Int?] = Array(repeating: nil, count: blocks.count)
        for (index, block) in blocks.enumerated() where lives[index] && origin[index] == index {
            guard let first = sources[index].first else { continue }
            let before = first < 0 ? -1 : origin[first]
            if block.joinsItsSource, before >= 0, readers[before] == 1, let layer = layerOfBlock[before] {
                layers[layer].cost.weightBytes += block.cost.weightBytes
                layerOfBlock[index] = layer
                continue
            }
            layerOfBlock[index] = layers.count
            layers.append(DeviceLayer(name: block.name, cost: block.cost(of: sources[index].count)))
        }
        return layers
    }

    /// Whether the output depends on the input; the cells of some networks lead nowhere.
    public var carriesItsInput: Bool { carryingBlocks()[blocks.count - 1] }

    /// Which blocks have a value that depends on the network's input.
    private func carryingBlocks() -> [Bool] {
        var carries: [Bool] = []
        for block in blocks { carries.append(block.sources.contains { $0 < 0 || carries[$0] }) }
        return carries
    }

    /// Which of them the last block depends on.
    private func neededBlocks(_ carries: [Bool], _ sources: [[Int]]) -> [Bool] {
        var needed = Array(repeating: false, count: blocks.count)
        needed[blocks.count - 1] = true
        for index in blocks.indices.reversed() where needed[index] {
            for source in sources[index] where source >= 0 { needed[source] = true }
        }
        return zip(needed, carries).map { $0 && $1 }
    }
}

extension NetworkPlan.Block {
    /// Whether its output is its input as it stands in memory.
    fileprivate var renames: Bool {
        switch (role, spec) {
        case (.alias, _), (.layer, .flatten): true
        case (.layer, .adaptiveAveragePool): input == output
        default: false
        }
    }

    fileprivate var joinsItsSource: Bool {
        switch (role, spec) {
        case (.layer, .batchNorm), (.layer, .groupNorm), (.layer, .relu), (.layer, .relu6),
            (.layer, .dropout):
            true
        default: false
        }
    }

    /// Its cost with `count` of its sources.
    fileprivate func cost(of count: Int) -> LayerCost {
        guard role == .sum, count < sources.count else { return cost }
        var cost = cost
        cost.inputBytes = UInt64(4 * count * output.count)
        return cost
    }
}

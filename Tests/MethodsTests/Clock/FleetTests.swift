import Devices
import Methods
import TensorMath
import Testing

/// Who has which device, and what a round takes there.
@Suite struct FleetTests {
    private func fleet(
        _ shares: [Double], clients: Int, seed: UInt64 = 11, epochs: Int = 1
    ) -> Fleet {
        let groups = shares.enumerated().map { index, share in
            Fleet.Group(
                device: TinyDevices.board("board\(index)"), link: TinyDevices.link, share: share)
        }
        let federation = TinyFederation(
            trainCounts: .init(repeating: 1, count: clients), localEpochs: epochs, seed: seed)
        return Fleet(
            groups, clients: clients, configuration: federation.configuration, plan: TinyFederation.plan)
    }

    private func members(_ fleet: Fleet, _ clients: Int) -> [String] {
        (0..<clients).map { fleet.group(of: $0).device.name }
    }

    @Test(arguments: [
        ([0.7, 0.3], 10, [7, 3]), ([1, 1, 1], 10, [3, 4, 3]), ([2, 2], 3, [2, 1]), ([5], 4, [4]),
        ([1, 1e-9], 10, [10, 0]), ([1, 2, 3, 4], 1000, [100, 200, 300, 400]),
    ])
    func sharesAreDealtExactly(shares: [Double], clients: Int, due: [Int]) {
        let names = members(fleet(shares, clients: clients), clients)
        #expect(due.indices.map { index in names.count { $0 == "board\(index)" } } == due)
    }

    @Test func everySeedDealsInItsOwnWay() {
        let first = members(fleet([1, 1], clients: 100), 100)
        #expect(first == members(fleet([1, 1], clients: 100), 100))
        #expect(first != members(fleet([1, 1], clients: 100, seed: 12), 100))
        // Not simply the first half.
        #expect(Set(first.prefix(50)).count == 2)
    }

    /// The dense layer of TinyFederation has 2 multiply-accumulates, 4 operations: 4 ms forward and 8 ms backward a
    /// sample at 1,000 operations a second. 10 samples in batches of 4 are 3 steps, each with a pass of 1 s.
    @Test func demandByHand() {
        let fleet = fleet([1], clients: 2, epochs: 2)
        let demand = fleet.demand(client: 0, samples: 10, down: 2000, up: 1001)
        #expect(demand.compute == 2 * (3_000_000_000 + 10 * 12_000_000))
        // 5 W.
        #expect(demand.computeEnergy == 5 * demand.compute)
        // Bytes x 8, Mbit = 10^6: 2 packets of 1,025 bytes at 8 Mbit/s, half a round trip of 100 ms before.
        #expect(demand.download == 50_000_000 + 2_050_000)
        // 0.25 W for each Mbit/s, and 1 W, while bits flow.
        #expect(demand.downloadEnergy == 3 * 2_050_000)
        // A second packet for one byte: 1,001 + 50 bytes at 1 Mbit/s.
        #expect(demand.upload == 50_000_000 + 8_408_000)
        #expect(demand.uploadEnergy == 8_408_000 * 3 / 2)
        #expect(demand.idleWatts == 2)
        #expect(demand.total == demand.download + demand.compute + demand.upload)
    }

    @Test func nothingSentTakesNoTime() {
        let demand = fleet([1], clients: 1).demand(client: 0, samples: 4, down: 0, up: 0)
        #expect(demand.download == 0 && demand.upload == 0)
        #expect(demand.downloadEnergy == 0 && demand.uploadEnergy == 0)
        #expect(demand.total == demand.compute && demand.compute == 1_048_000_000)
        #expect(fleet([1], clients: 1).demand(client: 0, samples: 0, down: 0, up: 0).total == 0)
    }

    /// What a group of clients has more of is faster by as much.
    @Test func twiceTheProcessorTakesHalfTheTime() {
        let federation = TinyFederation(trainCounts: [10])
        func seconds(_ peak: Double) -> Double {
            let device = TinyDevices.board("one", peak: peak, passSeconds: 0)
            return Fleet(
                [Fleet.Group(device: device, link: TinyDevices.link, share: 1)], clients: 1,
                configuration: federation.configuration, plan: TinyFederation.plan
            ).trainingSeconds(samples: 10, on: device)
        }
        #expect(seconds(1e3) == 2 * seconds(2e3))
        #expect(abs(seconds(1e3) - 0.12) < 1e-12)
    }

    /// 3 weights, their gradients, no state of plain SGD, 4 samples of 2 inputs and 1 output, all kept, and the
    /// gradients around the dense layer.
    @Test func memoryByHand() {
        let memory = fleet([1], clients: 1).memory(batch: 4)
        #expect(memory.weights == 12 && memory.gradients == 12 && memory.optimizerState == 0)
        #expect(memory.activations == 4 * (12 + 12))
    }
}

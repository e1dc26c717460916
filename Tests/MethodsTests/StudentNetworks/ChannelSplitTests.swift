import Methods
import Networks
import Testing

/// The baseline that gathers every layer, against its formula.
@Suite struct ChannelSplitTests {
    /// 32 x 32 images in Float32: H W C over the convolutions is 245,760 for wrn_16_2, 1,392,640 for wrn_40_4 and
    /// 131,072 for wrn_16_1.
    @Test(arguments: [
        ("wrn_16_2", 2, 983_040, 26), ("wrn_16_2", 4, 2_949_120, 156), ("wrn_16_2", 8, 6_881_280, 728),
        ("wrn_40_4", 2, 5_570_560, 74), ("wrn_40_4", 4, 16_711_680, 444), ("wrn_40_4", 8, 38_993_920, 2072),
        ("wrn_16_1", 2, 524_288, 26), ("wrn_16_1", 1, 0, 0),
    ])
    func wideResNets(name: String, devices: Int, bytes: UInt64, messages: Int) throws {
        let split = ChannelSplit(try StudentPlanTests.plan(name), devices: devices)
        #expect(split.totalBytes == bytes)
        #expect(split.messages == messages)
        #expect(split.rounds == (name == "wrn_40_4" ? 37 : 13))
        #expect(Set(split.bytesToEach).count == 1)
    }

    /// Seven channels over three devices: 2, 2 and 3.
    @Test func unevenShares() throws {
        let plan = try NetworkPlan(
            spec: ModelSpec(
                name: "seven", layers: [.conv(channels: 7, kernel: 1), .globalAveragePool]),
            input: Shape(channels: 1, height: 2, width: 5), classes: 7)
        let split = ChannelSplit(plan, devices: 3, bytes: 1)
        #expect(split.bytesToEach == [20, 20, 30])
        #expect(split.totalBytes == 2 * 70)
        #expect(split.messages == 6)
    }
}

import Devices

/// One layer of each kind with numbers that are easy to add up.
func layer(
    _ kind: LayerKind, macs: UInt64 = 0, operations: UInt64 = 0, input: UInt64 = 0, output: UInt64 = 0,
    weights: UInt64 = 0
) -> LayerCost {
    LayerCost(
        kind: kind, macs: macs, operations: operations, inputBytes: input, outputBytes: output,
        weightBytes: weights)
}

/// 10 GFLOP/s, 1 GB/s of values, 2 GB/s of weights, 1 ms a layer and 5 ms a pass.
func device(
    combination: DeviceProfile.Combination = .sum, precision: DeviceProfile.Precision = .float32
) -> DeviceProfile {
    DeviceProfile(
        name: "test", processor: "none", runtime: "none", precision: precision, threads: 1,
        speed: .init(
            peakFLOPS: 10e9, efficiency: [0.5, 1, 1, 0.1, 1, 0.2], activationBytesPerSecond: 1e9,
            weightBytesPerSecond: 2e9, secondsPerLayer: 1e-3, secondsPerPass: 5e-3, combination: combination,
            source: "made up"),
        training: .init(backwardFactor: 2, source: "made up"), memory: .init(bytes: 1000, source: "made up"),
        power: .init(activeWatts: 5, idleWatts: 2, source: "made up"))
}

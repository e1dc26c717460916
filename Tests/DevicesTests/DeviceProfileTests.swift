import Devices
import Testing

@Suite struct DeviceProfileTests {
    private func close(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-12 * max(abs(a), abs(b)) }

    /// 50 million MACs are 100 million FLOPs, at half of 10 GFLOP/s 20 ms; 3 MB at 1 GB/s are 3 ms; 4 MB of weights at
    /// 2 GB/s 2 ms; 1 ms a layer: 26 ms. Counting MACs as FLOPs would give 16.
    @Test func aMACIsTwoFLOPs() {
        let conv = layer(.conv3x3, macs: 50_000_000, input: 2_000_000, output: 1_000_000, weights: 4_000_000)
        #expect(close(device().seconds(of: conv, batch: 1), 0.026))
        #expect(close(device().forwardSeconds([conv], batch: 1), 0.031))
        // The greater of 20 and 5 ms, and 1 ms.
        #expect(close(device(combination: .maximum).seconds(of: conv, batch: 1), 0.021))
    }

    /// Weights, launches and the pass are paid once a batch: 10 x (20 + 3) + 2 + 1 + 5 ms.
    @Test func aBatch() {
        let conv = layer(.conv3x3, macs: 50_000_000, input: 2_000_000, output: 1_000_000, weights: 4_000_000)
        #expect(close(device().forwardSeconds([conv], batch: 10), 0.238))
    }

    /// Operations that are no MACs count once, at the efficiency of elementwise layers: 10^6 at 2 GFLOP/s.
    @Test func operationsCountOnce() {
        #expect(close(device().seconds(of: layer(.elementwise, operations: 1_000_000), batch: 1), 0.0015))
    }

    /// Bytes of layers are those of Float32; int8 moves a quarter.
    @Test func bytesOfOtherPrecisions() {
        let dense = layer(.dense, input: 4_000_000, weights: 8_000_000)
        #expect(close(device().seconds(of: dense, batch: 1), 0.009))
        #expect(close(device(precision: .float16).seconds(of: dense, batch: 1), 0.005))
        #expect(close(device(precision: .int8).seconds(of: dense, batch: 1), 0.003))
    }

    /// A figure without end costs nothing.
    @Test func freeFigures() {
        var free = device()
        free.speed.efficiency = free.speed.efficiency.map { _ in .infinity }
        free.speed.activationBytesPerSecond = .infinity
        free.speed.weightBytesPerSecond = .infinity
        let conv = layer(.conv3x3, macs: 1 << 40, input: 1 << 40, weights: 1 << 40)
        #expect(free.seconds(of: conv, batch: 3) == 1e-3)
    }

    /// Forward 31 ms, backward twice the layer's 26 ms, and 3 x 4 bytes of 10^6 parameters at 1 GB/s: 12 ms. Momentum
    /// adds two more, Adam four.
    @Test func aStepOfTraining() {
        let conv = layer(.conv3x3, macs: 50_000_000, input: 2_000_000, output: 1_000_000, weights: 4_000_000)
        let device = device()
        #expect(close(device.stepSeconds([conv], batch: 1, parameters: 1_000_000), 0.095))
        #expect(close(device.stepSeconds([conv], batch: 1, parameters: 1_000_000, stateValues: 1), 0.103))
        #expect(close(device.stepSeconds([conv], batch: 1, parameters: 1_000_000, stateValues: 2), 0.111))
        // Frozen weights below which something learns; then nothing learns here.
        #expect(close(device.stepSeconds([conv], batch: 1, parameters: 0, backward: [.inputs]), 0.057))
        #expect(close(device.stepSeconds([conv], batch: 1, parameters: 0, backward: [.none]), 0.031))
    }

    @Test func wattsTimesSeconds() {
        #expect(device().computingJoules(3) == 15)
        #expect(device().idleJoules(3) == 6)
    }

    @Test func memory() {
        let layers = [
            layer(.conv3x3, input: 40, output: 80, weights: 400),
            layer(.dense, input: 80, output: 20, weights: 200),
        ]
        // Weights 600; the first layer's 120 bytes of values, twice.
        #expect(DeviceMemory.inference(layers, batch: 2).total == 600 + 240)
        #expect(DeviceMemory.inference(layers, batch: 2, precision: .int8).total == 150 + 60)
        // Values kept: 40 + 80 + 20; gradients at the first layer: 120; of two samples.
        let training = DeviceMemory.training(layers, batch: 2, parameters: 150, stateValues: 1)
        #expect(training.weights == 600 && training.gradients == 600 && training.optimizerState == 600)
        #expect(training.activations == 2 * (140 + 120) && training.total == 2320)
        #expect(!device().holds(training))
        #expect(device().holds(DeviceMemory.inference(layers, batch: 2)))
        #expect(DeviceMemory.inference([], batch: 1).total == 0)
    }

    /// More work never takes less time, on random layers.
    @Test(arguments: 1...20) func moreTakesLonger(seed: UInt64) {
        var state = seed
        func next(_ bound: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % bound
        }
        let layers = (0..<6).map { _ in
            layer(
                LayerKind.allCases[Int(next(6))], macs: next(1_000_000), operations: next(1000),
                input: next(10_000), output: next(10_000), weights: next(10_000))
        }
        for combination in DeviceProfile.Combination.allCases {
            let device = device(combination: combination)
            for batch in 1...4 {
                let seconds = device.forwardSeconds(layers, batch: batch)
                #expect(seconds <= device.forwardSeconds(layers, batch: batch + 1))
                #expect(device.forwardSeconds(layers.dropLast(), batch: batch) < seconds)
                #expect(2 * seconds >= device.forwardSeconds(layers, batch: 2 * batch))
                #expect(seconds < device.stepSeconds(layers, batch: batch, parameters: 1))
            }
        }
    }
}

import Devices
import Experiment
import Foundation
import Testing

@Suite struct ProfileTests {
    private let board = """
        name: my_board
        processor: "2 cores"
        runtime: test
        speed:
          peak_gflops: 8
          efficiency: {conv3x3: 1.5, convolution: 1, pointwise: 0.5, depthwise: 0.1, dense: 0.25, elementwise: free}
          activation_gb_per_second: 4
          weight_gb_per_second: free
          layer_us: 50
          source: made up
        memory: {mib: 0.5, source: made up}
        power: {active_watts: 0.045, idle_watts: 1e-5, source: made up}
        """
    private let radio = """
        name: my_radio
        rates: {uplink_mbps: 2, downlink_mbps: 8, round_trip_ms: 40, loss_rate: 0.01, source: made up}
        packets: {payload_bytes: 1000, overhead_bytes: 40, source: made up}
        radio: {up_watts_per_mbps: 0.4, down_watts_per_mbps: 0.1, base_watts: 1, tail_ms: 500, tail_watts: 2, source: made up}
        """

    private func faults(_ text: String) -> String {
        do throws(ScenarioFaults) {
            _ = try DeviceProfile.load(text: text, file: "board.yaml")
            return ""
        } catch {
            return error.description
        }
    }

    /// Units: G is 10^9, MiB 2^20 bytes, us 10^-6 s.
    @Test func figuresOfADevice() throws {
        let device = try DeviceProfile.load(text: board, file: "board.yaml")
        #expect(device.speed.peakFLOPS == 8e9)
        #expect(device.speed.efficiency == [1.5, 1, 0.5, 0.1, 0.25, .infinity])
        #expect(device.speed.activationBytesPerSecond == 4e9)
        #expect(device.speed.weightBytesPerSecond == .infinity)
        #expect(abs(device.speed.secondsPerLayer - 50e-6) < 1e-18 && device.speed.secondsPerPass == 0)
        #expect(device.speed.combination == .sum && device.speed.errorPercent == nil)
        #expect(device.memory.bytes == 524_288)
        #expect(device.power.activeWatts == 0.045 && device.power.idleWatts == 1e-5)
        #expect(device.training.backwardFactor == 2)
        #expect(device.precision == .float32 && device.threads == 1)
    }

    /// M is 10^6 bits, ms 10^-3 s; up is not down.
    @Test func figuresOfALink() throws {
        let link = try LinkProfile.load(text: radio, file: "radio.yaml")
        #expect(link.rates.uplinkBitsPerSecond == 2e6 && link.rates.downlinkBitsPerSecond == 8e6)
        #expect(link.rates.roundTripSeconds == 0.04 && link.rates.lossRate == 0.01)
        #expect(link.packets.payloadBytes == 1000 && link.packets.overheadBytes == 40)
        #expect(link.radio.alphaUp == 0.4 && link.radio.alphaDown == 0.1 && link.radio.baseWatts == 1)
        #expect(link.radio.tailSeconds == 0.5 && link.radio.tailWatts == 2)
    }

    @Test func whatIsWrittenReadsTheSame() throws {
        for device in ProfileCatalogue.devices + [try DeviceProfile.load(text: board, file: "board.yaml")] {
            #expect(try DeviceProfile.load(text: device.yaml, file: "again.yaml") == device)
        }
        for link in ProfileCatalogue.links + [try LinkProfile.load(text: radio, file: "radio.yaml")] {
            #expect(try LinkProfile.load(text: link.yaml, file: "again.yaml") == link)
        }
    }

    @Test(arguments: [
        (
            "peak_gflops: 8", "peak_gflop: 8",
            "board.yaml:5: speed.peak_gflop: unknown key; did you mean peak_gflops?"
        ),
        ("dense: 0.25", "dense: 0", "speed.efficiency.dense: 0 is not positive; give a number above 0"),
        ("dense: 0.25", "dense: fre", "or write free"),
        ("mib: 0.5", "mib: -1", "memory.mib: -1"),
        ("idle_watts: 1e-5, ", "", "power.idle_watts: is missing"),
        ("runtime: test", "precision: float64", "precision: float64 is unknown"),
        ("memory: {mib: 0.5, source: made up}", "", "board.yaml:1: memory: is missing"),
        ("memory: {mib: 0.5, source: made up}", "memory: {mib: 0.5}", "memory.source: is missing"),
    ])
    func whatIsWrongIsNamed(old: String, new: String, words: String) {
        #expect(board.contains(old))
        let message = faults(board.replacing(old, with: new))
        #expect(message.contains(words), "\(message)")
    }

    @Test func aDeviceIsNoLink() {
        #expect(faults(radio).contains("rates: unknown key"))
        #expect(faults("- 1").contains("is not a mapping"))
        #expect(faults("").contains("name: is missing"))
    }

    @Test func names() throws {
        #expect(try ProfileCatalogue.device("raspberry_pi_4").name == "raspberry_pi_4")
        #expect(try ProfileCatalogue.link("3g").name == "3g")
        #expect(throws: ProfileError.unknown(name: "wify", kind: "link", near: ["wifi"])) {
            try ProfileCatalogue.link("wify")
        }
        let error = #expect(throws: ProfileError.self) { try ProfileCatalogue.device("raspberry_pi_44") }
        #expect(error?.description.contains("nearest are raspberry_pi_4") == true)
        #expect(throws: ProfileError.missing(path: "./no.yaml")) { try ProfileCatalogue.device("./no.yaml") }
    }

    @Test func filesOfTheUsersOwn() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("profile-\(getpid()).yaml")
            .path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try board.write(toFile: path, atomically: true, encoding: .utf8)
        #expect(try ProfileCatalogue.device(path).name == "my_board")
        #expect(throws: ProfileError.self) { try ProfileCatalogue.link(path) }
    }

    /// What every built-in profile has: a name of its own, more power at work than idle, and sources.
    @Test func builtInProfiles() {
        let devices = ProfileCatalogue.devices
        #expect(Set(devices.map(\.name)).count == devices.count)
        for name in [
            "raspberry_pi_3b_plus", "raspberry_pi_4", "raspberry_pi_5", "raspberry_pi_zero_2w",
            "jetson_nano_cpu", "jetson_nano", "jetson_tx2_nx", "jetson_orin_nano", "snapdragon_855",
            "stm32l4r5", "stm32u5", "stm32h7a3", "edge_server",
        ] {
            #expect(devices.contains { $0.name == name }, "\(name)")
        }
        #expect(ProfileCatalogue.links.map(\.name) == ["wifi", "lte", "3g", "ble", "lora", "ethernet"])
        for device in devices {
            #expect(device.power.activeWatts > device.power.idleWatts && device.power.idleWatts > 0)
            #expect(
                device.speed.efficiency.dropLast().contains { $0.isFinite }
                    || !device.speed.activationBytesPerSecond.isInfinite)
            #expect(device.memory.bytes > 500_000)
        }
    }
}

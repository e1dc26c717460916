import Foundation
import Testing

/// `tributary devices split`: parts that add up on a machine of one's own, crossovers, published figures, refusals.
@Suite struct DevicesSplitCommandTests {
    /// 1 GFLOP/s and nothing else that takes time, 3 W and 1 W idle; 1 Mbit/s each way, 10 ms there and back.
    private func machines(_ laboratory: Laboratory) throws -> [String] {
        try laboratory.write(
            """
            name: plain
            processor: none
            runtime: none
            speed:
              peak_gflops: 1
              efficiency: {conv3x3: 1, convolution: 1, pointwise: 1, depthwise: 1, dense: 1, elementwise: free}
              activation_gb_per_second: free
              weight_gb_per_second: free
              source: none
            memory: {mib: 1, source: none}
            power: {active_watts: 3, idle_watts: 1, source: none}
            """, to: "plain.yaml")
        try laboratory.write(
            """
            name: plain_link
            rates: {uplink_mbps: 1, downlink_mbps: 1, round_trip_ms: 10, source: none}
            packets: {payload_bytes: 1000000, overhead_bytes: 0, source: none}
            radio: {up_watts_per_mbps: 0.5, down_watts_per_mbps: 0.25, base_watts: 1, source: none}
            """, to: "link.yaml")
        let plain = laboratory.file("plain.yaml")
        return ["--device", plain, "--server", plain, "--link", laboratory.file("link.yaml")]
    }

    @Test func parts() throws {
        let laboratory = try Laboratory()
        let outcome = try Program.run(
            ["devices", "split", "resnet152", "--channels", "12,3", "--rates", "10,1", "--json"]
                + machines(laboratory), seconds: 60)
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(outcome.json["modelled"] as? Bool == true)
        let modes = try #require(outcome.json["modes"] as? [[String: Any]])
        #expect(
            modes.compactMap { $0["mode"] as? String } == [
                "local", "edge_jpeg", "edge_raw", "split_12", "split_3",
            ])
        // 29 x 29 values a channel, and scale and zero point.
        #expect(modes.compactMap { $0["payload_bytes"] as? Int } == [0, 45_844, 150_528, 10_100, 2_531])
        let macs = modes.compactMap { $0["device_macs"] as? Double }
        let devices = try #require(outcome.json["devices"] as? [[String: Any]])
        let rates = try #require(devices.first?["rates"] as? [[String: Any]])
        #expect(devices.count == 1 && rates.compactMap { $0["uplink_mbps"] as? Double } == [1, 10])
        for rate in rates {
            let mbps = try #require(rate["uplink_mbps"] as? Double)
            let costs = try #require(rate["modes"] as? [[String: Any]])
            for (index, cost) in costs.enumerated() {
                func value(_ key: String) -> Double { cost[key] as? Double ?? .nan }
                let seconds: Double = [
                    "compute_seconds", "preparation_seconds", "uplink_seconds", "server_seconds",
                    "downlink_seconds",
                ].map(value).reduce(0, +)
                #expect(abs(seconds - value("seconds")) < 1e-12)
                let joules: Double = [
                    "compute_joules", "preparation_joules", "radio_joules", "waiting_joules",
                ].map(value).reduce(0, +)
                #expect(abs(joules - value("joules")) < 1e-12)
                #expect(abs(joules - seconds - value("marginal_joules")) < 1e-12)
                #expect(abs(value("compute_seconds") - 2e-9 * macs[index]) < 1e-12)
                guard index > 0 else { continue }
                // A message has 82 bytes in front of its payload.
                let bytes = (modes[index]["payload_bytes"] as? Double ?? 0) + 82
                #expect(abs(value("uplink_seconds") - 0.005 - 8e-6 * bytes / mbps) < 1e-9)
            }
        }
        let pairs = try #require(devices[0]["crossovers"] as? [[String: Any]])
        #expect(pairs.count == 1 + 2 + 3 + 3)
        // At the greater rate the split saves most of the latency against the device alone.
        let reductions = try #require(devices[0]["reductions"] as? [[String: Any]])
        #expect(reductions.count == 4)
        let latency = try #require(reductions[1]["latency"] as? [String: Any])
        let costs = try #require(rates[1]["modes"] as? [[String: Any]])
        let (local, split) = (costs[0]["seconds"] as? Double ?? 0, costs[4]["seconds"] as? Double ?? 0)
        #expect(reductions[1]["mode"] as? String == "split_3" && latency["uplink_mbps"] as? Double == 10)
        #expect(abs((latency["percent"] as? Double ?? 0) - 100 * (1 - split / local)) < 1e-9)
        let published = try #require(outcome.json["published"] as? [String: Any])
        let payloads = try #require(published["payloads"] as? [[String: Any]])
        #expect(payloads.compactMap { $0["bytes"] as? Int } == [841, 1682, 2523, 5046, 7569, 10_092])
    }

    @Test func text() throws {
        let outcome = try Program.run(["devices", "split", "densenet169", "--rates", "1,100"], seconds: 60)
        #expect(outcome.code == 0, "\(outcome.errors)")
        for words in [
            "raspberry_pi_4, modelled: ms and mJ an image", "jetson_nano, modelled: the uplink's Mbit/s",
            "split_12", "edge_jpeg", "77.1 % of the data saved", "10092",
        ] {
            #expect(outcome.output.contains(words), "\(words)")
        }
        // Nothing was published of others.
        let other = try Program.run(
            ["devices", "split", "resnet50", "--device", "raspberry_pi_5", "--channels", "4", "--bits", "4"],
            seconds: 60)
        #expect(other.code == 0 && !other.output.contains("published"), "\(other.errors)")
        // 4 x 29 x 29 values of half a byte, and 8 bytes.
        #expect(other.output.contains("1690"))
    }

    @Test(arguments: [
        (64, ["resnet152", "--version", "4"], "--version is 4"),
        (64, ["resnet152", "--bits", "9"], "--bits is 9"),
        (64, ["resnet152", "--channels", "3,,6"], "channels"),
        (64, ["resnet152", "--channels", "0"], "channels"),
        (64, ["resnet152", "--rates", "1,0"], "rates"),
        (64, ["resnet152", "--jpeg-bytes", "0"], "--jpeg-bytes is 0"),
        (65, ["resnet153"], "nearest are resnet152"),
        (65, ["mlp", "--input", "784", "--jpeg-bytes", "500"], "mlp"),
        (64, ["resnet20", "--input", "3,32,32"], "--jpeg-bytes is missing"),
        (65, ["resnet152", "--device", "raspbery_pi_4"], "nearest are raspberry_pi_4"),
        (65, ["resnet152", "--link", "wify"], "nearest are wifi"),
        (66, ["resnet152", "--server", "./no.yaml"], "does not exist"),
    ])
    func refusals(code: Int32, arguments: [String], words: String) throws {
        let outcome = try Program.run(["devices", "split"] + arguments, seconds: 30)
        #expect(outcome.code == code, "\(outcome.errors)")
        #expect(outcome.errors.contains(words), "\(outcome.errors)")
        #expect(outcome.output.isEmpty)
    }
}

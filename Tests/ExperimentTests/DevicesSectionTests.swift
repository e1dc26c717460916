import Experiment
import Methods
import Testing

/// `devices`: defaults, and the exact words of what is wrong with it.
@Suite struct DevicesSectionTests {
    private static let group = "groups: [{profile: raspberry_pi_4, link: wifi}]"

    private static func text(_ devices: String, _ others: String = "") -> String {
        minimalScenario + "devices: {\(devices)}\n" + others
    }

    private static func devices(_ text: String) throws -> DevicesSpec? {
        switch try Scenario.load(text: text).kind {
        case .federated(let configuration): configuration.devices
        case .distributedInference, .splitComputing: nil
        }
    }

    @Test func groupsAloneAreEnough() throws {
        #expect(try Self.devices(minimalScenario) == nil)
        let groups = [DeviceGroup(profile: "raspberry_pi_4", link: "wifi")]
        #expect(try Self.devices(Self.text(Self.group)) == DevicesSpec(groups: groups))
    }

    /// 20 clients, 10 a round.
    @Test(arguments: [
        ("strict", RoundPolicy.strict(minimum: 1)),
        ("deadline", .deadline(seconds: 60, overSelection: 1.3, minimum: 1)),
        ("async", .async(buffer: 5, concurrency: 20, maximumStaleness: 10)),
    ])
    func policiesHaveDefaults(policy: String, due: RoundPolicy) throws {
        let text = Self.text("\(Self.group), round: {policy: \(policy)}")
        #expect(try Self.devices(text)?.round == due)
        let scenario = try Scenario.load(text: text)
        #expect(try Scenario.load(text: scenario.resolvedYAML) == scenario)
    }

    @Test func everyKeyIsRead() throws {
        let text = Self.text(
            """
            clock: simulated, groups: [{profile: ./board.yaml, link: lte, share: 0.7}, {profile: stm32u5, link: ble, share: 3}],
              round: {policy: deadline, seconds: 2.5, over_selection: 1.5, minimum: 4},
              availability: {dropout: 0.25, kind: markov, on_seconds: 60, off_seconds: 1e3}
            """)
        #expect(
            try Self.devices(text)
                == DevicesSpec(
                    groups: [
                        DeviceGroup(profile: "./board.yaml", link: "lte", share: 0.7),
                        DeviceGroup(profile: "stm32u5", link: "ble", share: 3),
                    ], round: .deadline(seconds: 2.5, overSelection: 1.5, minimum: 4),
                    availability: AvailabilitySpec(dropout: 0.25, kind: .markov(on: 60, off: 1000))))
        let trace = Self.text("\(Self.group), availability: {kind: trace, file: days.csv}")
        #expect(try Self.devices(trace)?.availability.kind == .trace(file: "days.csv"))
    }

    @Test(arguments: [
        (
            "groups: [{profile: raspbery_pi_4, link: wifi}]",
            "devices.groups.0.profile: raspbery_pi_4 is no device profile; did you mean raspberry_pi_4?"
        ),
        (
            "groups: [{profile: stm32u5, link: wify}]",
            "devices.groups.0.link: wify is no link profile; did you mean wifi?"
        ),
        (
            "groups: [{profile: mainframe, link: wifi}]",
            "devices.groups.0.profile: mainframe is no device profile; `tributary devices list` has all;"
                + " a file of your own is named with its path"
        ),
        (
            "groups: [{link: wifi}]",
            "devices.groups.0.profile: is missing; write profile: name of a device profile, or path"
        ),
        (
            "groups: [{profile: stm32u5, link: wifi, share: 0}]",
            "devices.groups.0.share: 0 is not positive; give a number above 0 to 1000000000"
        ),
        (
            "\(group), clock: wall",
            "devices.clock: wall is unknown; write one of simulated, real"
        ),
        (
            "\(group), round: {policy: asink}",
            "devices.round.policy: asink is unknown; write one of strict, deadline, async"
        ),
        (
            "\(group), round: {minimum: 11}",
            "devices.round.minimum: 11 is more than the 10 clients of a round; lower it"
        ),
        (
            "\(group), round: {policy: deadline, minimum: 11}",
            "devices.round.minimum: 11 is more than the 10 clients of a round; lower it"
        ),
        (
            "\(group), round: {policy: deadline, over_selection: 0.9}",
            "devices.round.over_selection: 0.9 is not positive; give a number from 1 to 100"
        ),
        (
            "\(group), round: {policy: deadline, seconds: 0}",
            "devices.round.seconds: 0 is not positive; give a number above 0 to 10000000"
        ),
        (
            "\(group), round: {policy: async, buffer: 21}",
            "devices.round.buffer: 21 is more than the 20 clients, of which each has one part in a round; lower it"
        ),
        (
            "\(group), round: {policy: strict, seconds: 5}",
            "devices.round.seconds: unknown key; remove it; the keys here are minimum, policy"
        ),
        (
            "\(group), availability: {dropout: 1.5}",
            "devices.availability.dropout: 1.5 is above 1; give a number from 0 to 1"
        ),
        (
            "\(group), availability: {kind: trace}",
            "devices.availability.file: is missing; write file: text of 1 to 4096 bytes"
        ),
        (
            "\(group), clock: real, round: {policy: deadline}",
            "devices.clock: real measures and simulates nothing;"
                + " remove devices.round and devices.availability, or use clock: simulated"
        ),
        (
            "\(group), clock: real, availability: {dropout: 0.1}",
            "devices.clock: real measures and simulates nothing;"
                + " remove devices.round and devices.availability, or use clock: simulated"
        ),
    ])
    func faultsOfDevices(devices: String, expected: String) {
        #expect(faults(of: Self.text(devices)) == "scenario.yaml:3: " + expected)
    }

    /// What rounds that overlap cannot do.
    @Test(arguments: [
        (
            "method: {name: scaffold}",
            "async works with clients that keep nothing, scaffold's do; use another method, or strict or deadline"
        ),
        (
            "compression: {uplink: [{kind: top_k}], error_feedback: true}",
            "async works with clients that keep nothing, and error feedback is kept;"
                + " remove compression.error_feedback, or use strict or deadline"
        ),
        (
            "compression: {downlink: [{kind: quantize}]}",
            "async knows no compressed models; remove compression.downlink"
        ),
        (
            "training: {selection: round_robin}", "async draws clients uniformly; remove training.selection"
        ),
        (
            "evaluation: {on: [activation_divergence]}",
            "async has no cohorts; remove activation_divergence from evaluation.on"
        ),
    ])
    func faultsOfOverlap(other: String, expected: String) {
        let text = Self.text("\(Self.group), round: {policy: async}", other + "\n")
        #expect(faults(of: text) == "scenario.yaml:3: devices.round.policy: " + expected)
    }

    @Test func pooledDataHaveNoDevices() {
        #expect(
            faults(of: Self.text(Self.group, "method: {name: centralised}\n"))
                == "scenario.yaml:3: devices: centralised has no clients with devices; remove devices")
    }
}

import ArgumentParser
import Experiment
import Foundation
import Methods
import Runtime
import TensorMath

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Read a scenario, say everything that is wrong with it, and what it will cost.",
        discussion: "Example: tributary check scenarios/quickstart.yaml --set training.rounds=200")

    @Argument(help: "Scenario file.") var file: String
    @OptionGroup var scenario: ScenarioOptions
    @Flag(help: "Print the resolved scenario, with every default written out.") var resolved = false
    @Flag(help: "Print one JSON document on standard output.") var json = false

    private struct Forecast: Encodable {
        let name: String
        let scenarioDigest: String
        let clients: Int
        let samplesPerClientMin: Int
        let samplesPerClientMax: Int
        /// With an attack.
        let attackers: Int?
        let parameters: Int
        let modelBytes: Int
        let macsPerSample: UInt64
        let federatedBytesPerRound: UInt64
        let federatedBytesTotal: UInt64
        /// With --resolved.
        let scenario: ResolvedScenario?
    }

    func run() throws {
        let scenario = try scenario.load(file)
        if resolved && !json { return try StandardOutput.write(scenario.resolvedYAML) }
        guard case .federated(let configuration) = scenario.kind else { return }
        let setup = try FederatedSetup(configuration)
        _ = try setup.timeline()
        for warning in configuration.warnings(clients: setup.partition.clients.count) {
            writeError("warning: \(warning)")
        }
        let sizes = setup.holdings.train.map(\.count)
        let perClient =
            UInt64(setup.payloadBytes.down + setup.payloadBytes.up) + setup.overhead.down + setup.overhead.up
        let perRound = perClient * UInt64(configuration.training.clientsPerRound)
        let attackers = configuration.attack?.attackers(of: sizes.count, seed: configuration.seed).count
        let forecast = Forecast(
            name: scenario.name, scenarioDigest: hexadecimal(scenario.digest), clients: sizes.count,
            samplesPerClientMin: sizes.min() ?? 0, samplesPerClientMax: sizes.max() ?? 0,
            attackers: attackers, parameters: setup.plan.layout.count, modelBytes: setup.modelBytes,
            macsPerSample: setup.plan.macs,
            federatedBytesPerRound: perRound,
            federatedBytesTotal: perRound * UInt64(configuration.training.rounds),
            scenario: resolved ? ResolvedScenario(scenario) : nil)
        if json { return try printJSON(forecast) }
        try printText(
            """
            \(file) is a valid \(scenario.kind.name) scenario.
            clients      \(forecast.clients), \(forecast.samplesPerClientMin) to \
            \(forecast.samplesPerClientMax) training samples each\(attackers.map { "\nattackers    \($0) of them" } ?? "")
            model        \(forecast.parameters) parameters, \(forecast.modelBytes) bytes, \
            \(forecast.macsPerSample) MACs a sample
            traffic      \(forecast.federatedBytesPerRound) bytes a round, \
            \(forecast.federatedBytesTotal) bytes in \(configuration.training.rounds) rounds (federated, both ways)
            digest       \(forecast.scenarioDigest)
            """)
    }
}

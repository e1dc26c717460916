import ArgumentParser
import Experiment
import Foundation
import Methods
import Runtime
import TensorMath

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Read a scenario, say everything that is wrong with it, and what it will cost.",
        discussion: "Example: tributary check scenarios/quickstart.yaml --set training.rounds=200")

    @Argument(help: "Scenario file.") var file: String
    @OptionGroup var scenario: ScenarioOptions
    @Flag(help: "Print the resolved scenario, with every default written out.") var resolved = false
    @Flag(help: "Print one JSON document on standard output.") var json = false

    private struct Forecast: Encodable {
        let name: String
        let scenario_digest: String
        let clients: Int
        let samples_per_client_min: Int
        let samples_per_client_max: Int
        let parameters: Int
        let model_bytes: Int
        let macs_per_sample: UInt64
        let federated_bytes_per_round: UInt64
        let federated_bytes_total: UInt64
    }

    func run() throws {
        let scenario = try scenario.load(file)
        if resolved {
            print(scenario.resolvedYAML, terminator: "")
            return
        }
        guard case .federated(let configuration) = scenario.kind else { return }
        let setup = try FederatedSetup(configuration)
        let sizes = setup.holdings.train.map(\.count)
        let perClient =
            2 * UInt64(setup.modelBytes) + setup.overhead.down + setup.overhead.up
        let perRound = perClient * UInt64(configuration.training.clientsPerRound)
        let forecast = Forecast(
            name: scenario.name, scenario_digest: hexadecimal(scenario.digest), clients: sizes.count,
            samples_per_client_min: sizes.min() ?? 0, samples_per_client_max: sizes.max() ?? 0,
            parameters: setup.plan.layout.count, model_bytes: setup.modelBytes, macs_per_sample: setup.plan.macs,
            federated_bytes_per_round: perRound,
            federated_bytes_total: perRound * UInt64(configuration.training.rounds))
        if json { return try printJSON(forecast) }
        print(
            """
            \(file) is a valid \(scenario.kind.name) scenario.
            clients      \(forecast.clients), \(forecast.samples_per_client_min) to \
            \(forecast.samples_per_client_max) training samples each
            model        \(forecast.parameters) parameters, \(forecast.model_bytes) bytes, \
            \(forecast.macs_per_sample) MACs a sample
            traffic      \(forecast.federated_bytes_per_round) bytes a round, \
            \(forecast.federated_bytes_total) bytes in \(configuration.training.rounds) rounds (federated, both ways)
            digest       \(forecast.scenario_digest)
            """)
    }
}

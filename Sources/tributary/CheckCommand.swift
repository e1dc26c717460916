import ArgumentParser
import Experiment
import Foundation
import Methods
import Report
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
        let attackingClients: [Int]?
        let parameters: Int
        let modelBytes: Int
        let macsPerSample: UInt64
        let federatedBytesPerRound: UInt64
        /// Absent where 64 bits do not hold it.
        let federatedBytesTotal: UInt64?
        /// With --resolved.
        let scenario: ResolvedScenario?
    }

    func run() throws {
        let scenario = try scenario.load(file)
        if resolved && !json { return try StandardOutput.write(scenario.resolvedYAML) }
        switch scenario.kind {
        case .federated(let configuration): try forecast(scenario, configuration)
        case .distributedInference(let configuration): try forecast(scenario, configuration)
        case .splitComputing(let configuration): try forecast(scenario, configuration)
        }
    }

    private func forecast(_ scenario: Scenario, _ configuration: FederatedConfiguration) throws {
        let setup = try FederatedSetup(configuration)
        _ = try setup.timeline()
        for warning in configuration.warnings(clients: setup.partition.clients.count) {
            writeError("warning: \(warning)")
        }
        let sizes = setup.holdings.train.map(\.count)
        let perClient =
            UInt64(setup.payloadBytes.down + setup.payloadBytes.up) + setup.overhead.down + setup.overhead.up
        let perRound = perClient * UInt64(configuration.clientsDrawn)
        let total = perRound.multipliedReportingOverflow(by: UInt64(configuration.training.rounds))
        let attackers = configuration.attack?.attackers(of: sizes.count, seed: configuration.seed).sorted()
        let forecast = Forecast(
            name: scenario.name, scenarioDigest: hexadecimal(scenario.digest), clients: sizes.count,
            samplesPerClientMin: sizes.min() ?? 0, samplesPerClientMax: sizes.max() ?? 0,
            attackers: attackers?.count, attackingClients: attackers, parameters: setup.plan.layout.count,
            modelBytes: setup.modelBytes,
            macsPerSample: setup.plan.macs,
            federatedBytesPerRound: perRound,
            federatedBytesTotal: total.overflow ? nil : total.partialValue,
            scenario: resolved ? ResolvedScenario(scenario) : nil)
        if json { return try printJSON(forecast) }
        try printText(
            """
            \(file) is a valid \(scenario.kind.name) scenario.
            clients      \(forecast.clients), \(forecast.samplesPerClientMin) to \
            \(forecast.samplesPerClientMax) training samples each\(attackers.map { "\nattackers    \(listed($0))" } ?? "")
            model        \(forecast.parameters) parameters, \(forecast.modelBytes) bytes, \
            \(forecast.macsPerSample) MACs a sample
            traffic      \(forecast.federatedBytesPerRound) bytes a round, \
            \(forecast.federatedBytesTotal.map(String.init) ?? "more than 2^64") bytes in \
            \(configuration.training.rounds) rounds (federated, both ways\(bound(configuration)))
            digest       \(forecast.scenarioDigest)
            """)
    }

    private func listed(_ attackers: [Int]) -> String {
        guard !attackers.isEmpty else { return "0 of them" }
        let shown = attackers.prefix(10).map(String.init).joined(separator: ", ")
        return "\(attackers.count) of them: " + shown + (attackers.count > 10 ? ", ..." : "")
    }

    /// Whether a run may move less, or more.
    private func bound(_ configuration: FederatedConfiguration) -> String {
        if case .async = configuration.devices?.round {
            return ", without clients that are stale or drop out"
        }
        return configuration.mayWaste ? ", at most" : ""
    }

    // MARK: - Distributed inference

    fileprivate struct InferenceDocument: Encodable {
        struct Contender: Encodable {
            let contender: String
            let networks: [String]
            let parameters: Int
            let largestParameters: Int
            let largestMacs: UInt64
            let largestMemoryBytes: UInt64
            let featureBytes: UInt64
            let inputBytes: UInt64
            let messages: Int
            let dependentRounds: Int
            let latencySeconds: Double
            let energyJoules: Double
        }

        let name: String
        let scenarioDigest: String
        let rounds: Int
        let teacherFilters: Int
        let teacherParameters: Int
        /// Of the students that the run is about.
        let payloadBytesPerInference: UInt64
        let messagesPerInference: Int
        let contenders: [Contender]
        let warnings: [String]
        /// With --resolved.
        let scenario: ResolvedScenario?
    }

    private func forecast(_ scenario: Scenario, _ configuration: DistributedInferenceConfiguration) throws {
        let setup = try InferenceSetup(configuration)
        let forecast = try setup.forecast()
        for warning in forecast.warnings { writeError("warning: \(warning)") }
        let main = forecast.contenders[1]
        let digest = hexadecimal(scenario.digest)
        guard !json else {
            return try printJSON(
                InferenceDocument(
                    name: scenario.name, scenarioDigest: digest, rounds: forecast.rounds,
                    teacherFilters: forecast.filters, teacherParameters: forecast.contenders[0].parameters,
                    payloadBytesPerInference: main.featureBytes, messagesPerInference: main.messages,
                    contenders: forecast.contenders.map { InferenceDocument.Contender($0) },
                    warnings: forecast.warnings, scenario: resolved ? ResolvedScenario(scenario) : nil))
        }
        try printText(
            """
            \(file) is a valid \(scenario.kind.name) scenario.
            teacher      \(forecast.contenders[0].parameters) parameters, \(forecast.filters) filters
            students     \(main.networks.joined(separator: ", "))
            inference    \(main.featureBytes) bytes of features, \(main.messages) messages, \
            \(main.dependentRounds) dependent rounds
            rounds       \(forecast.rounds): epochs of all networks, and an evaluation of each contender
            digest       \(digest)

            Networks as if the teacher's filters were divided evenly; latency and energy are modelled.
            \(ForecastTable.text(forecast).dropLast())
            """)
    }

    // MARK: - Split computing

    fileprivate struct SplitDocument: Encodable {
        struct Mode: Encodable {
            let mode: String
            let payloadBytes: Int?
            let deviceParameters: Int
            let deviceMacs: UInt64
            let serverMacs: UInt64
            let latencySeconds: Double?
            let energyJoules: Double?
        }

        let name: String
        let scenarioDigest: String
        let rounds: Int
        let teacherParameters: Int
        /// Of the mode that the run is about.
        let payloadBytesPerInference: Int?
        let modes: [Mode]
        /// With --resolved.
        let scenario: ResolvedScenario?
    }

    private func forecast(_ scenario: Scenario, _ configuration: SplitComputingConfiguration) throws {
        let forecast = try SplitSetup(configuration).forecast()
        let digest = hexadecimal(scenario.digest)
        guard !json else {
            return try printJSON(
                SplitDocument(
                    name: scenario.name, scenarioDigest: digest, rounds: forecast.rounds,
                    teacherParameters: forecast.teacherParameters,
                    payloadBytesPerInference: forecast.modes[0].payloadBytes,
                    modes: forecast.modes.map {
                        SplitDocument.Mode(
                            mode: $0.name, payloadBytes: $0.payloadBytes,
                            deviceParameters: $0.deviceParameters, deviceMacs: $0.deviceMACs,
                            serverMacs: $0.serverMACs, latencySeconds: $0.latencySeconds,
                            energyJoules: $0.energyJoules)
                    }, scenario: resolved ? ResolvedScenario(scenario) : nil))
        }
        try printText(
            """
            \(file) is a valid \(scenario.kind.name) scenario.
            teacher      \(forecast.teacherParameters) parameters
            rounds       \(forecast.rounds): epochs of all networks, and an evaluation of each mode
            digest       \(digest)

            Latency and energy are modelled; what depends on the image is left out.
            \(SplitForecastTable.text(forecast).dropLast())
            """)
    }
}

extension CheckCommand.InferenceDocument.Contender {
    fileprivate init(_ it: ContenderForecast) {
        (contender, networks) = (it.contender.name, it.networks)
        (parameters, largestParameters) = (it.parameters, it.largestParameters)
        (largestMacs, largestMemoryBytes) = (it.largestMACs, it.largestMemoryBytes)
        (featureBytes, inputBytes) = (it.featureBytes, it.inputBytes)
        (messages, dependentRounds) = (it.messages, it.dependentRounds)
        (latencySeconds, energyJoules) = (it.latencySeconds, it.energyJoules)
    }
}

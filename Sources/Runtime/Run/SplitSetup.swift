import Datasets
import Devices
import Experiment
import Methods
import Networks
import TensorMath

/// Everything that follows from a configuration of split computing and its data set, before anything starts.
public struct SplitSetup: Sendable {
    public let configuration: SplitComputingConfiguration
    public var teacher: NetworkPlan { network.plan }
    private let network: TeacherNetwork
    private let data: InferenceData
    private let pricing: SplitPricing

    /// Reads the data set: the server knows the right answers.
    public init(_ configuration: SplitComputingConfiguration) throws(SetupError) {
        try self.init(
            configuration, dataset: try .load(for: configuration.dataset, seed: configuration.seed))
    }

    /// With a data set that is at hand.
    public init(_ configuration: SplitComputingConfiguration, dataset: Dataset) throws(SetupError) {
        self.configuration = configuration
        data = try InferenceData(
            dataset, heldOut: configuration.validationFraction, seed: configuration.seed)
        network = try TeacherNetwork(configuration.teacher, dataset: dataset)
        let headers = InferenceHeaders(.serveDevice, layout: network.plan.layout.digest)
        do throws(ProfileError) { _ = try configuration.controller.fileText() } catch { throw .trace(error) }
        do throws(ProfileError) {
            pricing = try configuration.pricing(network.plan, headers: headers)
        } catch { throw .profile(error) }
        do throws(SplitError) { _ = try configuration.divided(network.plan) } catch { throw .split(error) }
        let filter = configuration.filter
        let held = HeldOut(
            count: data.trainCount, fraction: configuration.validationFraction, seed: configuration.seed)
        let interesting = held.validation.filter { filter.classes.contains(Int(data.labels[Int($0)])) }
        guard filter.classes.isEmpty || !interesting.isEmpty else {
            throw .nothingOfInterest(samples: held.validation.count)
        }
    }

    /// Of the network of a mode as a whole, by its place in the configuration.
    public func layout(ofMode index: Int) throws(SetupError) -> ParameterLayout {
        guard let place = configuration.modes[index].network else { return teacher.layout }
        do throws(SplitError) {
            return try configuration.networks[place].divided(teacher, configuration).whole.layout
        } catch { throw .split(error) }
    }

    /// What each mode will send and compute; payloads of JPEG and of compressed codes are not known before.
    public func forecast() throws(SetupError) -> SplitForecast {
        do throws(SplitError) {
            return try SplitForecast(configuration, teacher: teacher, pricing: pricing)
        } catch { throw .split(error) }
    }
}

extension SplitSetup: ExperimentSetup {
    public var rounds: Int { SplitTimetable(configuration).rounds }

    public var clients: Int? { nil }

    public var stateBytes: Int { 0 }

    public func identity() throws -> [String: String] {
        let text =
            pricing.devices.map(\.yaml).joined() + pricing.server.yaml
            + (try ProfileCatalogue.link(configuration.links.radio)).yaml
            + (try configuration.controller.fileText())
        return [
            "devices_digest": hexadecimal(digest256(Array(text.utf8))), "teacher_digest": network.digest,
        ]
    }

    public func template(_ file: SafetensorsFile) throws -> Snapshot {
        .template(file, teacher: teacher.layout)
    }

    public func program(resuming snapshot: Snapshot?) throws(SetupError) -> SplitComputingProgram {
        do throws(SplitError) {
            return try SplitComputingProgram(
                configuration: configuration, data: data, teacher: teacher, pricing: pricing,
                loaded: network.loaded, resuming: snapshot)
        } catch { throw .split(error) }
    }

    public func writeInputs(to directory: RunDirectory) throws {}

    /// `teacher.safetensors`, and `divided.safetensors` with the network that the run is about.
    public func writeModels(
        _ last: Snapshot, clients: [Int], states: ClientStateStore, to directory: RunDirectory
    ) throws {
        try network.write(last.model, to: directory)
        let divided = try configuration.networks[0].divided(teacher, configuration)
        guard let values = SplitComputingProgram.deployed(0, divided, in: last) else { return }
        let layout = divided.whole.layout
        let all = FloatBuffer(count: layout.count).view
        guard values.copy(into: all) else { preconditionFailure("a network of another layout") }
        try SafetensorsFile.write(
            path: directory.path(of: RunDirectory.Name.divided), layout: layout, parameters: all,
            metadata: ["mode": configuration.mainMode.name])
    }

    public func outcome(_ ledger: Ledger) throws -> Outcome {
        let main = try ledger.required(
            ledger.modes().first { $0.mode == configuration.mainMode.name })
        return Outcome(rounds: rounds, finalAccuracy: main.accuracy, modelDigest: main.digest)
    }

    public func complete(_ result: inout RunResult, from ledger: Ledger) throws {
        let modes = try ledger.modes()
        let main = modes.first { $0.mode == configuration.mainMode.name }
        result.teacherAccuracy = modes.first { $0.kind == "local" }?.accuracy
        result.accuracy = main?.accuracy
        result.payloadBytesPerInference = main.map(\.payloadBytesPerImage)
        result.messagesPerInference = main.map(\.messagesPerImage)
        result.latencySeconds = main?.cost.seconds
        result.energyJoules = main?.cost.joules
        result.baselines = modes.filter { $0.mode != main?.mode }.map { row in
            RunResult.Baseline(
                name: row.mode, accuracy: row.accuracy, payloadBytesPerInference: row.payloadBytesPerImage,
                messagesPerInference: row.messagesPerImage, latencySeconds: row.cost.seconds,
                energyJoules: row.cost.joules)
        }
        let headers = InferenceHeaders(.serveDevice, layout: teacher.layout.digest)
        let divided = try configuration.divided(teacher)
        for row in modes where row.headerBytes > 0 {
            // An exit's answer is two bytes, a filter's notice one; what the device answered without a link is no traffic
            // of a deployment.
            let exits = UInt64(row.exits) * ((row.kind == "filtered" ? 1 : 2) + row.headerBytes)
            result.bytes.federatedUp +=
                row.totalPayloadBytes + UInt64(row.sent) * row.headerBytes + exits
            let mode = configuration.modes.first { $0.name == row.mode }
            let bytes = mode.map { UInt64($0.deviceBytes(divided)) } ?? 0
            result.bytes.federatedDown += bytes + headers.weights(bytes)
        }
    }
}

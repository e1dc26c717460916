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
    private let held: HeldOut
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
        try Self.checkProfiles(configuration)
        do throws(ProfileError) {
            pricing = try configuration.pricing(network.plan, headers: headers)
        } catch { throw .profile(error) }
        do throws(SplitError) { _ = try configuration.divided(network.plan) } catch { throw .split(error) }
        let filter = configuration.filter
        held = HeldOut(
            count: data.trainCount, fraction: configuration.validationFraction, seed: configuration.seed)
        let interesting = held.validation.first { [data] in filter.isOfInterest(data.labels[Int($0)]) }
        guard filter.classes.isEmpty || interesting != nil else {
            throw .nothingOfInterest(samples: held.validation.count)
        }
    }

    /// Every profile at its own key.
    private static func checkProfiles(_ configuration: SplitComputingConfiguration) throws(SetupError) {
        let deployment = configuration.deployment
        var devices = [("device", deployment.device), ("server", deployment.server)]
        devices += deployment.otherDevices.map { ("other_devices", $0) }
        for (key, name) in devices {
            do throws(ProfileError) { _ = try ProfileCatalogue.device(name) } catch {
                throw .profile(error, key: key)
            }
        }
        do throws(ProfileError) {
            try ProfileCatalogue.requireDistinct(devices: [deployment.device] + deployment.otherDevices)
        } catch { throw .profile(error, key: "other_devices") }
        do throws(ProfileError) { _ = try ProfileCatalogue.link(configuration.links.radio) } catch {
            throw .profile(error, key: "links.radio")
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
        [RunDirectory.devicesKey: try configuration.devicesDigest(), "teacher_digest": network.digest]
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

    /// `teacher.safetensors`, `divided.safetensors` with the network that the run is about, and `filter.safetensors` with a
    /// neural filter and its threshold.
    public func writeModels(
        _ last: Snapshot, clients: [Int], states: ClientStateStore, to directory: RunDirectory
    ) throws {
        try network.write(last.model, to: directory)
        try write(
            0, of: last, as: RunDirectory.Name.divided, ["mode": configuration.mainMode.name], to: directory)
        let networks = configuration.networks
        guard let filter = networks.firstIndex(where: { $0.kind == .neuralFilter }) else { return }
        try write(
            filter, of: last, as: RunDirectory.Name.filterModel, ["mode": networks[filter].name],
            to: directory)
    }

    private func write(
        _ index: Int, of last: Snapshot, as name: String, _ metadata: [String: String],
        to directory: RunDirectory
    ) throws {
        let network = configuration.networks[index]
        let divided = try network.divided(teacher, configuration)
        let isFilter = network.kind == .neuralFilter
        guard
            let deployed = SplitComputingProgram.deployed(
                index, divided, in: last, scores: isFilter ? held.validation.count : 0)
        else { return }
        let layout = divided.whole.layout
        let all = FloatBuffer(count: layout.count).view
        guard deployed.parameters.copy(into: all) else {
            preconditionFailure("a network of another layout")
        }
        var metadata = metadata
        if isFilter {
            let threshold = FilterThreshold(
                scores: deployed.scores, held: held, labels: data.labels, configuration.filter)
            metadata["threshold"] = "\(threshold.chosen.threshold)"
        }
        try SafetensorsFile.write(
            path: directory.path(of: name), layout: layout, parameters: all, metadata: metadata)
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
            // What the device was done with itself is no traffic of a deployment.
            result.bytes.federatedUp += row.totalPayloadBytes + UInt64(row.sent) * row.headerBytes
            let mode = configuration.modes.first { $0.name == row.mode }
            let bytes = mode.map { UInt64($0.deviceBytes(divided)) } ?? 0
            result.bytes.federatedDown += bytes + headers.weights(bytes)
        }
    }
}

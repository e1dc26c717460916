import Datasets
import Devices
import Experiment
import Methods
import Networks
import TensorMath

/// Everything that follows from a configuration of distributed inference and its data set, before anything starts.
public struct InferenceSetup: Sendable {
    public let configuration: DistributedInferenceConfiguration
    public var teacher: NetworkPlan { network.plan }
    private let network: TeacherNetwork
    let data: InferenceData
    let devices: InferenceDevices

    /// Reads the data set, which the hub needs to send images and to know right answers.
    public init(_ configuration: DistributedInferenceConfiguration) throws(SetupError) {
        try self.init(
            configuration, dataset: try .load(for: configuration.dataset, seed: configuration.seed))
    }

    /// With a data set that is at hand.
    public init(_ configuration: DistributedInferenceConfiguration, dataset: Dataset) throws(SetupError) {
        self.configuration = configuration
        data = try InferenceData(
            dataset, heldOut: configuration.validationFraction, seed: configuration.seed)
        network = try TeacherNetwork(configuration.teacher, dataset: dataset)
        do throws(ProfileError) {
            try ProfileCatalogue.requireDistinct(devices: configuration.deployment.devices)
            devices = InferenceDevices(
                devices: try configuration.deployment.devices.map { (name) throws(ProfileError) in
                    try ProfileCatalogue.device(name)
                }, hub: try ProfileCatalogue.device(configuration.deployment.hub),
                link: try ProfileCatalogue.link(configuration.deployment.link))
        } catch { throw .profile(error) }
    }

    private var headers: InferenceHeaders {
        InferenceHeaders(.serveStudent, layout: teacher.layout.digest)
    }

    /// The networks that the scenario asks for and what they will cost; throws for what is wrong with them, as far as that
    /// can be known before there is a teacher.
    public func forecast() throws(SetupError) -> InferenceForecast {
        do throws(ContenderFault) {
            return try configuration.forecast(teacher: teacher, devices: devices, headers: headers)
        } catch { throw .contender(error) }
    }
}

extension InferenceSetup: ExperimentSetup {
    public var rounds: Int { Timetable(configuration).rounds }

    public var clients: Int? { nil }

    public var stateBytes: Int { 0 }

    public func identity() throws -> [String: String] {
        var text = devices.hub.yaml + devices.link.yaml
        for device in devices.devices { text += device.yaml }
        return [
            "devices_digest": hexadecimal(digest256(Array(text.utf8))), "teacher_digest": network.digest,
        ]
    }

    public func template(_ file: SafetensorsFile) throws -> Snapshot {
        .template(file, teacher: teacher.layout)
    }

    public func program(resuming snapshot: Snapshot?) throws(SetupError) -> DistributedInferenceProgram {
        do throws(StudentError) {
            return try DistributedInferenceProgram(
                configuration: configuration, data: data, teacher: teacher, devices: devices,
                headers: headers, loaded: network.loaded, resuming: snapshot)
        } catch { throw .student(error) }
    }

    public func writeInputs(to directory: RunDirectory) throws {}

    /// `teacher.safetensors`, and `students.safetensors` with those that the run is about and their last layer.
    public func writeModels(
        _ last: Snapshot, clients: [Int], states: ClientStateStore, to directory: RunDirectory
    ) throws {
        try network.write(last.model, to: directory)
        let name = DistributedInferenceProgram.vector(ofContender: 1)
        guard let vector = last.memory.first(where: { $0.name == name }) else { return }
        let all = FloatBuffer(count: vector.layout.count).view
        guard vector.values.copy(into: all) else { preconditionFailure("students of another layout") }
        var layout = ParameterLayout()
        for segment in vector.layout.segments where segment.name.contains("/") {
            layout.append(
                unchecked: segment.name, shape: segment.shape, role: segment.role, layer: segment.layer)
        }
        try SafetensorsFile.write(
            path: directory.path(of: RunDirectory.Name.students), layout: layout,
            parameters: all.slice(0, layout.count),
            metadata: ["contender": configuration.mainContender.name])
    }

    public func outcome(_ ledger: Ledger) throws -> Outcome {
        let students = try ledger.required(
            ledger.contenders().first { $0.contender == configuration.mainContender.name })
        return Outcome(rounds: rounds, finalAccuracy: students.accuracy, modelDigest: students.digest)
    }

    public func complete(_ result: inout RunResult, from ledger: Ledger) throws {
        let contenders = try ledger.contenders()
        let students = contenders.first { $0.contender == configuration.mainContender.name }
        result.teacherAccuracy = contenders.first { $0.kind == "teacher" }?.accuracy
        result.accuracy = students?.accuracy
        result.payloadBytesPerInference = students.map { Double($0.featureBytes) }
        result.messagesPerInference = students.map { Double($0.messages) }
        result.latencySeconds = students?.latencySeconds
        result.energyJoules = students?.energyJoules
        result.baselines = contenders.filter { $0.contender != students?.contender }.map { row in
            RunResult.Baseline(
                name: row.contender, accuracy: row.accuracy,
                payloadBytesPerInference: Double(row.featureBytes),
                messagesPerInference: Double(row.messages),
                latencySeconds: row.latencySeconds, energyJoules: row.energyJoules)
        }
        // What was sent for real: baselines that stand on one device are not asked over the wire.
        let served = Set(configuration.contenders.filter(\.isServed).map(\.name))
        let images = contenders.first?.images ?? 0
        let messages = UInt64(configuration.deployment.items(images: images))
        for row in try ledger.transfers() where served.contains(row.contender) {
            let isOnce = row.content == "weights"
            let bytes =
                row.payloadBytes * (isOnce ? 1 : UInt64(images)) + row.headerBytes * (isOnce ? 1 : messages)
            if row.sender == 0 {
                result.bytes.federatedDown += bytes
            } else {
                result.bytes.federatedUp += bytes
            }
        }
    }
}

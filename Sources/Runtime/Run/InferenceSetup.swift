import Datasets
import Devices
import Experiment
import Methods
import Networks
import TensorMath
import Wire

/// Everything that follows from a configuration of distributed inference and its data set, before anything starts.
public struct InferenceSetup: Sendable {
    public let configuration: DistributedInferenceConfiguration
    public let teacher: NetworkPlan
    let data: InferenceData
    let devices: InferenceDevices
    let loaded: ObjectBytes?
    private let weightsDigest: String

    /// Reads the data set, which the hub needs to send images and to know right answers.
    public init(_ configuration: DistributedInferenceConfiguration) throws(SetupError) {
        let dataset: Dataset
        do { dataset = try Dataset.load(configuration.dataset, seed: configuration.seed) } catch {
            throw .dataset(error)
        }
        try self.init(configuration, dataset: dataset)
    }

    /// With a data set that is at hand.
    public init(_ configuration: DistributedInferenceConfiguration, dataset: Dataset) throws(SetupError) {
        self.configuration = configuration
        data = InferenceData(dataset)
        let held = HeldOut(
            count: data.trainCount, fraction: configuration.validationFraction, seed: configuration.seed)
        guard !held.train.isEmpty else { throw .nothingToLearn(samples: data.trainCount) }
        teacher = try configuration.teacherPlan(dataset)
        do throws(ProfileError) {
            devices = InferenceDevices(
                devices: try configuration.deployment.devices.map { (name) throws(ProfileError) in
                    try ProfileCatalogue.device(name)
                }, hub: try ProfileCatalogue.device(configuration.deployment.hub),
                link: try ProfileCatalogue.link(configuration.deployment.link))
        } catch { throw .profile(error) }
        guard let path = configuration.teacher.weights else {
            (loaded, weightsDigest) = (nil, "")
            return
        }
        let values = FloatBuffer(count: teacher.layout.count).view
        do throws(SafetensorsError) {
            try SafetensorsFile(path: path).load(teacher.layout, into: values)
        } catch { throw .weights(error) }
        guard values.maximumMagnitude.isFinite else { throw .weightsNotFinite(path) }
        let parameters = ObjectBytes(values)
        (loaded, weightsDigest) = (parameters, hexadecimal(parameters.digest))
    }

    /// Bytes of headers as this program's messages have them.
    private var headers: InferenceHeaders {
        let id = ObjectID(high: 1, low: 1)
        let task = TaskOrder(
            task: 1, attempt: 1, kind: TaskSpec.Kind.serveStudent.rawValue, round: 1, client: 0,
            participation: 0, first: 0, count: nil, layout: teacher.layout.digest,
            inputs: [ObjectReference(id: id, bytes: 1)], inline: 1)
        func size(_ message: Message) -> Int {
            Envelope(run: 1, epoch: 1, session: 1, sequence: 1, message: message).encoded().count
        }
        let header = size(.task(task))
        let chunk = size(.chunk(id: id, index: 0, length: 1))
        return InferenceHeaders(item: Item.headerBytes) { bytes in
            TrafficMeter.overhead(object: Int(bytes), header: header, chunkHeader: chunk)
        }
    }

    /// The networks that the scenario asks for and what they will cost; throws for what is wrong with them, as far as that
    /// can be known before there is a teacher.
    public func forecast() throws(SetupError) -> InferenceForecast {
        do throws(ContenderFault) {
            return try configuration.forecast(teacher: teacher, devices: devices, headers: headers)
        } catch { throw .contender(error) }
    }
}

extension DistributedInferenceConfiguration {
    func teacherPlan(_ dataset: Dataset) throws(SetupError) -> NetworkPlan {
        let shape = dataset.shape
        do throws(NetworkError) {
            return try NetworkPlan(
                spec: teacher.model,
                input: Shape(channels: shape.channels, height: shape.height, width: shape.width),
                classes: dataset.classes)
        } catch { throw .network(error) }
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
            "devices_digest": hexadecimal(digest256(Array(text.utf8))), "teacher_digest": weightsDigest,
        ]
    }

    /// Layouts as they stand in the file: what students are follows from the teacher.
    public func template(_ file: SafetensorsFile) throws -> Snapshot {
        var memory: [NamedVector] = []
        for tensor in file.tensors where tensor.name.hasPrefix(Checkpoint.memoryPrefix) {
            let words = tensor.name.dropFirst(Checkpoint.memoryPrefix.count).split(
                separator: ".", maxSplits: 1)
            guard words.count == 2 else { continue }
            if memory.last?.name != String(words[0]) {
                memory.append(
                    NamedVector(
                        name: String(words[0]), layout: ParameterLayout(), values: ObjectBytes([])))
            }
            memory[memory.count - 1].layout.append(
                unchecked: String(words[1]), shape: tensor.shape, role: .buffer, layer: 0)
        }
        return Snapshot(
            round: 0, model: ObjectBytes([]), layout: teacher.layout, memory: memory, final: false)
    }

    public func program(resuming snapshot: Snapshot?) throws(SetupError) -> DistributedInferenceProgram {
        do throws(StudentError) {
            return try DistributedInferenceProgram(
                configuration: configuration, data: data, teacher: teacher, devices: devices,
                headers: headers, loaded: loaded, resuming: snapshot)
        } catch { throw .student(error) }
    }

    public func writeInputs(to directory: RunDirectory) throws {}

    /// `teacher.safetensors`, and `students.safetensors` with those that the run is about and their last layer.
    public func writeModels(
        _ last: Snapshot, clients: [Int], states: ClientStateStore, to directory: RunDirectory
    ) throws {
        let values = FloatBuffer(count: teacher.layout.count).view
        let fits = last.model.copy(into: values)
        precondition(fits, "a teacher of another layout")
        try SafetensorsFile.write(
            path: directory.path(of: RunDirectory.Name.teacher), layout: teacher.layout, parameters: values,
            metadata: ["model": teacher.spec.name])
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
        let rows = try ledger.contenders()
        guard let students = rows.first(where: { $0.contender == configuration.mainContender.name }) else {
            throw LedgerError(
                .corrupt, file: ledger.file, "names a last round and does not hold it",
                remedy: "take the run from a copy")
        }
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

import Datasets
import Experiment
import Methods
import Networks
import TensorMath
import Wire

/// The teacher of an experiment that makes other networks of it: its plan, and its parameters where they are loaded.
struct TeacherNetwork: Sendable {
    let plan: NetworkPlan
    let loaded: ObjectBytes?
    /// BLAKE2b-256 of what was loaded, hexadecimal; empty where nothing is.
    let digest: String

    init(_ spec: TeacherSpec, dataset: Dataset) throws(SetupError) {
        plan = try Self.plan(spec, dataset)
        guard let path = spec.weights else {
            (loaded, digest) = (nil, "")
            return
        }
        let values = FloatBuffer(count: plan.layout.count).view
        do throws(SafetensorsError) {
            try SafetensorsFile(path: path).load(plan.layout, into: values)
        } catch { throw .weights(error) }
        guard values.maximumMagnitude.isFinite else { throw .weightsNotFinite(path) }
        let parameters = ObjectBytes(values)
        (loaded, digest) = (parameters, hexadecimal(parameters.digest))
    }

    static func plan(_ spec: TeacherSpec, _ dataset: Dataset) throws(SetupError) -> NetworkPlan {
        let shape = dataset.shape
        do throws(NetworkError) {
            return try NetworkPlan(
                spec: spec.model,
                input: Shape(channels: shape.channels, height: shape.height, width: shape.width),
                classes: dataset.classes)
        } catch { throw .network(error) }
    }

    /// Writes its parameters after a run.
    func write(_ parameters: ObjectBytes, to directory: RunDirectory) throws {
        let values = FloatBuffer(count: plan.layout.count).view
        let fits = parameters.copy(into: values)
        precondition(fits, "a teacher of another layout")
        try SafetensorsFile.write(
            path: directory.path(of: RunDirectory.Name.teacher), layout: plan.layout, parameters: values,
            metadata: ["model": plan.spec.name])
    }
}

extension InferenceData {
    /// Of a data set that leaves something to learn from.
    init(_ dataset: Dataset, heldOut fraction: Double, seed: UInt64) throws(SetupError) {
        self.init(dataset)
        guard !HeldOut(count: trainCount, fraction: fraction, seed: seed).train.isEmpty else {
            throw .nothingToLearn(samples: trainCount)
        }
    }
}

extension Ledger {
    /// What a finished run's last round must have left.
    func required<Row>(_ row: Row?) throws(LedgerError) -> Row {
        guard let row else {
            throw LedgerError(
                .corrupt, file: file, "names a last round and does not hold it",
                remedy: "take the run from a copy")
        }
        return row
    }
}

extension Dataset {
    static func load(for configuration: DatasetSpec, seed: UInt64) throws(SetupError) -> Dataset {
        do { return try load(configuration, seed: seed) } catch { throw .dataset(error) }
    }
}

extension Snapshot {
    /// Of a checkpoint whose layouts are as they stand in the file: what networks beside the teacher are follows from what
    /// was learnt.
    static func template(_ file: SafetensorsFile, teacher: ParameterLayout) -> Snapshot {
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
        return Snapshot(round: 0, model: ObjectBytes([]), layout: teacher, memory: memory, final: false)
    }
}

extension InferenceHeaders {
    /// Bytes of headers as this program's messages have them, of tasks of a kind.
    init(_ kind: TaskSpec.Kind, layout: [UInt8]) {
        let id = ObjectID(high: 1, low: 1)
        let task = TaskOrder(
            task: 1, attempt: 1, kind: kind.rawValue, round: 1, client: 0, participation: 0, first: 0,
            count: nil, layout: layout, inputs: [ObjectReference(id: id, bytes: 1)], inline: 1)
        func size(_ message: Message) -> Int {
            Envelope(run: 1, epoch: 1, session: 1, sequence: 1, message: message).encoded().count
        }
        let header = size(.task(task))
        let chunk = size(.chunk(id: id, index: 0, length: 1))
        self.init(item: Item.headerBytes) { bytes in
            TrafficMeter.overhead(object: Int(bytes), header: header, chunkHeader: chunk)
        }
    }
}

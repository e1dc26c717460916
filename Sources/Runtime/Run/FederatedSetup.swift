import Datasets
import Experiment
import Methods
import Networks
import TensorMath
import Wire

/// Everything that follows from a federated configuration and the labels of its data set, before anything starts.
public struct FederatedSetup: Sendable {
    public let configuration: FederatedConfiguration
    public let labels: DatasetLabels
    public let partition: Partition
    public let holdings: LocalSplit
    public let plan: NetworkPlan
    package let exchange: Exchange

    /// Reads the labels and nothing else of the data set.
    public init(_ configuration: FederatedConfiguration) throws(SetupError) {
        let labels: DatasetLabels
        do { labels = try Dataset.loadLabels(configuration.dataset, seed: configuration.seed) } catch {
            throw .dataset(error)
        }
        try self.init(configuration, labels: labels)
    }

    /// With labels that are at hand.
    public init(_ configuration: FederatedConfiguration, labels: DatasetLabels) throws(SetupError) {
        self.configuration = configuration
        self.labels = labels
        do throws(PartitionError) {
            partition = try labels.partition(configuration.partition, seed: configuration.seed)
            try partition.validate()
            holdings = configuration.method.holdings(
                of: try partition.localSplit(
                    fraction: configuration.localTestFraction, seed: configuration.seed,
                    pooled: configuration.dataset.pool))
        } catch { throw .partition(error) }
        guard configuration.training.clientsPerRound <= partition.clients.count else {
            throw .cohort(wanted: configuration.training.clientsPerRound, clients: partition.clients.count)
        }
        do {
            plan = try NetworkPlan(
                spec: configuration.model,
                input: Shape(
                    channels: labels.shape.channels, height: labels.shape.height, width: labels.shape.width),
                classes: labels.classes)
        } catch { throw .network(error) }
        exchange = configuration.exchange(plan)
        let cohort = min(configuration.training.clientsPerRound, holdings.train.count { !$0.isEmpty })
        let least = configuration.devices?.leastUpdates(of: cohort) ?? cohort
        let rule = configuration.aggregation
        let devicesKey = least < cohort ? configuration.devices?.leastUpdatesKey : nil
        if let objection = rule.objection(updates: least, key: devicesKey ?? "training.clients_per_round") {
            let why = devicesKey.map { ", as \($0) lets it" } ?? ""
            throw .aggregation("\(rule.name) \(objection.message)\(why); \(objection.remedy)")
        }
    }

    /// Samples of the global test set.
    public var testCount: Int { holdings.pooledTest?.count ?? labels.testCount }

    /// Bytes of the model; what a client receives may be less or more.
    public var modelBytes: Int { plan.layout.count * 4 }
    /// Bytes that a client receives and sends in a round, headers apart; 0 where clients stay by themselves.
    public var payloadBytes: (down: Int, up: Int) {
        guard configuration.method.isFederated else { return (0, 0) }
        let coding = UpdateCoding(configuration, layout: exchange.payload)
        return (coding.downBytes, coding.upBytes)
    }
    /// Bytes of what a client keeps between its rounds.
    public var stateBytes: Int { exchange.state.count * 4 }

    public var payloadDigest: [UInt8] { exchange.payload.digest }

    /// The payload that a model's shared values make.
    public func payload(of model: FloatView) -> ObjectBytes {
        let payload = FloatBuffer(count: exchange.payload.count)
        exchange.gather(model, into: payload.view)
        return ObjectBytes(payload.view)
    }

    /// What a deployment would send besides models and updates; the sizes of the real headers, 0 where clients stay by
    /// themselves.
    public var overhead: MessageOverhead {
        guard configuration.method.isFederated else { return MessageOverhead(down: 0, up: 0) }
        func size(_ message: Message) -> Int {
            Envelope(run: 1, epoch: 1, session: 1, sequence: 1, message: message).encoded().count
        }
        let id = ObjectID(high: 1, low: 1)
        let (down, up) = payloadBytes
        let task = TaskOrder(
            task: 1, attempt: 1, kind: TaskSpec.Kind.train.rawValue, round: 1, client: 0, participation: 0,
            first: 0, count: nil, layout: payloadDigest,
            inputs: [ObjectReference(id: id, bytes: UInt64(down))], inline: 1)
        let offer = Offer(
            task: 1, attempt: 1, outputs: [ObjectReference(id: id, bytes: UInt64(up))],
            metrics: [0, 0, 0, 0, 0], work: [0, 0], inline: 1, failure: nil)
        let chunk = size(.chunk(id: id, index: 0, length: 1))
        return MessageOverhead(
            down: TrafficMeter.overhead(object: down, header: size(.task(task)), chunkHeader: chunk),
            up: TrafficMeter.overhead(object: up, header: size(.offer(offer)), chunkHeader: chunk))
    }

    /// Simulated time, where the scenario names devices; reads the profiles that are files. Only who coordinates needs it.
    package func timeline() throws(SetupError) -> Timeline? {
        guard let devices = configuration.devices, devices.clock == .simulated else { return nil }
        do throws(ProfileError) {
            try ProfileCatalogue.requireDistinct(
                devices: devices.groups.map(\.profile), links: devices.groups.map(\.link))
            let groups = try devices.groups.map { (group) throws(ProfileError) in
                Fleet.Group(
                    device: try ProfileCatalogue.device(group.profile),
                    link: try ProfileCatalogue.link(group.link), share: group.share)
            }
            let fleet = Fleet(
                groups, clients: partition.clients.count, configuration: configuration, plan: plan)
            try check(fleet)
            var trace: AvailabilityTrace?
            if case .trace(let file) = devices.availability.kind { trace = try AvailabilityFile.read(file) }
            return Timeline(
                fleet, spec: devices, seed: configuration.seed, trace: trace,
                training: configuration.training,
                counts: holdings.train.map(\.count))
        } catch { throw .profile(error) }
    }

    /// BLAKE2b-256 of the profiles and the trace that simulated time follows from, hexadecimal; empty without them. What
    /// stands in files of the user's own may change while a run rests.
    package func devicesDigest() throws(SetupError) -> String {
        guard let devices = configuration.devices, devices.clock == .simulated else { return "" }
        do throws(ProfileError) {
            var text = ""
            for group in devices.groups {
                text += try ProfileCatalogue.device(group.profile).yaml
                text += try ProfileCatalogue.link(group.link).yaml
            }
            if case .trace(let file) = devices.availability.kind {
                for (client, intervals) in try AvailabilityFile.read(file).clients.enumerated() {
                    for interval in intervals { text += "\(client) \(interval.start) \(interval.end)\n" }
                }
            }
            return hexadecimal(digest256(Array(text.utf8)))
        } catch { throw .profile(error) }
    }

    /// A model that does not fit a device is a mistake of the scenario.
    private func check(_ fleet: Fleet) throws(ProfileError) {
        let memory = fleet.memory(batch: configuration.training.batchSize)
        for (index, group) in fleet.groups.enumerated() where !group.device.holds(memory) {
            throw .tooSmall(
                group: index, device: group.device.name, needed: memory.total,
                bytes: group.device.memory.bytes)
        }
    }

    public func program(resuming snapshot: Snapshot?) throws(SetupError) -> FederatedProgram {
        let population = holdings.population(testCount: testCount)
        return FederatedProgram(
            configuration: configuration, population: population, plan: plan, overhead: overhead,
            timeline: try timeline(), resuming: snapshot)
    }
}

/// Why an experiment cannot be set up from its scenario.
public enum SetupError: Error, Sendable, CustomStringConvertible {
    case dataset(DatasetError)
    case partition(PartitionError)
    case network(NetworkError)
    case cohort(wanted: Int, clients: Int)
    case aggregation(String)
    case profile(ProfileError, key: String = "devices")
    case student(StudentError)
    case contender(ContenderFault)
    case split(SplitError)
    /// Of the rates that a controller is tried on.
    case trace(ProfileError)
    case weights(SafetensorsError)
    case weightsNotFinite(String)
    /// None of so many validation samples is of a class that a filter is to let through.
    case nothingOfInterest(samples: Int)
    /// Of so many training samples all are held out.
    case nothingToLearn(samples: Int)

    public var description: String {
        switch self {
        case .dataset(let error): "dataset: \(error)"
        case .partition(let error): "dataset.partition: \(error)"
        case .network(let error): "model: \(error)"
        case .cohort(let wanted, let clients):
            "training.clients_per_round: \(wanted) of \(clients) clients; give at most \(clients)"
        case .aggregation(let text): "aggregation.rule: \(text)"
        case .profile(let error, let key): "\(key): \(error)"
        case .student(let error): "teacher.model: \(error)"
        case .contender(let error): "\(error)"
        case .split(let error): "teacher.model: \(error)"
        case .trace(let error): "controller.trace.path: \(error)"
        case .weights(let error): "teacher.weights: \(error)"
        case .nothingOfInterest(let samples):
            "filter.classes: none of \(samples) validation samples is of these; raise dataset.validation_fraction or "
                + "dataset.limit"
        case .nothingToLearn(let samples):
            "dataset.validation_fraction: of \(samples) training samples none is left to learn from; raise dataset.limit, "
                + "or lower the fraction"
        case .weightsNotFinite(let path):
            "teacher.weights: \(path) has values that are no numbers; train the teacher again"
        }
    }

    /// Whether the fault is that the data set is not there, rather than that something is wrong with it.
    public var isMissingInput: Bool {
        switch self {
        case .dataset(let error): error.reason == .missing
        case .profile(.missing, _), .profile(.unreadable, _), .trace(.missing), .trace(.unreadable): true
        case .weights(let error): if case .system = error.reason { true } else { false }
        default: false
        }
    }
}

import Datasets
import Experiment
import Methods
import Networks
import TensorMath

extension WorkerEngine {
    /// What a worker becomes through the scenario that its coordinator sent.
    public init(scenario bytes: ObjectBytes) throws(CannotServe) {
        let scenario: Scenario
        do {
            scenario = try Scenario.load(text: String(decoding: bytes.bytes, as: UTF8.self), file: "scenario")
        } catch {
            throw CannotServe(
                "the coordinator's scenario cannot be read here: \(error)", isMissingInput: false)
        }
        switch scenario.kind {
        case .federated(let configuration): try self.init(configuration)
        case .distributedInference(let configuration): try self.init(configuration)
        case .splitComputing(let configuration): try self.init(configuration)
        }
    }

    private init(_ configuration: DistributedInferenceConfiguration) throws(CannotServe) {
        let (dataset, teacher) = try Self.teacher(
            configuration.teacher, configuration.dataset, configuration.seed)
        let executor: InferenceExecutor
        do throws(StudentError) {
            executor = try InferenceExecutor(
                configuration: configuration, dataset: dataset, teacher: teacher)
        } catch { throw CannotServe("teacher.model: \(error)", isMissingInput: false) }
        self.init(executor: executor, fingerprint: dataset.fingerprint)
    }

    private init(_ configuration: SplitComputingConfiguration) throws(CannotServe) {
        let (dataset, teacher) = try Self.teacher(
            configuration.teacher, configuration.dataset, configuration.seed)
        let executor: SplitExecutor
        do throws(SplitError) {
            executor = try SplitExecutor(configuration: configuration, dataset: dataset, teacher: teacher)
        } catch { throw CannotServe("teacher.model: \(error)", isMissingInput: false) }
        self.init(executor: executor, fingerprint: dataset.fingerprint)
    }

    private static func teacher(
        _ spec: TeacherSpec, _ data: DatasetSpec, _ seed: UInt64
    ) throws(CannotServe) -> (Dataset, NetworkPlan) {
        do {
            let dataset = try Dataset.load(for: data, seed: seed)
            return (dataset, try TeacherNetwork.plan(spec, dataset))
        } catch { throw CannotServe("\(error)", isMissingInput: error.isMissingInput) }
    }

    private init(_ configuration: FederatedConfiguration) throws(CannotServe) {
        let dataset: Dataset
        let setup: FederatedSetup
        do { dataset = try Dataset.load(configuration.dataset, seed: configuration.seed) } catch {
            throw CannotServe("dataset: \(error)", isMissingInput: error.reason == .missing)
        }
        do { setup = try FederatedSetup(configuration, labels: dataset.labels) } catch {
            throw CannotServe("\(error)", isMissingInput: error.isMissingInput)
        }
        self.init(
            executor: FederatedExecutor(
                configuration: configuration, dataset: dataset, holdings: setup.holdings, plan: setup.plan),
            fingerprint: dataset.fingerprint)
    }
}

import Datasets
import Experiment
import Methods
import TensorMath

extension WorkerEngine {
    /// What a worker becomes through the scenario that its coordinator sent.
    public init(scenario bytes: ObjectBytes) throws(TaskFailure) {
        let scenario: Scenario
        do {
            scenario = try Scenario.load(text: String(decoding: bytes.bytes, as: UTF8.self), file: "scenario")
        } catch { throw TaskFailure("the coordinator's scenario cannot be read here: \(error)") }
        switch scenario.kind {
        case .federated(let configuration): try self.init(configuration)
        }
    }

    private init(_ configuration: FederatedConfiguration) throws(TaskFailure) {
        let dataset: Dataset
        let setup: FederatedSetup
        do { dataset = try Dataset.load(configuration.dataset, seed: configuration.seed) } catch {
            throw TaskFailure("dataset: \(error)")
        }
        do { setup = try FederatedSetup(configuration, labels: dataset.labels) } catch {
            throw TaskFailure("\(error)")
        }
        self.init(
            executor: FederatedExecutor(
                configuration: configuration, dataset: dataset, holdings: setup.holdings, plan: setup.plan),
            fingerprint: dataset.fingerprint)
    }
}

import Datasets
import Experiment
import Methods

/// Why cells of a sweep cannot be set up.
public struct SweepSetupError: Error, Sendable, CustomStringConvertible {
    /// The error, and the first cell that has it.
    public let errors: [(error: SetupError, cell: String)]

    /// Whether nothing is wrong but a data set that is not there.
    public var isMissingInput: Bool { errors.allSatisfy { $0.error.isMissingInput } }

    public var description: String {
        errors.map { "\($0.error) (in the cell \($0.cell))" }.joined(separator: "\n")
    }
}

extension Sweep {
    /// Sets one cell of each group up, so that a data set that is missing, or a partition or network that cannot be,
    /// is known before anything runs. Each error is told once.
    public func checkSetups() throws(SweepSetupError) {
        var errors: [(error: SetupError, cell: String)] = []
        var labels = LastLabels()
        for group in 0..<groups {
            let cell = cells.first { $0.group == group }!
            do throws(SetupError) {
                switch cell.scenario.kind {
                case .federated(let configuration):
                    _ = try FederatedSetup(configuration, labels: labels.of(configuration)).timeline()
                case .distributedInference(let configuration):
                    _ = try InferenceSetup(configuration).forecast()
                case .splitComputing(let configuration): _ = try SplitSetup(configuration).forecast()
                }
            } catch {
                let isKnown = errors.contains { $0.error.description == error.description }
                if !isKnown { errors.append((error, text(cell))) }
            }
        }
        if !errors.isEmpty { throw SweepSetupError(errors: errors) }
    }
}

/// Labels that were read last: most cells of a sweep share their data set.
private struct LastLabels {
    private var last: (dataset: DatasetSpec, seed: UInt64, labels: DatasetLabels)?

    mutating func of(_ configuration: FederatedConfiguration) throws(SetupError) -> DatasetLabels {
        if let last, last.dataset == configuration.dataset, last.seed == configuration.seed {
            return last.labels
        }
        do throws(DatasetError) {
            let labels = try Dataset.loadLabels(configuration.dataset, seed: configuration.seed)
            last = (configuration.dataset, configuration.seed, labels)
            return labels
        } catch { throw .dataset(error) }
    }
}

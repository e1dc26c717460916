import Experiment

/// Why a run cannot be reported on.
public enum ReportError: Error, Sendable, Equatable, CustomStringConvertible {
    case scenario(ScenarioFaults)
    case record(RecordError)
    /// The run has no finished round.
    case noRounds(directory: String)

    public var description: String {
        switch self {
        case .scenario(let faults): faults.description
        case .record(let error): error.description
        case .noRounds(let directory):
            "\(directory): has no finished round; go on with it: run --resume \(directory)"
        }
    }
}

import Experiment

/// Why a run cannot be reported on.
public enum ReportError: Error, Sendable, Equatable, CustomStringConvertible {
    case scenario(ScenarioFaults)
    case record(RecordError)
    /// The run has no finished round.
    case noRounds(directory: String)
    /// The report asked for is on another kind of experiment.
    case otherKind(directory: String, kind: String, expected: String)

    public var description: String {
        switch self {
        case .scenario(let faults): faults.description
        case .record(let error): error.description
        case .noRounds(let directory):
            "\(directory): has no finished round; go on with it: run --resume \(directory)"
        case .otherKind(let directory, let kind, let expected):
            "\(directory): is a run of kind \(kind), not \(expected); name runs of one kind"
        }
    }
}

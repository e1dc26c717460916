import Experiment

/// A run's directory, read as its kind of experiment asks for.
public enum RecordedRun: Sendable {
    case federated(RunRecord)
    case distributedInference(InferenceRecord)
    case splitComputing(SplitRecord)

    public init(_ directory: RunDirectory) throws(ReportError) {
        let documents = try RunDocuments(directory)
        switch documents.scenario.kind {
        case .federated: self = .federated(try RunRecord(directory, documents))
        case .distributedInference: self = .distributedInference(try InferenceRecord(directory, documents))
        case .splitComputing: self = .splitComputing(try SplitRecord(directory, documents))
        }
    }

    /// Nil for another kind, as for the next.
    public var federated: RunRecord? { if case .federated(let record) = self { record } else { nil } }

    public var inference: InferenceRecord? {
        if case .distributedInference(let record) = self { record } else { nil }
    }

    public var split: SplitRecord? { if case .splitComputing(let record) = self { record } else { nil } }

    /// The name that scenarios use for the kind.
    public var kind: String {
        switch self {
        case .federated(let record): record.scenario.kind.name
        case .distributedInference(let record): record.scenario.kind.name
        case .splitComputing(let record): record.scenario.kind.name
        }
    }
}

/// What was asked, and with what it was made.
struct RunDocuments {
    let scenario: Scenario
    let environment: RunEnvironment

    init(_ directory: RunDirectory) throws(ReportError) {
        let text: String
        do throws(RunDirectoryError) {
            text = try directory.read(RunDirectory.Name.scenario)
            environment = try directory.readEnvironment()
        } catch {
            throw .record(.directory(error))
        }
        do throws(ScenarioFaults) {
            scenario = try Scenario.load(text: text, file: directory.path(of: RunDirectory.Name.scenario))
        } catch {
            throw .scenario(error)
        }
    }
}

import Experiment
import Methods

/// Several runs side by side, with what each cost against one of them.
public struct Comparison: Sendable {
    /// In the order given; at least one.
    public let runs: [RunReport]
    /// A name for each run that no other has.
    public let labels: [String]
    /// Index of the run that the others are measured against; nil when none stands out.
    public let baseline: Int?
    /// Which accuracy counts; nil where the runs have none in common, so that each goes by its own rule.
    public let measure: AccuracyMeasure?
    /// Accuracies to be reached, ascending.
    public let targets: [Double]
    /// Runs that differ in nothing but their seed, in the order of their first; empty where none was repeated.
    let groups: [Group]

    /// How often one figure goes into another; nil when either is not known.
    struct Ratios: Sendable, Equatable {
        var rounds: Double?
        var bytes: Double?
    }

    /// `baseline`: an index; nil for the first run whose method is FedAvg.
    public init(_ records: [RunRecord], baseline: Int? = nil, options: ReportOptions = ReportOptions()) {
        precondition(!records.isEmpty && baseline.map(records.indices.contains) ?? true)
        let measure = options.measure ?? RunReport.commonMeasure(records)
        let communications = records.map { Communication($0, measure: measure) }
        let pairs = Array(zip(records, communications))
        let targets =
            options.targets
            ?? RunReport.standardTargets(
                stops: records.map(\.stopTarget), best: communications.map(\.bestAccuracy))
        self.measure = measure
        self.targets = targets
        runs = pairs.map { RunReport($0.0, $0.1, measure, targets: targets) }
        labels = Self.labels(records)
        groups = Group.all(runs, targets: targets)
        self.baseline = baseline ?? records.firstIndex { $0.method == "fedavg" }
    }

    /// The scenarios' names where they tell the runs apart, else the directories'.
    private static func labels(_ records: [RunRecord]) -> [String] {
        let choices = [
            records.map(\.scenario.name),
            records.map { String($0.directory.split(separator: "/").last ?? "/") }, records.map(\.directory),
        ]
        if let telling = choices.first(where: { Set($0).count == records.count }) { return telling }
        return choices[2].enumerated().map { "\($0.element) (\($0.offset + 1))" }
    }

    /// Rounds and bytes of a run to a target, by the baseline's.
    func ratios(_ run: Int, to target: Double) -> Ratios {
        guard let baseline, let own = runs[run].communication.reach(target),
            let other = runs[baseline].communication.reach(target)
        else { return Ratios() }
        return Ratios(
            rounds: Self.quotient(Double(own.round), Double(other.round)),
            bytes: Self.quotient(Double(own.bytes), Double(other.bytes)))
    }

    /// Rounds and bytes of a whole run, by the baseline's.
    func ratios(_ run: Int) -> Ratios {
        guard let baseline else { return Ratios() }
        let (own, other) = (runs[run].communication, runs[baseline].communication)
        return Ratios(
            rounds: Self.quotient(Double(own.rounds.count), Double(other.rounds.count)),
            bytes: Self.quotient(Double(own.bytes), Double(other.bytes)))
    }

    /// Bytes of a mean round, by the baseline's.
    func roundBytesRatio(_ run: Int) -> Double? {
        baseline.flatMap {
            Self.quotient(runs[run].communication.bytesPerRound, runs[$0].communication.bytesPerRound)
        }
    }

    static func quotient(_ a: Double, _ b: Double) -> Double? { b > 0 ? a / b : nil }

    /// Runs on different data have accuracies that are not of the same task.
    private var datasetNotes: [String] {
        let datasets = runs.map(\.record.dataset)
        guard datasets.contains(where: { $0 != datasets[0] }) else { return [] }
        let names = Set(datasets.map(\.name.rawValue)).sorted()
        let difference = names.count > 1 ? names.joined(separator: ", ") : "\(names[0]) with other settings"
        return [
            "The runs are on different data (\(difference)): their accuracies, and what was spent to reach one, cannot "
                + "be compared."
        ]
    }

    /// What the reader must know of the figures.
    public var notes: [String] {
        var notes: [String] = []
        if let baseline {
            let others = runs.indices.filter { $0 != baseline && runs[$0].record.method == "fedavg" }
            let rest = others.isEmpty ? "" : "; --baseline chooses another run"
            notes.append("Ratios are to \(labels[baseline]) (\(runs[baseline].record.method))\(rest).")
        } else {
            notes.append(
                "No run is FedAvg, so there are no ratios; --baseline names the run to measure against.")
        }
        for (label, run) in zip(labels, runs) where !run.summary.isFinished {
            notes.append("\(label) is \(run.summary.progress).")
        }
        notes += datasetNotes + repetitionNotes
        notes.append(AccuracyMeasure.note(measure, among: "runs"))
        return notes
    }
}

import Experiment
import Methods

/// Runs of distributed inference side by side, by contender: mean and deviation over those that differ in nothing but
/// their seed.
public struct InferenceComparison: Sendable {
    /// Runs of one experiment.
    struct Group: Sendable {
        /// Unique in the comparison.
        let label: String
        /// At least one.
        let runs: [InferenceReport]
        /// That all runs have, in the order of the scenario.
        let contenders: [ContenderStatistics]
    }

    /// What is compared of a contender.
    struct ContenderStatistics: Sendable {
        let contender: String
        let accuracy: SampleStatistics
        /// To the same run's teacher, in points.
        let difference: SampleStatistics?
        let largestParameters: SampleStatistics
        let features: SampleStatistics
        let latency: SampleStatistics
        let energy: SampleStatistics

        /// Nil unless every run has the contender.
        init?(_ contender: String, _ runs: [InferenceReport]) {
            let found = runs.compactMap { run in run.figures.first { $0.row.contender == contender } }
            func statistics(_ value: (InferenceFigures) -> Double?) -> SampleStatistics? {
                SampleStatistics(found.compactMap(value))
            }
            guard found.count == runs.count, let accuracy = statistics({ $0.row.accuracy }),
                let largestParameters = statistics({ Double($0.row.largestParameters) }),
                let features = statistics({ Double($0.row.featureBytes) }),
                let latency = statistics({ $0.row.latencySeconds }),
                let energy = statistics({ $0.row.energyJoules })
            else { return nil }
            self.contender = contender
            (self.accuracy, difference) = (accuracy, statistics(\.difference))
            (self.largestParameters, self.features) = (largestParameters, features)
            (self.latency, self.energy) = (latency, energy)
        }

        /// By the names of their columns.
        var all: [(name: String, statistics: SampleStatistics?)] {
            [
                ("accuracy", accuracy), ("teacher_difference_points", difference),
                ("largest_parameters", largestParameters), ("feature_bytes", features),
                ("latency_seconds", latency), ("energy_joules", energy),
            ]
        }
    }

    /// In the order given; at least one.
    let runs: [InferenceReport]
    /// In the order of their first runs.
    let groups: [Group]

    public init(_ records: [InferenceRecord]) {
        precondition(!records.isEmpty, "a comparison of nothing")
        runs = records.map { InferenceReport($0) }
        groups = ExperimentGroups(runs) { $0.record.scenario }.named.map { label, runs in
            Group(
                label: label, runs: runs,
                contenders: runs[0].record.contenders.compactMap {
                    ContenderStatistics($0.contender, runs)
                })
        }
    }

    /// What the reader must know of the figures.
    var notes: [String] {
        var notes = [
            "Runs that differ in nothing but their seed are one experiment: mean ± standard deviation of the sample over "
                + "its runs. Points are to the teacher of the same run."
        ]
        for run in runs where !run.record.isFinished {
            notes.append("\(run.record.directory) is \(run.record.progress).")
        }
        return notes
            + groups.compactMap {
                warning(ofSeeds: $0.runs.map(\.record.configuration.seed), $0.label)
            }
    }
}

// MARK: - Text

extension InferenceComparison {
    /// What a terminal shows.
    public var text: String {
        [groupTable.text, runTable.text, notes.joined(separator: "\n") + "\n"].joined(separator: "\n")
    }

    private var groupTable: ReportTable {
        ReportTable(
            title: "Contenders",
            columns: [
                "experiment", "contender", ">runs", ">accuracy", ">to teacher", ">parameters", ">features",
                ">latency", ">energy",
            ],
            rows: groups.flatMap { group in
                group.contenders.map { it in
                    [
                        group.label, it.contender, "\(group.runs.count)",
                        it.accuracy.text { Quantity.accuracy($0) },
                        it.difference?.points ?? "–",
                        Quantity.threeDigits(it.largestParameters.mean),
                        Quantity.bytes(UInt64(it.features.mean.rounded())),
                        Quantity.latency(it.latency.mean), Quantity.energy(it.energy.mean),
                    ]
                }
            })
    }

    private var runTable: ReportTable {
        let pairs = groups.flatMap { group in group.runs.map { (group.label, $0) } }
        return ReportTable(
            title: "Runs", columns: ["experiment", ">seed", ">teacher", ">students", "directory"],
            rows: pairs.map { label, run in
                let record = run.record
                return [
                    label, "\(record.configuration.seed)", Quantity.accuracy(record.teacher?.accuracy),
                    Quantity.accuracy(record.row(record.main.name)?.accuracy), record.directory,
                ]
            })
    }
}

// MARK: - Files

extension InferenceComparison {
    /// A row an experiment and contender.
    var csv: String {
        let names = groups.flatMap(\.contenders).first?.all.map(\.name) ?? []
        let header = ["experiment", "contender", "n"] + names.flatMap { ["\($0)_mean", "\($0)_sd"] }
        let rows = groups.flatMap { group in
            group.contenders.map { it in
                [group.label, it.contender, "\(group.runs.count)"]
                    + it.all.flatMap { [cell($0.statistics?.mean), cell($0.statistics?.deviation)] }
            }
        }
        return Report.csv(header, rows)
    }

    /// Writes `contenders.csv` into `directory`, which is made if it is not there; a run's own is refused.
    public func write(to directory: String) throws(ReportError) -> ReportOutcome {
        var folder = ReportFolder(directory)
        do throws(RunDirectoryError) {
            try Comparison.refuseRun(directory)
            try folder.make()
            try folder.write(csv, to: RunDirectory.Name.contenders)
        } catch {
            throw .record(.directory(error))
        }
        return ReportOutcome(files: folder.files, note: folder.note)
    }
}

import Experiment
import Methods

/// Runs of split computing side by side, by mode: mean and deviation over those that differ in nothing but their seed.
public struct ModeComparison: Sendable {
    /// Runs of one experiment.
    struct Group: Sendable {
        /// Unique in the comparison.
        let label: String
        /// At least one.
        let runs: [SplitReport]
        /// That all runs have, in the order of the scenario.
        let modes: [ModeStatistics]
    }

    /// What is compared of a mode.
    struct ModeStatistics: Sendable {
        let mode: String
        let accuracy: SampleStatistics
        /// To the same run's teacher, in points.
        let difference: SampleStatistics?
        /// Over all images, without headers.
        let payload: SampleStatistics
        let latency: SampleStatistics
        let energy: SampleStatistics

        /// Nil unless every run has the mode.
        init?(_ mode: String, _ runs: [SplitReport]) {
            let found = runs.compactMap { run in
                run.record.modes.first { $0.mode == mode }.map { (run, $0) }
            }
            func statistics(_ value: (SplitReport, ModeRow) -> Double?) -> SampleStatistics? {
                SampleStatistics(found.compactMap(value))
            }
            guard found.count == runs.count, let accuracy = statistics({ $1.accuracy }),
                let payload = statistics({ $1.payloadBytesPerImage }),
                let latency = statistics({ $1.cost.seconds }), let energy = statistics({ $1.cost.joules })
            else { return nil }
            self.mode = mode
            (self.accuracy, difference) = (accuracy, statistics { $0.difference($1) })
            (self.payload, self.latency, self.energy) = (payload, latency, energy)
        }

        /// By the names of their columns.
        var all: [(name: String, statistics: SampleStatistics?)] {
            [
                ("accuracy", accuracy), ("teacher_difference_points", difference),
                ("payload_bytes_per_image", payload), ("latency_seconds", latency), ("energy_joules", energy),
            ]
        }
    }

    /// In the order given; at least one.
    let runs: [SplitReport]
    /// In the order of their first runs.
    let groups: [Group]

    public init(_ records: [SplitRecord]) {
        precondition(!records.isEmpty, "a comparison of nothing")
        runs = records.map { SplitReport($0) }
        groups = ExperimentGroups(runs) { $0.record.scenario }.named.map { label, runs in
            Group(
                label: label, runs: runs,
                modes: runs[0].record.modes.compactMap { ModeStatistics($0.mode, runs) })
        }
    }

    /// What the reader must know of the figures.
    var notes: [String] {
        [
            "Runs that differ in nothing but their seed are one experiment: mean ± standard deviation of the sample over "
                + "its runs. Points are to the teacher of the same run."
        ]
            + runs.filter { !$0.record.isFinished }.map {
                "\($0.record.directory) is \($0.record.progress)."
            }
            + (groups.count == 1
                ? []
                : groups.map { "\($0.label): \($0.runs.map(\.record.directory).joined(separator: ", "))." })
            + groups.compactMap {
                warning(ofSeeds: $0.runs.map(\.record.configuration.seed), $0.label)
            }
    }

    /// What a terminal shows.
    public var text: String {
        [groupTable.text, notes.joined(separator: "\n") + "\n"].joined(separator: "\n")
    }

    private var groupTable: ReportTable {
        ReportTable(
            title: "Modes",
            columns: [
                "experiment", "mode", ">runs", ">accuracy", ">to teacher", ">bytes an image", ">latency",
                ">energy",
            ],
            rows: groups.flatMap { group in
                group.modes.map { it in
                    [
                        group.label, it.mode, "\(group.runs.count)",
                        it.accuracy.text { Quantity.accuracy($0) },
                        it.difference?.points ?? "–",
                        "\(Quantity.threeDigits(it.payload.mean)) B", Quantity.latency(it.latency.mean),
                        Quantity.energy(it.energy.mean),
                    ]
                }
            })
    }

    /// A row for each experiment and mode.
    var csv: String {
        let header =
            ["experiment", "mode", "n"]
            + (groups.flatMap(\.modes).first?.all ?? []).flatMap { ["\($0.name)_mean", "\($0.name)_sd"] }
        return Report.csv(
            header,
            groups.flatMap { group in
                group.modes.map { it in
                    [group.label, it.mode, "\(group.runs.count)"]
                        + it.all.flatMap {
                            [cell($0.statistics?.mean), cell($0.statistics?.deviation)]
                        }
                }
            })
    }

    /// Writes `modes.csv` into `directory`, which is made if it is not there; a run's own is refused.
    public func write(to directory: String) throws(ReportError) -> ReportOutcome {
        var folder = ReportFolder(directory)
        do throws(RunDirectoryError) {
            try Comparison.refuseRun(directory)
            try folder.make()
            try folder.write(csv, to: RunDirectory.Name.modes)
        } catch {
            throw .record(.directory(error))
        }
        return ReportOutcome(files: folder.files, note: folder.note)
    }
}

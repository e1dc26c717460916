import Experiment

extension Comparison {
    /// Runs that differ in nothing but their seed.
    struct Group: Sendable {
        /// Unique in the comparison.
        let label: String
        /// Their places in the comparison.
        let runs: [Int]
        let seeds: [UInt64]
        /// By the names of their columns: those that all runs have.
        let figures: [(name: String, statistics: SampleStatistics?)]
        /// In the order of the comparison's targets.
        let costs: [TargetCost]

        /// Of several runs; empty where none is the repetition of another: each run says all of itself then.
        static func all(_ runs: [RunReport], targets: [Double]) -> [Group] {
            let named = ExperimentGroups(Array(runs.indices)) { runs[$0].record.scenario }.named
            guard named.count < runs.count else { return [] }
            return named.map { label, members in
                let repetitions = members.map {
                    TargetCost.Repetition(
                        seed: runs[$0].record.seed, milestones: runs[$0].communication.milestones)
                }
                return Group(
                    label: label, runs: members, seeds: repetitions.map(\.seed),
                    figures: figures(members.map { runs[$0] }),
                    costs: targets.map { TargetCost($0, repetitions) })
            }
        }

        private static func figures(
            _ runs: [RunReport]
        ) -> [(name: String, statistics: SampleStatistics?)] {
            func statistics(_ value: (RunReport) -> Double?) -> SampleStatistics? {
                let values = runs.compactMap(value)
                return values.count == runs.count ? SampleStatistics(values) : nil
            }
            return [
                ("final_accuracy", statistics(\.communication.finalAccuracy)),
                ("best_accuracy", statistics(\.communication.bestAccuracy)),
                ("rounds", statistics { Double($0.summary.rounds) }),
                ("up_bytes", statistics { Double($0.summary.up.total) }),
                ("down_bytes", statistics { Double($0.summary.down.total) }),
                ("simulated_seconds", statistics(\.summary.simulatedSeconds)),
            ]
        }

        func statistics(_ name: String) -> SampleStatistics? {
            figures.first { $0.name == name }?.statistics
        }
    }

    /// Bytes of an experiment to the target at `place`, by those of the baseline's.
    func bytesRatio(of group: Group, place: Int) -> Double? {
        guard let baseline, let other = groups.first(where: { $0.runs.contains(baseline) }) else {
            return nil
        }
        return group.costs[place].bytesRatio(to: other.costs[place])
    }

    /// What to say of experiments; empty where there are none.
    var repetitionNotes: [String] {
        guard !groups.isEmpty else { return [] }
        return [
            "Runs that differ in nothing but their seed are one experiment: mean ± standard deviation of the sample over "
                + "its runs; costs to an accuracy over those that reached it, ratios over the seeds with which the "
                + "baseline's did, too."
        ] + groups.compactMap { warning(ofSeeds: $0.seeds, $0.label) }
    }
}

// MARK: - Tables

extension Comparison {
    /// Experiments, and what an accuracy took them; empty where no run was repeated.
    var groupTables: [ReportTable] {
        guard !groups.isEmpty else { return [] }
        let whole = ReportTable(
            title: "Experiments",
            columns: [
                "experiment", ">runs", ">final accuracy", ">best accuracy", ">rounds", ">up", ">down",
                ">simulated time",
            ], rows: groups.map(shown))
        let costs = targets.indices.flatMap { place in
            groups.map { [$0.label] + $0.costs[place].shown(ratio: bytesRatio(of: $0, place: place)) }
        }
        let reached = ReportTable(
            title: "Costs of experiments to an accuracy", note: TargetCost.note,
            columns: ["experiment"] + TargetCost.headings, rows: costs)
        return [whole] + (costs.isEmpty ? [] : [reached])
    }

    private func shown(_ group: Group) -> [String] {
        func text(_ name: String, _ shown: (Double) -> String) -> String {
            group.statistics(name)?.text(shown) ?? "–"
        }
        return [
            group.label, "\(group.runs.count)", text("final_accuracy") { Quantity.accuracy($0) },
            text("best_accuracy") { Quantity.accuracy($0) }, text("rounds", Quantity.threeDigits),
            text("up_bytes") { Quantity.bytes($0) }, text("down_bytes") { Quantity.bytes($0) },
            text("simulated_seconds", Quantity.seconds),
        ]
    }

    /// By the files' names; empty where no run was repeated.
    var groupFiles: [(name: String, text: String)] {
        guard let first = groups.first else { return [] }
        let figures = first.figures.flatMap { ["\($0.name)_mean", "\($0.name)_sd"] }
        let rows = groups.map { group in
            [group.label, "\(group.runs.count)"]
                + group.figures.flatMap { [cell($0.statistics?.mean), cell($0.statistics?.deviation)] }
        }
        let costs = groups.flatMap { group in
            group.costs.enumerated().map { place, cost in
                [group.label] + cost.cells(ratio: bytesRatio(of: group, place: place))
            }
        }
        return [
            (Name.experiments, csv(["experiment", "n"] + figures, rows)),
            (Name.experimentTargets, csv(["experiment"] + TargetCost.columns, costs)),
        ]
    }
}

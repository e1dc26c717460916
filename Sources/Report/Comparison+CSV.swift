import Experiment

extension Comparison {
    /// Names of the files of a comparison.
    enum Name {
        static let comparison = "comparison.csv"
        static let experiments = "experiments.csv"
        static let experimentTargets = "experiment_targets.csv"
        static let page = "comparison.html"
    }

    /// The tables by their files' names: a row a run; a row a target and run; a row a round and run. Where runs were
    /// repeated also a row an experiment, and a row a target and experiment.
    var tables: [(name: String, text: String)] {
        func labelled(_ rows: (RunReport) -> [[String]]) -> [[String]] {
            zip(labels, runs).flatMap { label, run in rows(run).map { [label] + $0 } }
        }
        return [
            (Name.comparison, csv(Self.runColumns, runCells)),
            (RunDirectory.Name.targets, csv(Self.targetColumns, targetCells)),
            (
                RunDirectory.Name.communication,
                csv(["run"] + RunReport.roundColumns, labelled(\.roundCells))
            ),
        ] + groupFiles
    }

    private static let runColumns = [
        "run", "directory", "method", "rounds", "final_accuracy", "best_accuracy", "best_round",
        "local_test_accuracy_mean", "local_test_accuracy_std", "local_test_accuracy_worst_tenth",
        "up_payload_bytes", "up_overhead_bytes", "down_payload_bytes", "down_overhead_bytes",
        "bytes_per_round", "training_macs", "simulated_seconds", "energy_joules", "rounds_ratio",
        "bytes_ratio", "bytes_per_round_ratio", "model_digest",
    ]

    private var runCells: [[String]] {
        runs.enumerated().map { index, run in
            let it = run.summary
            let local = it.localTest
            let found = run.communication
            let accuracies =
                [found.finalAccuracy, found.bestAccuracy].map(cell)
                + [cell(found.bestRound)]
            let spread = [local?.mean, local?.standardDeviation, local?.worstTenth].map(cell)
            let bytes = [it.up.payload, it.up.overhead, it.down.payload, it.down.overhead].map { "\($0)" }
            let costs = [it.simulatedSeconds, it.energyJoules].map(cell)
            let whole = ratios(index)
            return [labels[index], it.directory, it.method, "\(it.rounds)"] + accuracies + spread + bytes
                + [shortest(run.communication.bytesPerRound), "\(it.trainingMACs)"] + costs
                + [whole.rounds, whole.bytes, roundBytesRatio(index)].map(cell) + [it.modelDigest]
        }
    }

    private static let targetColumns =
        ["run", "method"] + RunReport.targetColumns + ["rounds_ratio", "bytes_ratio"]

    private var targetCells: [[String]] {
        runs.enumerated().flatMap { index, run in
            zip(targets, run.targetCells).map { target, cells in
                let ratios = ratios(index, to: target)
                return [labels[index], run.summary.method] + cells + [
                    cell(ratios.rounds), cell(ratios.bytes),
                ]
            }
        }
    }
}

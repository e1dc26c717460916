import Experiment
import Testing

/// What a sweep of `text` over `base` gives.
private func sweep(
    _ text: String, base: String = sweepBase
) -> Result<Sweep, ScenarioFaults> {
    do throws(ScenarioFaults) {
        let document = try SweepDocument.load(text: text, file: "sweep.yaml", name: "sweep")
        return .success(try document.cells(base: base, baseFile: "base.yaml"))
    } catch {
        return .failure(error)
    }
}

/// The faults of a sweep, printed; empty when it has cells.
private func faults(_ text: String, base: String = sweepBase) -> String {
    switch sweep(text, base: base) {
    case .success: ""
    case .failure(let faults): faults.description
    }
}

private let sweepBase = """
    seed: 9
    dataset: {name: synthetic, clients: 12, partition: {kind: natural}, local_test_fraction: 0.2}
    model: {name: logistic}
    training: {rounds: 4, clients_per_round: 3}

    """

@Suite struct SweepExpansionTests {
    @Test func theLastPathVariesFastestAndSeedsFasterStill() throws {
        let sweep = try sweep(
            """
            base: base.yaml
            matrix:
              training.optimizer.learning_rate: [0.1, 0.2]
              training.local_epochs: [1, 2]
            seeds: [5, 4]
            """
        ).get()
        #expect(sweep.columns == ["training.optimizer.learning_rate", "training.local_epochs"])
        #expect(sweep.shortColumns == ["learning_rate", "local_epochs"])
        #expect(sweep.groups == 4)
        #expect(
            sweep.cells.map { sweep.text($0) } == [
                "learning_rate=0.1, local_epochs=1, seed=5", "learning_rate=0.1, local_epochs=1, seed=4",
                "learning_rate=0.1, local_epochs=2, seed=5", "learning_rate=0.1, local_epochs=2, seed=4",
                "learning_rate=0.2, local_epochs=1, seed=5", "learning_rate=0.2, local_epochs=1, seed=4",
                "learning_rate=0.2, local_epochs=2, seed=5", "learning_rate=0.2, local_epochs=2, seed=4",
            ])
        #expect(sweep.cells.map(\.group) == [0, 0, 1, 1, 2, 2, 3, 3])
        #expect(sweep.cells[0].scenario.name == "sweep: learning_rate=0.1, local_epochs=1, seed=5")
    }

    /// A cell is what `run --set` would make of the base.
    @Test func cellsAreOverridesOfTheBase() throws {
        let cells = try sweep(
            """
            base: base.yaml
            set: {training.rounds: 7, evaluation.on: [local_test]}
            matrix: {training.optimizer.momentum: [0, 0.9]}
            seeds: [3]
            """
        ).get().cells
        let expected = try Scenario.load(
            text: sweepBase,
            overrides: [
                "training.rounds=7", "evaluation.on=[local_test]", "training.optimizer.momentum=0.9",
                "seed=3",
            ])
        #expect(cells[1].scenario.kind == expected.kind)
        #expect(cells[0].scenario.kind != expected.kind)
    }

    @Test func withoutMatrixAndSeedsThereIsTheBase() throws {
        let sweep = try sweep("base: base.yaml").get()
        let base = try Scenario.load(text: sweepBase)
        #expect(sweep.cells.map(\.scenario.digest) == [base.digest])
        #expect(sweep.cells[0].seed == 9 && sweep.cells[0].settings == [])
        #expect(sweep.text(sweep.cells[0]) == "base, seed=9")
    }

    @Test func mappingsReplaceWhatIsThereAsAWhole() throws {
        let sweep = try sweep(
            """
            base: base.yaml
            matrix:
              training.schedule.factor: [0.5, 0.25]
              training.schedule: [{kind: exponential, factor: 0.9}, {kind: step, every: 3, factor: 1}]
            exclude:
              - {training.schedule: {kind: step}, training.schedule.factor: 0.25}
            """,
            base: sweepBase.replacing("rounds: 4,", with: "rounds: 4, schedule: {kind: cosine, rounds: 8},")
        ).get()
        // The whole mapping is written before the key within it, whatever their order in the document.
        #expect(
            sweep.cells.map { sweep.text($0) } == [
                "factor=0.5, schedule=exponential(factor=0.9), seed=9",
                "factor=0.5, schedule=step(every=3, factor=1), seed=9",
                "factor=0.25, schedule=exponential(factor=0.9), seed=9",
            ])
        let expected = try Scenario.load(
            text: sweepBase, overrides: ["training.schedule={kind: step, every: 3, factor: 0.5}"])
        #expect(sweep.cells[1].scenario.kind == expected.kind)
    }

    @Test func includedCellsComeLastWithAllSeedsOrTheirOwn() throws {
        let sweep = try sweep(
            """
            base: base.yaml
            matrix: {training.local_epochs: [1, 2]}
            seeds: [1, 2]
            include:
              - {training.local_epochs: 1, training.batch_size: 5}
              - {training.local_epochs: 2, seed: 77}
            """
        ).get()
        #expect(sweep.columns == ["training.local_epochs", "training.batch_size"])
        // Cells that do not set a column have what holds without it.
        #expect(
            sweep.cells.map { sweep.text($0) } == [
                "local_epochs=1, batch_size=10, seed=1", "local_epochs=1, batch_size=10, seed=2",
                "local_epochs=2, batch_size=10, seed=1", "local_epochs=2, batch_size=10, seed=2",
                "local_epochs=1, batch_size=5, seed=1", "local_epochs=1, batch_size=5, seed=2",
                "local_epochs=2, batch_size=10, seed=77",
            ])
        // The last one repeats the second combination.
        #expect(sweep.cells.map(\.group) == [0, 0, 1, 1, 2, 2, 1])
    }

    @Test func excludedCellsMatchInAllThatIsWritten() throws {
        let sweep = try sweep(
            """
            base: base.yaml
            matrix:
              training.schedule: [{kind: constant}, {kind: exponential, factor: 0.5}]
              training.local_epochs: [1, 2, 50000]
            seeds: [1, 2]
            exclude:
              - {training.schedule.kind: exponential, training.local_epochs: 2}
              - {training.local_epochs: 5e4}
              - {training.local_epochs: 1, seed: 2}
            """
        ).get()
        // 50000 epochs would be a fault in a cell that is kept.
        #expect(
            sweep.cells.map { sweep.text($0) } == [
                "schedule=constant, local_epochs=1, seed=1", "schedule=constant, local_epochs=2, seed=1",
                "schedule=constant, local_epochs=2, seed=2",
                "schedule=exponential(factor=0.5), local_epochs=1, seed=1",
            ])
    }

    @Test func labelsNameMappings() throws {
        let sweep = try sweep(
            """
            name: named
            base: base.yaml
            matrix:
              training.schedule: [{label: falling, kind: exponential, factor: 0.5}, {label: "as is"}, ~]
            exclude: [{training.schedule: ~}]
            """
        ).get()
        #expect(sweep.name == "named")
        #expect(sweep.cells.map(\.settings) == [["falling"], ["as is"]])
        let expected = try Scenario.load(
            text: sweepBase, overrides: ["training.schedule={kind: exponential, factor: 0.5}"])
        #expect(sweep.cells[0].scenario.digest == expected.digest)
    }

    @Test func seedsHave64Bits() throws {
        let sweep = try sweep(
            """
            base: base.yaml
            seeds: [18446744073709551615, 18446744073709551614, 9007199254740993]
            exclude: [{seed: 18446744073709551614}]
            """
        ).get()
        #expect(sweep.cells.map(\.seed) == [UInt64.max, 9_007_199_254_740_993])
        #expect(sweep.groups == 1)
    }

    @Test func shortNamesStayDistinct() throws {
        let sweep = try sweep(
            """
            base: base.yaml
            matrix: {dataset.clients: [12], training.clients_per_round: [3], dataset.partition.kind: [natural],
                     training.schedule.kind: [constant], training.rounds: [4]}
            """
        ).get()
        #expect(
            sweep.shortColumns == [
                "clients", "clients_per_round", "partition.kind", "schedule.kind", "rounds",
            ]
        )
    }
}

@Suite struct SweepDigestTests {
    /// Of the last cell.
    private func digest(_ sweepText: String, base: String = sweepBase) throws -> String {
        try #require(try sweep(sweepText, base: base).get().cells.last).digest
    }

    @Test func whatDecidesNothingDoesNotMatter() throws {
        let plain = try digest("base: base.yaml")
        #expect(plain.count == 64)
        for text in [
            "{base: other.yaml, name: another}", "{base: b, set: {name: n}}",
            "{base: b, set: {hosts: {minimum: 2, launch: [{kind: local, workers: 5}]}}}",
            "{base: b, set: {thresholds: {final_accuracy: \">= 0.9\"}}}", "{base: b, seeds: [9]}",
            // Defaults, written out.
            "{base: b, matrix: {training.batch_size: [1e1]}}", "{base: b, set: {stop.target_accuracy: ~}}",
        ] {
            #expect(try digest(text) == plain, "\(text)")
        }
        // The order of keys, in the base and in the sweep.
        let turned = """
            training: {clients_per_round: 3, rounds: 4}
            model: {name: logistic}
            dataset: {local_test_fraction: 0.2, partition: {kind: natural}, clients: 12, name: synthetic}
            seed: 9
            """
        #expect(try digest("base: base.yaml", base: turned) == plain)
        let settings = ["training.rounds: 5", "training.local_epochs: 2", "seed: 4"]
        let first = try digest("{base: b, include: [{\(settings.joined(separator: ", "))}]}")
        let second = try digest("{base: b, include: [{\(settings.reversed().joined(separator: ", "))}]}")
        #expect(first == second && first != plain)
    }

    @Test func everythingElseMatters() throws {
        let settings = [
            "seed: 10", "dataset.alpha: 0.5", "dataset.clients: 13", "dataset.local_test_fraction: 0.25",
            "model.name: mlp", "model.initialization: he", "training.rounds: 5",
            "training.clients_per_round: 4", "training.local_epochs: 2", "training.batch_size: 11",
            "training.optimizer.learning_rate: 0.0500001", "training.optimizer.momentum: 0.1",
            "training.schedule: {kind: exponential}", "evaluation.every: 4", "evaluation.on: [local_test]",
            "stop.target_accuracy: 0.9",
        ]
        var digests: Set<String> = [try digest("base: base.yaml")]
        for setting in settings {
            #expect(
                digests.insert(try digest("{base: b, include: [{\(setting)}]}")).inserted, "\(setting)")
        }
    }
}

/// The exact words of a sweep's faults.
@Suite struct SweepFaultTests {
    @Test(arguments: [
        (
            "matrix: {training.rounds: [1, 2]}",
            "sweep.yaml:1: base: is missing; write base: a path of 1 to 4096 bytes"
        ),
        ("{base: b, matrx: {}}", "sweep.yaml:1: matrx: unknown key; did you mean matrix?"),
        (
            "{base: b, matrix: {training.rounds: 5}}",
            "sweep.yaml:1: matrix.training.rounds: 5 is not a list of values;"
                + " write one such as [0.1, 0.5]; what does not vary belongs into set"
        ),
        (
            "{base: b, matrix: {training.rounds: []}}",
            "sweep.yaml:1: matrix.training.rounds: [] has no values;"
                + " write one such as [0.1, 0.5]; what does not vary belongs into set"
        ),
        (
            "{base: b, matrix: [1]}",
            "sweep.yaml:1: matrix: a list is not a mapping;"
                + " write paths of the scenario with values, such as training.rounds: 20"
        ),
        (
            "{base: b, matrix: {seed: [1]}}",
            "sweep.yaml:1: matrix.seed: is not an axis; write seeds: [...]"
        ),
        ("{base: b, set: {seed: 1}}", "sweep.yaml:1: set.seed: is not set here; write seeds: [...]"),
        (
            "{base: b, set: {training..rounds: 1}}",
            "sweep.yaml:1: set.training..rounds: is not a path of scenarios;"
                + " write keys joined by dots, such as training.rounds"
        ),
        ("{base: b, seeds: 3}", "sweep.yaml:1: seeds: 3 is not a list; write one such as [1, 2, 3]"),
        ("{base: b, seeds: [1, 1]}", "sweep.yaml:1: seeds: a list holds 1 twice; write it once"),
        (
            "{base: b, include: {seed: 1}}",
            "sweep.yaml:1: include: a mapping is not a list; write a list of mappings, each after -"
        ),
        (
            "{base: b, include: [{}]}",
            "sweep.yaml:1: include.0: is empty; write paths and values, or remove it"
        ),
        (
            "{base: b, include: [{seed: x}]}",
            "sweep.yaml:1: include.0.seed: x is not a whole number;"
                + " give a whole number from 0 to 18446744073709551615"
        ),
        (
            "{base: b, matrix: {training.schedule: [{label: [1], kind: constant}]}}",
            "sweep.yaml:1: matrix.training.schedule.label: a list is not a label;"
                + " write a few words of at most 100 bytes"
        ),
    ])
    func ofTheDocument(text: String, expected: String) {
        #expect(faults(text) == expected)
    }

    @Test func ofTooManyCells() {
        let values = (1...101).map(String.init).joined(separator: ", ")
        let text = """
            base: b
            matrix: {training.rounds: [\(values)], training.batch_size: [\(values)]}
            """
        #expect(
            faults(text) == "sweep.yaml:2: matrix: 10201 cells are too many; a sweep has at most 10000")
        let seeds = (1...101).map(String.init).joined(separator: ", ")
        let include = Array(repeating: "{training.rounds: 2}", count: 101).joined(separator: ", ")
        #expect(
            faults("base: b\nseeds: [\(seeds)]\ninclude: [\(include)]")
                == "sweep.yaml:3: include: 10302 cells are too many; a sweep has at most 10000")
    }

    /// Every fault once, with the cells that have it and the line of whichever file it stands in.
    @Test func ofCells() {
        let text = """
            base: base.yaml
            set: {training.batch_size: many}
            matrix:
              training.optimizer.learning_rate: [0.1, -1]
              training.clients_per_round: [3, 13]
              trainning.rounds: [1]
            seeds: [1, 2]
            """
        #expect(
            faults(text, base: sweepBase + "hosts: {minimum: 0}\n") == """
                base.yaml:5: hosts.minimum: 0 is not positive; give a whole number from 1 to 10000 (in every cell)
                sweep.yaml:2: training.batch_size: many is not a whole number; give a whole number from 1 to 65536 \
                (in every cell)
                sweep.yaml:4: training.optimizer.learning_rate: -1 is not positive; give a number above 0 to 1000 \
                (in 4 cells, the first learning_rate=-1, clients_per_round=3, rounds=1, seed=1)
                sweep.yaml:5: training.clients_per_round: 13 is more than the 12 clients; \
                give a whole number from 1 to 12 \
                (in 4 cells, the first learning_rate=0.1, clients_per_round=13, rounds=1, seed=1)
                sweep.yaml:6: trainning: unknown key; did you mean training? (in every cell)
                """)
    }

    @Test func ofCellsThatAreTheSame() {
        #expect(
            faults("{base: b, matrix: {training.local_epochs: [1, 2, 1e0]}}")
                == "sweep.yaml:1: matrix: local_epochs=1e0, seed=9 gives the same result as local_epochs=1, seed=9;"
                + " keep one of them")
        #expect(
            faults("{base: b, matrix: {name: [a, b]}, include: [{name: c}]}").split(separator: "\n").count
                == 2)
    }

    @Test func ofExclusions() {
        #expect(
            faults(
                "{base: b, matrix: {training.local_epochs: [1, 2]}, exclude: [{training.local_epochs: 3}]}")
                == "sweep.yaml:1: exclude.0: matches no cell of the matrix;"
                + " write values as the matrix has them, or remove it")
        #expect(
            faults("{base: b, matrix: {training.local_epochs: [1]}, exclude: [{training.local_epochs: 1}]}")
                == "sweep.yaml:1: exclude: leaves no cell; exclude less")
    }

    @Test func ofKeysWithinValues() {
        #expect(
            faults("{base: b, matrix: {dataset.partition.kind.depth: [1]}}")
                == "sweep.yaml:1: dataset.partition.kind: natural has no keys of its own;"
                + " set the value itself, or a whole mapping (in the cell depth=1)")
    }

    @Test func ofTheBase() {
        #expect(faults("base: b", base: "model: [").hasPrefix("base.yaml:"))
        #expect(
            faults("base: b", base: "model: {name: logistic}")
                == "base.yaml:1: dataset: is missing; give a mapping of keys and values (in the cell base)")
    }
}

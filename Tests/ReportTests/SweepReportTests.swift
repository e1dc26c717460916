import Experiment
import Foundation
import Report
import Testing

/// A round that was evaluated: a quarter of the bytes went up.
private func milestone(
    _ round: Int, _ accuracy: Double, bytes: UInt64, seconds: Double? = nil
) -> Communication.Milestone {
    .init(
        accuracy: accuracy,
        reach: .init(round: round, up: bytes / 4, down: bytes - bytes / 4, simulatedSeconds: seconds))
}

/// Three groups: two of three seeds and one that failed, over learning rates.
private func sampleRecord(_ measure: AccuracyMeasure? = nil) throws -> SweepRecord {
    let document = try SweepDocument.load(
        text: """
            name: "<rates>"
            base: base.yaml
            matrix: {training.optimizer.learning_rate: [0.1, 0.5, 1000]}
            seeds: [1, 2, 3]
            """, file: "sweep.yaml", name: "sweep")
    let base = """
        dataset: {name: synthetic, partition: {kind: natural}}
        model: {name: logistic}
        """
    var record = SweepRecord(try document.cells(base: base, baseFile: "base.yaml"), measure: measure)
    func measures(
        _ final: Double, _ first: Double, wall: Double, local: Double? = nil, divergence: Double? = nil
    ) -> SweepMeasures {
        var values: [SweepMetric: Double] = [
            .rounds: 4, .federatedUpBytes: 1000, .federatedDownBytes: 3000, .wallSeconds: wall,
        ]
        values[.activationDivergence] = divergence
        return SweepMeasures(
            values: values,
            curves: [
                .globalTest: [
                    milestone(2, first, bytes: 2000), milestone(4, final, bytes: 4000),
                ],
                .localTest: local.map { [milestone(4, $0, bytes: 4000)] },
            ].compactMapValues(\.self))
    }
    record.set(.finished, measures(0.5, 0.25, wall: 1, divergence: 0.5), cell: 0)
    record.set(.finished, measures(0.75, 0.25, wall: 2, divergence: 1), cell: 1)
    record.set(.thresholdMissed, measures(1, 0.625, wall: 3, divergence: 1.5), cell: 2)
    record.set(.finished, measures(0.5, 0.75, wall: 1, local: 0.125), cell: 3)
    // Stopped after its second round.
    var early = measures(0.75, 0.5, wall: 2)
    early.curves[.globalTest]?.removeLast()
    record.set(.finished, early, cell: 4)
    record.set(.interrupted, cell: 5)
    record.set(.failed, cell: 6)
    return record
}

@Suite struct SampleStatisticsTests {
    @Test func byHand() throws {
        // Mean 3; squares 4 + 1 + 0 + 1 + 4 = 10; 10 / 4 = 2.5.
        let five = try #require(SampleStatistics([1, 2, 3, 4, 5]))
        #expect(five.count == 5 && five.mean == 3 && five.deviation == 2.5.squareRoot())
        // Mean 6; squares 16 + 4 + 4 + 16 = 40, by 3.
        let four = try #require(SampleStatistics([2, 4, 8, 10]))
        #expect(four.mean == 6 && four.deviation == (40.0 / 3).squareRoot())
        let one = try #require(SampleStatistics([0.5]))
        #expect(one.mean == 0.5 && one.deviation == nil)
        #expect(SampleStatistics([]) == nil)
        let equal = try #require(SampleStatistics([0.25, 0.25]))
        #expect(equal.deviation == 0)
    }
}

@Suite struct SweepReportTests {
    @Test func groupsByHand() throws {
        let groups = try sampleRecord().groups
        #expect(groups.map(\.number) == [1, 2, 3] && groups.map(\.count) == [3, 2, 0])
        #expect(groups.map(\.settings) == [["0.1"], ["0.5"], ["1000"]])
        // 0.5, 0.75 and 1: mean 0.75, squares 2 x 0.0625 by 2.
        #expect(groups[0].statistics[.finalAccuracy] == SampleStatistics([0.5, 0.75, 1]))
        #expect(groups[0].statistics[.finalAccuracy]?.mean == 0.75)
        #expect(groups[0].statistics[.finalAccuracy]?.deviation == 0.25)
        // 0.25, 0.25 and 0.625: mean 0.375, squares 0.015625 x 2 + 0.0625 by 2.
        #expect(groups[0].curve[0].accuracy.mean == 0.375)
        #expect(groups[0].curve[0].accuracy.deviation == 0.046875.squareRoot())
        #expect(groups[0].curve.map(\.federatedBytes) == [2000, 4000])
        // Only one of two measured it.
        #expect(groups[1].statistics[.localAccuracyMean] == nil)
        #expect(groups[1].curve.map(\.accuracy.count) == [2, 1])
        #expect(groups[2].statistics.isEmpty && groups[2].curve.isEmpty)
    }

    /// Like fedavg beside local_only: one cell has no global accuracy, so none is compared by it.
    @Test func oneAccuracyCountsInAllCells() throws {
        func measures(_ global: Double?, _ local: Double) -> SweepMeasures {
            func curve(_ accuracy: Double) -> [Communication.Milestone] {
                [milestone(4, accuracy, bytes: 0)]
            }
            return SweepMeasures(
                values: [:],
                curves: [.globalTest: global.map(curve), .localTest: curve(local)].compactMapValues(\.self))
        }
        func record(_ measure: AccuracyMeasure?) throws -> SweepRecord {
            var record = SweepRecord(try sampleRecord().sweep, measure: measure)
            record.set(.finished, measures(0.5, 0.75), cell: 0)
            record.set(.finished, measures(nil, 0.625), cell: 3)
            return record
        }
        let mixed = try record(nil)
        #expect(mixed.measure == .localTest)
        #expect(mixed.groups.map { $0.statistics[.finalAccuracy]?.mean } == [0.75, 0.625, nil])
        #expect(mixed.groups.map { $0.curve.map(\.accuracy.mean) } == [[0.75], [0.625], []])
        #expect(mixed.text.contains("\nAccuracy is local_test's, the mean of clients.\n"))
        let global = try record(.globalTest)
        #expect(global.groups.map { $0.statistics[.finalAccuracy]?.mean } == [0.5, nil, nil])
        // None in common: the third cell measured global_test alone.
        var none = mixed
        none.set(
            .finished,
            SweepMeasures(
                values: [:],
                curves: [.globalTest: [milestone(4, 0.25, bytes: 0)]]), cell: 6)
        #expect(none.measure == nil)
        #expect(none.groups.map { $0.statistics[.finalAccuracy]?.mean } == [0.5, 0.625, 0.25])
        #expect(none.text.contains("no kind of accuracy in common"))
    }

    /// As in a run's own report: the same rounds, bytes and seconds, whichever accuracy counts in the end.
    @Test func aRunsCurvesHaveItsCosts() throws {
        let run = try SampleRun(
            wasted: { $0 == 1 ? 5 : 0 },
            change: { row in
                row.simulatedSeconds = 2.5
                row.activationDivergence = row.round < 4 ? Double(row.round) : nil
                if row.round == 3 { row.localTestAccuracyMean = 0.5 }
            })
        let measures = SweepMeasures(try RecordedRun(run.directory))
        let global = try #require(measures.curves[.globalTest])
        #expect(global.map(\.accuracy) == [0.75, 0.7])
        #expect(
            global.map(\.reach) == [
                .init(round: 2, up: 2_200_000, down: 2_500_250, simulatedSeconds: 5),
                .init(round: 4, up: 4_200_000, down: 4_500_450, simulatedSeconds: 10),
            ])
        let local = try #require(measures.curves[.localTest])
        #expect(local.map(\.accuracy) == [0.5])
        #expect(
            local.map(\.reach) == [
                .init(round: 3, up: 3_200_000, down: 3_500_350, simulatedSeconds: 7.5)
            ])
        #expect(measures.value(.activationDivergence, by: nil) == 3)
    }

    private func written(_ gnuplot: Gnuplot?) throws -> (SweepDirectory, ReportOutcome) {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(
            "tributary-\(UUID().uuidString)"
        ).path
        let record = try sampleRecord()
        let directory = try SweepDirectory.create(at: path, name: record.sweep.name)
        return (directory, try SweepReport.write(record, to: directory, gnuplot: gnuplot))
    }

    @Test func theTablesAreExact() throws {
        let (directory, outcome) = try written(nil)
        defer { try? FileManager.default.removeItem(atPath: directory.path) }
        #expect(outcome.files == ["sweep.csv", "groups.csv", "curves.csv", "targets.csv", "sweep.html"])
        let cells = try sampleRecord().sweep.cells
        #expect(
            try directory.files.read("sweep.csv") == """
                digest,group,training.optimizer.learning_rate,seed,accuracy_measure,final_accuracy,best_accuracy,\
                local_accuracy_mean,activation_divergence_bits,rounds,federated_up_bytes,\
                federated_down_bytes,simulated_seconds,energy_joules,wall_seconds,status
                \(cells[0].digest),1,0.1,1,global_test,0.5,0.5,,0.5,4,1000,3000,,,1,finished
                \(cells[1].digest),1,0.1,2,global_test,0.75,0.75,,1,4,1000,3000,,,2,finished
                \(cells[2].digest),1,0.1,3,global_test,1,1,,1.5,4,1000,3000,,,3,threshold_missed
                \(cells[3].digest),2,0.5,1,global_test,0.5,0.75,0.125,,4,1000,3000,,,1,finished
                \(cells[4].digest),2,0.5,2,global_test,0.5,0.5,,,4,1000,3000,,,2,finished
                \(cells[5].digest),2,0.5,3,global_test,,,,,,,,,,,interrupted
                \(cells[6].digest),3,1000,1,global_test,,,,,,,,,,,failed
                \(cells[7].digest),3,1000,2,global_test,,,,,,,,,,,waiting
                \(cells[8].digest),3,1000,3,global_test,,,,,,,,,,,waiting

                """)
        let names = [
            "final_accuracy", "best_accuracy", "local_accuracy_mean", "activation_divergence_bits", "rounds",
            "federated_up_bytes", "federated_down_bytes", "simulated_seconds", "energy_joules",
            "wall_seconds",
        ]
        let header = names.flatMap { ["\($0)_mean", "\($0)_sd"] }.joined(separator: ",")
        #expect(
            try directory.files.read("groups.csv") == """
                group,training.optimizer.learning_rate,n,accuracy_measure,\(header)
                1,0.1,3,global_test,0.75,0.25,0.75,0.25,,,1,0.5,4,0,1000,0,3000,0,,,,,2,1
                2,0.5,2,global_test,0.5,0,0.625,\(0.03125.squareRoot()),,,,,4,0,1000,0,3000,0,,,,,1.5,\(0.5.squareRoot())
                3,1000,0,global_test,,,,,,,,,,,,,,,,,,,,

                """)
        #expect(
            try directory.files.read("curves.csv") == """
                group,round,n,accuracy_measure,accuracy_mean,accuracy_sd,federated_bytes_mean
                1,2,3,global_test,0.375,\(0.046875.squareRoot()),2000
                1,4,3,global_test,0.75,0.25,4000
                2,2,2,global_test,0.625,\(0.03125.squareRoot()),2000
                2,4,1,global_test,0.5,,4000

                """)
    }

    @Test func theTextIsExact() throws {
        #expect(
            try sampleRecord().text.hasPrefix(
                """
                learning_rate       n   final accuracy    best accuracy           divergence  rounds       up  \
                   down  wall time
                0.1                 3  0.7500 ± 0.2500  0.7500 ± 0.2500  1.00 bit ± 0.50 bit    4.00  1.00 kB  \
                3.00 kB     2.00 s
                0.5            2 of 3  0.5000 ± 0.0000  0.6250 ± 0.1768                    –    4.00  1.00 kB  \
                3.00 kB     1.50 s
                1000           0 of 3                –                –                    –       –        –  \
                      –          –

                """))
        #expect(try sampleRecord().text.contains("\nAccuracy is global_test's.\n"))
    }

    @Test func thePageHasWhatItShould() throws {
        let (directory, outcome) = try written(nil)
        defer { try? FileManager.default.removeItem(atPath: directory.path) }
        #expect(outcome.note?.contains("apt-get install gnuplot-nox") == true)
        let page = try directory.files.read("sweep.html")
        for part in [
            "<title>&lt;rates&gt;</title>", "sweep of 9 cells in 3 groups", "<dd>5 of 9</dd>",
            "<dt>failed</dt><dd>1</dd>", "<dt>threshold missed</dt><dd>1</dd>",
            "<dd>0.7500 ± 0.2500</dd>", "<dd>learning_rate=0.1</dd>",
            "<dt>best final accuracy on global_test</dt>",
            "Accuracy is global_test", "<td class=\"number\">2 of 3</td>", "<td>interrupted</td>",
            "report.html\">", "apt-get install gnuplot-nox",
        ] {
            #expect(page.contains(part), "the page lacks \(part)")
        }
        #expect(!page.contains("{{") && !page.contains("<script"))
        // Links lead to finished runs only.
        #expect(page.components(separatedBy: "href=").count == 6)
    }

    @Test(.enabled(if: Gnuplot(executable: "/usr/bin/gnuplot") != nil))
    func picturesAreInThePageAndBesideIt() throws {
        let (directory, outcome) = try written(Gnuplot(executable: "/usr/bin/gnuplot"))
        defer { try? FileManager.default.removeItem(atPath: directory.path) }
        #expect(outcome.note == nil)
        #expect(outcome.files.contains("plots/sweep_accuracy_traffic.svg"))
        #expect(try directory.files.read("sweep.html").components(separatedBy: "<svg").count == 3)
        let script = try directory.files.read("plots/sweep_accuracy_traffic.gp")
        #expect(script.contains("federated traffic since the start (kB)"))
        #expect(script.contains("set ylabel \"accuracy on global_test\""))
        let deviation = 0.046875.squareRoot()
        #expect(
            script.contains(
                "$data0 << EOD\n2 0.375 \(0.375 - deviation) \(0.375 + deviation)\n4 0.75 0.5 1\nEOD\n"))
        // The second group's line ends where its first cell does.
        let spread = 0.03125.squareRoot()
        #expect(
            script.contains("$data1 << EOD\n2 0.625 \(0.625 - spread) \(0.625 + spread)\nEOD\n"))
        #expect(script.contains("title 'learning_rate=0.5'") && !script.contains("$data2"))
    }
}

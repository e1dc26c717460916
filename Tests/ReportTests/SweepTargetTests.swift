import Experiment
import Foundation
import Report
import Testing

/// FedAvg and FedMAX with one epoch and with two: what each took to 0.1 and 0.2.
@Suite struct SweepTargetTests {
    /// Rounds, accuracies, bytes up, seconds; three times as many bytes go down.
    private typealias Course = [(round: Int, accuracy: Double, up: UInt64, seconds: Double?)]

    private func record() throws -> SweepRecord {
        let document = try SweepDocument.load(
            text: """
                base: base.yaml
                matrix:
                  method: [{name: fedavg}, {name: fedmax, beta: 10}]
                  training.local_epochs: [1, 2]
                seeds: [1, 2, 3]
                """, file: "sweep.yaml", name: "sweep")
        let base = """
            dataset: {name: synthetic, partition: {kind: natural}}
            model: {name: mlp}
            stop: {target_accuracy: 0.2}
            """
        var record = SweepRecord(try document.cells(base: base, baseFile: "base.yaml"))
        func set(_ cell: Int, _ course: Course) {
            let curve = course.map {
                Communication.Milestone(
                    accuracy: $0.accuracy,
                    reach: .init(
                        round: $0.round, up: $0.up, down: 3 * $0.up, simulatedSeconds: $0.seconds))
            }
            record.set(.finished, SweepMeasures(values: [:], curves: [.globalTest: curve]), cell: cell)
        }
        // FedAvg, one epoch: the second seed never comes to 0.2, the third is not done.
        set(0, [(2, 0.15, 100, 10), (4, 0.25, 200, 20)])
        set(1, [(2, 0.05, 100, 10), (4, 0.15, 200, 20)])
        // FedMAX, one epoch; the second seed takes twice as long.
        set(6, [(2, 0.25, 50, 5)])
        set(7, [(2, 0.05, 50, 6), (4, 0.2, 100, 12)])
        // FedMAX, two epochs, without a FedAvg to compare it to.
        set(9, [(2, 0.12, 50, nil)])
        return record
    }

    /// Of the seeds that reached it: (2 + 4) / 2 rounds, deviation sqrt(2); bytes are compared over common seeds.
    @Test func costsAreOverTheSeedsThatReachedIt() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let record = try record()
        let directory = try SweepDirectory.create(at: path, name: record.sweep.name)
        try SweepReport.writeTables(record, to: directory)
        let (two, seconds) = (2.0.squareRoot(), 24.5.squareRoot())
        #expect(
            try directory.files.read("targets.csv") == """
                group,method,training.local_epochs,accuracy_measure,target_accuracy,n,reached,rounds_mean,rounds_sd,\
                up_bytes_mean,up_bytes_sd,down_bytes_mean,down_bytes_sd,simulated_seconds_mean,\
                simulated_seconds_sd,bytes_ratio
                1,fedavg,1,global_test,0.1,2,2,3,\(two),150,\(5000.0.squareRoot()),450,\(45000.0.squareRoot()),15,\
                \(50.0.squareRoot()),1
                1,fedavg,1,global_test,0.2,2,1,4,,200,,600,,20,,1
                3,fedmax(beta=10),1,global_test,0.1,2,2,3,\(two),75,\(1250.0.squareRoot()),225,\
                \(11250.0.squareRoot()),8.5,\(seconds),0.5
                3,fedmax(beta=10),1,global_test,0.2,2,2,3,\(two),75,\(1250.0.squareRoot()),225,\
                \(11250.0.squareRoot()),8.5,\(seconds),0.25
                4,fedmax(beta=10),2,global_test,0.1,1,1,2,,50,,150,,,,
                4,fedmax(beta=10),2,global_test,0.2,1,0,,,,,,,,,

                """)
    }

    @Test func theTextAndThePageHaveThemByAccuracy() throws {
        let record = try record()
        #expect(
            record.text.contains(
                """

                method           local_epochs  accuracy  reached       rounds            up           down  \
                bytes ratio   simulated time
                fedavg           1                  0.1   2 of 2  3.00 ± 1.41  150 B ± 71 B  450 B ± 212 B  \
                      1.00x  15.0 s ± 7.07 s
                """), "\(record.text)")
        let rows = record.text.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
        #expect(
            rows.contains(
                "fedmax(beta=10) 1 0.2 2 of 2 3.00 ± 1.41 75 B ± 35 B 225 B ± 106 B 0.25x 8.50 s ± 4.95 s"))
        #expect(rows.contains("fedmax(beta=10) 2 0.2 0 of 1 – – – – –"), "\(rows)")
        #expect(record.text.contains("Ratios are to FedAvg with otherwise the same settings"))
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let directory = try SweepDirectory.create(at: path, name: record.sweep.name)
        _ = try SweepReport.write(record, to: directory, gnuplot: nil)
        let page = try directory.files.read("sweep.html")
        #expect(page.contains("<h2>Costs to an accuracy</h2>"))
        #expect(page.contains("<td class=\"number\">0.25x</td><td class=\"number\">8.50 s ± 4.95 s</td>"))
    }

    @Test func nothingIsReachedBeforeACellIsFinished() throws {
        let record = SweepRecord(try record().sweep)
        #expect(record.targets.isEmpty && !record.text.contains("reached"))
    }
}

import Experiment
import Foundation
import Methods
import Report
import Testing

@Suite struct InferenceReportTests {
    private func report(_ run: SampleInferenceRun) throws -> InferenceReport {
        InferenceReport(try InferenceRecord(run.directory))
    }

    /// The cells of a CSV by column, a dictionary a row.
    private func rows(_ directory: RunDirectory, _ name: String) throws -> [[String: String]] {
        let lines = try directory.read(name).split(separator: "\n").map {
            $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        return lines.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(lines[0], $0)) }
    }

    @Test func theRecordFollowsFromTheLedger() throws {
        let run = try SampleInferenceRun()
        #expect(
            try report(run).write(gnuplot: nil).files.prefix(2) == ["inference.csv", "inference_ratios.csv"])
        let students = try rows(run.directory, "inference.csv")[1]
        let expected = [
            "contender": "activation_hub_2", "teacher_difference_points": "-12.5",
            "teacher_parameters_ratio": "10", "memory_fits": "true", "macs": "200000", "flops": "400000",
            "values": "float32", "feature_bytes": "20", "input": "unicast", "input_bytes": "1568",
            // Two messages of features and two of images, 77 and 40 bytes of header each.
            "own_header_bytes_per_message": "77", "feature_bytes_with_own_headers": "174",
            "input_bytes_with_own_headers": "1722", "tcp_header_bytes_per_message": "40",
            "feature_bytes_with_tcp_headers": "100", "input_bytes_with_tcp_headers": "1648",
            "compute_seconds_max": "0.03125", "compute_seconds_sum": "0.0625", "hub_seconds": "0",
            "compute_joules": "1", "radio_joules": "0.5", "idle_joules": "0.25", "lossy_accuracy": "",
        ]
        for (column, value) in expected { #expect(students[column] == value, "\(column)") }
        #expect(try rows(run.directory, "inference.csv")[0]["memory_fits"] == "false")
    }

    @Test func ratiosAreWhatTheOthersTakeByTheStudents() throws {
        let run = try SampleInferenceRun()
        _ = try report(run).write(gnuplot: nil)
        let ratios = try rows(run.directory, "inference_ratios.csv")
        #expect(ratios.map { $0["other"] } == ["teacher", "single_student_2", "channel_split_2", "random_2"])
        #expect(ratios.allSatisfy { $0["contender"] == "activation_hub_2" })
        #expect(ratios.map { $0["difference_points"] } == ["-12.5", "25", "25", "12.5"])
        #expect(ratios.map { $0["largest_parameters_ratio"] } == ["10", "2", "1", "1"])
        // 660 bytes against 20.
        #expect(ratios.map { $0["feature_bytes_ratio"] } == ["0", "0", "33", "1"])
        #expect(ratios.map { $0["latency_ratio"] } == ["8", "4", "16", "1"])
        #expect(ratios.map { $0["energy_ratio"] } == ["4", "2", "16", "1"])
    }

    @Test func theSummaryIsExact() throws {
        let run = try SampleInferenceRun(name: "two\u{1B} students")
        #expect(
            try report(run).summary == """
                run        two students (activation_hub_2)
                directory  \(run.directory.path)
                rounds     7
                teacher    0.8750 (small_cnn)
                students   0.7500 (-12.50 points)
                filters    5 of 6 learned
                wire       11.0 kB
                wall time  3.00 s
                model      activation_hub_2

                contender         accuracy  to teacher  parameters  smaller       MACs  features    input  messages \
                 rounds  latency     p99  sequential  energy  largest  memory
                teacher             0.8750       +0.00      100000    1.00x  1.00 MMAC       0 B    784 B         1 \
                      1   500 ms  1.00 s      500 ms  500 mJ   500 mJ  too small
                activation_hub_2    0.7500      -12.50       10000    10.0x   100 kMAC      20 B  1.57 kB         4 \
                      2  62.5 ms  125 ms      125 ms  125 mJ  62.5 mJ  fits
                single_student_2    0.5000      -37.50       20000    5.00x   200 kMAC       0 B    784 B         1 \
                      1   250 ms  500 ms      250 ms  250 mJ   250 mJ  fits
                channel_split_2     0.5000      -37.50       10000    10.0x   100 kMAC     660 B  1.57 kB         6 \
                      2   1.00 s  2.00 s      2.00 s  2.00 J   1.00 J  fits
                random_2            0.6250      -25.00       10000    10.0x   100 kMAC      20 B  1.57 kB         4 \
                      2  62.5 ms  125 ms      125 ms  125 mJ  62.5 mJ  fits

                students          against           accuracy  parameters    all  memory   MACs  features  latency  \
                energy    all
                activation_hub_2  teacher             -12.50       10.0x  5.00x   10.0x  10.0x        0x    8.00x   \
                8.00x  4.00x
                activation_hub_2  single_student_2    +25.00       2.00x  1.00x   2.00x  2.00x        0x    4.00x   \
                4.00x  2.00x
                activation_hub_2  channel_split_2     +25.00       1.00x  1.00x   1.00x  1.00x     33.0x    16.0x   \
                16.0x  16.0x
                activation_hub_2  random_2            +12.50       1.00x  1.00x   1.00x  1.00x     1.00x    1.00x   \
                1.00x  1.00x

                Bytes, messages, seconds and joules are those of one image. Latency and energy are modelled, not \
                measured: raspberry_pi_3b_plus over wifi, hub edge_server.
                Features travel as float32; headers are not counted in the table. The hub sends the image to each \
                device, as uint8.

                """)
    }

    @Test func theTextHasEveryContenderAndSubset() throws {
        let run = try SampleInferenceRun()
        let text = try report(run).text
        for part in [
            "teacher    0.8750 (small_cnn)\n", "students   0.7500 (-12.50 points)\n",
            "Latency and energy are modelled, not measured: raspberry_pi_3b_plus over wifi, hub edge_server.",
            // Half of 0.25 + 0.5 and of 0.375 + 0.625.
            "activation_hub_2  mean     1        2  0.5000  0.6250  0.3750\n",
            "activation_hub_2  zero     1        2  0.3750  0.5000  0.2500\n",
            "activation_hub_2  3 + 2        1            2",
        ] {
            #expect(text.contains(part), "the text lacks \(part)")
        }
    }

    @Test func thePageHasWhatItShould() throws {
        let run = try SampleInferenceRun(name: "<b>nonn</b>")
        _ = try report(run).write(gnuplot: nil)
        let page = try run.directory.read("report.html")
        for part in [
            "<dt>teacher</dt><dd>0.8750</dd>", "<dt>points to the teacher</dt><dd>-12.50</dd>",
            "latency and energy are modelled: raspberry_pi_3b_plus over wifi, hub edge_server",
            "<td>final_accuracy</td><td>&gt;= 0.8</td><td class=\"number\">0.75</td><td>missed</td>",
            "<td>activation_hub_2</td><td class=\"number\">0</td><td class=\"number\">–</td>"
                + "<td class=\"number\">784</td><td class=\"number\">784</td>",
            "<td>too small</td>", "apt-get install gnuplot-nox", "Cores &amp; &lt;more&gt;",
            "<h1>&lt;b&gt;nonn&lt;/b&gt;</h1>", "kind: distributed_inference",
        ] {
            #expect(page.contains(part), "the page lacks \(part)")
        }
        #expect(page.hasPrefix("<!DOCTYPE html>") && page.hasSuffix("</html>\n"))
        #expect(!page.contains("{{") && !page.contains("}}"))
        // Tables without a remark of their own do not repeat the page's note.
        #expect(page.components(separatedBy: "apt-get").count == 2)
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/gnuplot")))
    func everyPictureIsDrawn() throws {
        let run = try SampleInferenceRun()
        let outcome = try report(run).write(gnuplot: Gnuplot(executable: "/usr/bin/gnuplot"))
        #expect(outcome.note == nil)
        let pictures = outcome.files.filter { $0.hasSuffix(".svg") }
        #expect(
            pictures
                == [
                    "pareto_bytes", "pareto_latency", "lost_students", "training",
                    "activity_activation_hub_2", "filters_activation_hub",
                ].map { "plots/\($0).svg" })
        for picture in pictures {
            #expect(try run.directory.read(picture).hasSuffix("</svg>\n\n"), "\(picture)")
        }
        let network = try run.directory.read("plots/filters_activation_hub.gp")
        #expect(network.contains("title '1: 3 filters'") && network.contains("title '2: 2 filters'"))
        #expect(network.contains("title 'in none: 1'"))
    }

    @Test func aRunThatIsNotFinishedIsToldAsSuch() throws {
        let run = try SampleInferenceRun(isFinished: false, isEvaluated: false)
        let text = try report(run).text
        #expect(text.contains("rounds     interrupted or still running: 3 of "))
        #expect(!text.contains("students "))
        _ = try report(run).write(gnuplot: nil)
        #expect(try run.directory.read("report.html").contains("<td>teacher</td><td class=\"number\">2</td>"))
    }

    @Test func kindsAreTold() throws {
        let (federated, inference) = (try SampleRun(), try SampleInferenceRun())
        #expect(try RecordedRun(federated.directory).kind == "federated")
        #expect(try RecordedRun(inference.directory).kind == "distributed_inference")
        #expect(throws: ReportError.self) { try RunRecord(inference.directory) }
        #expect(throws: ReportError.self) { try InferenceRecord(federated.directory) }
    }
}

@Suite struct InferenceComparisonTests {
    private func comparison(_ runs: [SampleInferenceRun]) throws -> InferenceComparison {
        InferenceComparison(try runs.map { try InferenceRecord($0.directory) })
    }

    /// Students with 0.75, 0.8125 and 0.875: mean 0.8125, deviation 0.0625.
    @Test func runsThatDifferInTheirSeedAreOneExperiment() throws {
        let runs = try (0..<3).map { try SampleInferenceRun(seed: UInt64($0 + 1), lift: 0.0625 * Double($0)) }
        let other = try SampleInferenceRun(name: "other", extra: "deployment: {values: float16}")
        let comparison = try comparison(runs + [other])
        #expect(
            comparison.text.contains("nonn        activation_hub_2     3  0.8125 ± 0.0625   -6.25 ± 6.25"))
        #expect(
            comparison.text.contains("other       activation_hub_2     1           0.7500         -12.50"))
        #expect(comparison.text.contains("mean ± standard deviation of the sample"))
        let place = NSTemporaryDirectory() + "tributary-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: place) }
        #expect(try comparison.write(to: place).files == ["contenders.csv"])
        let csv = try String(contentsOfFile: place + "/contenders.csv", encoding: .utf8)
        #expect(
            csv.contains(
                "nonn,activation_hub_2,3,0.8125,0.0625,-6.25,6.25,10000,0,20,0,0.0625,0,0.125,0\n"))
        #expect(csv.contains("other,activation_hub_2,1,0.75,,-12.5,,10000,,20,,0.0625,,0.125,\n"))
        #expect(throws: ReportError.self) { try comparison.write(to: runs[0].directory.path) }
    }

    @Test func theSameSeedTwiceIsTold() throws {
        let runs = [try SampleInferenceRun(), try SampleInferenceRun(isFinished: false)]
        let text = try comparison(runs).text
        #expect(text.contains("nonn has the same seed twice"))
        #expect(text.contains("\(runs[1].directory.path) is interrupted or still running"))
    }

    @Test func theDocumentHasTheSameRecord() throws {
        let runs = [try SampleInferenceRun(seed: 1), try SampleInferenceRun(seed: 2, lift: 0.125)]
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        let data = try encoder.encode(InferenceDocument(try comparison(runs)))
        let document = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        let run = try #require((document["runs"] as? [[String: Any]])?.first)
        #expect(run["teacher_accuracy"] as? Double == 0.875 && run["accuracy"] as? Double == 0.75)
        let students = try #require((run["contenders"] as? [[String: Any]])?[1])
        #expect(students["feature_bytes_with_tcp_headers"] as? Int == 100)
        #expect(students["memory_fits"] as? Bool == true && students["lossy_accuracy"] is NSNull)
        #expect((run["ratios"] as? [[String: Any]])?[2]["feature_bytes_ratio"] as? Double == 33)
        #expect((run["lost_students"] as? [[String: Any]])?[0]["accuracy_mean"] as? Double == 0.5)
        let experiment = try #require((document["experiments"] as? [[String: Any]])?.first)
        let figures = (experiment["contenders"] as? [[String: Any]])?[1]["figures"] as? [String: Any]
        #expect((figures?["accuracy"] as? [String: Double])?["mean"] == 0.8125)
    }
}

@Suite struct InferenceSweepTests {
    /// Students with 0.75 and 0.875: mean 0.8125, deviation 0.125 / sqrt(2).
    @Test func contendersHaveMeansAndDeviations() throws {
        let document = try SweepDocument.load(
            text: """
                base: base.yaml
                matrix: {deployment.values: [float32]}
                seeds: [1, 2]
                """, file: "sweep.yaml", name: "sweep")
        let base = """
            kind: distributed_inference
            dataset: {name: fashion_mnist}
            teacher: {model: {name: small_cnn}}
            """
        var record = SweepRecord(try document.cells(base: base, baseFile: "base.yaml"))
        for cell in 0..<2 {
            let run = try SampleInferenceRun(lift: 0.125 * Double(cell))
            record.set(.finished, SweepMeasures(try RecordedRun(run.directory)), cell: cell)
        }
        #expect(record.value(.finalAccuracy, cell: 1) == 0.875)
        #expect(record.value(.teacherAccuracy, cell: 1) == 0.875)
        #expect(
            record.value(.featureBytes, cell: 0) == 20 && record.value(.latencySeconds, cell: 0) == 0.0625)
        #expect(record.value(.federatedUpBytes, cell: 0) == nil)
        let text = record.text
        #expect(text.contains("float32  activation_hub_2  2  0.8125 ± 0.0884\n"), "\(text)")
        #expect(text.contains("float32  random_2          2  0.6250 ± 0.0000\n"), "\(text)")
        #expect(
            text.hasPrefix(
                "values   n   final accuracy  rounds          teacher  features  latency  energy  wall time\n"
            ),
            "\(text)")
        #expect(text.hasSuffix("that of the students that a run is about.\n"))
        #expect(record.targets.isEmpty)
    }
}

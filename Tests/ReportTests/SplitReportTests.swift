import Experiment
import Foundation
import Methods
import Report
import Testing

/// Figures are those of `SampleSplitRun`: the teacher has 0.875, the bottleneck 0.75, the better JPEG 1000 bytes.
@Suite struct SplitReportTests {
    private func report(_ run: SampleSplitRun) throws -> SplitReport {
        SplitReport(try SplitRecord(run.directory))
    }

    /// Names of a script's lines, in their order.
    private func titles(_ script: String) -> [String] {
        script.components(separatedBy: "title '").dropFirst().map { part in
            String(part.prefix { $0 != "'" })
        }
    }

    /// Points are to the teacher; a mode saves 1 - bytes / 1000, and the filter sends 200 bytes of every second image.
    @Test func theSummaryIsExact() throws {
        let run = try SampleSplitRun(name: "bottle\u{1B}fit")
        #expect(
            try report(run).summary == """
                run        bottlefit (bottlefit_3)
                directory  \(run.directory.path)
                rounds     12
                teacher    0.8750 (resnet8)
                split      0.7500 (-12.50 points)
                payload    200 B, JPEG of quality 95 1000 B
                wire       11.0 kB
                wall time  3.00 s
                model      bottlefit_3

                mode                accuracy  to teacher  unquantised    sent  payload   saved     device  \
                   server  latency  energy  above idle
                bottlefit_3           0.7500      -12.50       0.8125   100 %    200 B  80.0 %  1.00 MMAC  \
                4.00 MMAC   250 ms  1.00 J      500 mJ
                bottlefit_3_stage1    0.6250      -25.00       0.6250   100 %    200 B  80.0 %  1.00 MMAC  \
                4.00 MMAC   250 ms  1.00 J      500 mJ
                filtered_3            0.8125           –            –  50.0 %    200 B  90.0 %  2.00 MMAC  \
                4.00 MMAC   125 ms  500 mJ      250 mJ
                local                 0.8750       +0.00       0.8750     0 %        –   100 %  8.00 MMAC  \
                    0 MAC   500 ms  2.00 J      1.00 J
                edge_jpeg_95          0.8750       +0.00            –   100 %   1000 B     0 %      0 MAC  \
                8.00 MMAC   1.00 s  3.00 J      1.00 J
                edge_jpeg_10          0.5000      -37.50            –   100 %    400 B  60.0 %      0 MAC  \
                8.00 MMAC   500 ms  1.50 J      500 mJ

                Bytes, seconds and joules are those of one image. Accuracy and bytes are measured; latency \
                and energy are modelled: raspberry_pi_4 over 18.88 Mbit/s of wifi, server edge_server.
                Payload is the mean of the images that cross the link, without the header of each message \
                (80 B). Energy is the device's: all that it draws, and above idle.

                """)
    }

    @Test func theTextHasThePartsAndWhoAnswered() throws {
        let run = try SampleSplitRun()
        let report = try report(run)
        let text = report.text
        #expect(text.hasPrefix(report.summary))
        for part in [
            "Parts of latency and energy\nmode                parameters   memory  compute  prepare ",
            "local                    80000   400 kB   500 ms     0 ms     0 ms     0 ms      0 ms   2.00 J ",
            "edge_jpeg_95                 0      0 B     0 ms   125 ms   500 ms   125 ms    250 ms   250 mJ ",
            """
            Who answered
            mode        images  server  exit or filter  without link  lost
            filtered_3    1000     500             500             0     0

            """,
            "Latency by uplink rate on raspberry_pi_4\nmode ",
        ] {
            #expect(text.contains(part), "the text lacks \(part)")
        }
        #expect(!text.contains("Energy by uplink rate"))
    }

    /// 95 of 100 and 180 of 200 images of interest are sent, and 320 of 800 others. An image takes 100 bytes and half a
    /// header of 80, or 200 and a whole one.
    @Test func theFilterIsComparedWithTheSameNetworkAlone() throws {
        let run = try SampleSplitRun()
        let table = """
            Neural filter
                                         with filter  without
            classes of interest                  0 2
            threshold                           0.50
            recall, validation                95.0 %    100 %
            recall, test                      90.0 %    100 %
            others that are sent, test        40.0 %    100 %
            bytes an image                     140 B    280 B
            energy an image, above idle       250 mJ   500 mJ
            latency an image                  125 ms   250 ms

            """
        let text = try report(run).text
        #expect(text.contains(table), "\(text)")
    }

    @Test func thePageHasWhatItShould() throws {
        let run = try SampleSplitRun(name: "<b>split</b>")
        _ = try report(run).write(gnuplot: nil)
        let page = try run.directory.read("report.html")
        for part in [
            "<title>&lt;b&gt;split&lt;/b&gt;</title>", "<h1>&lt;b&gt;split&lt;/b&gt;</h1>",
            "<p>split_computing, bottlefit_3; latency and energy are modelled: "
                + "raspberry_pi_4 over 18.88 Mbit/s of wifi, server edge_server</p>",
            "<dt>teacher</dt><dd>0.8750</dd>", "<dt>split</dt><dd>0.7500</dd>",
            "<dt>points to the teacher</dt><dd>-12.50</dd>", "<dt>payload an image</dt><dd>200 B</dd>",
            "<dt>rounds</dt><dd>12</dd>", "<dt>wall time</dt><dd>3.00 s</dd>",
            "<td>final_accuracy</td><td>&gt;= 0.8</td><td class=\"number\">0.75</td><td>missed</td>",
            "<td>bottlefit_3</td><td class=\"number\">0.7500</td><td class=\"number\">-12.50</td>",
            "<h2>Latency by uplink rate on raspberry_pi_4</h2>",
            "<h2>Energy by uplink rate on raspberry_pi_4</h2>",
            "<td>recall, test</td><td class=\"number\">90.0 %</td><td class=\"number\">100 %</td>",
            "<td>neural_filter</td><td class=\"number\">4</td>", "Cores &amp; &lt;more&gt;",
            "kind: split_computing",
        ] {
            #expect(page.contains(part), "the page lacks \(part)")
        }
        #expect(page.hasPrefix("<!DOCTYPE html>") && page.hasSuffix("</html>\n"))
        #expect(!page.contains("<b>") && !page.contains("{{") && !page.contains("}}"))
    }

    @Test func withoutGnuplotThePageSaysHowToGetIt() throws {
        let run = try SampleSplitRun()
        let outcome = try report(run).write(gnuplot: nil)
        #expect(outcome.files == ["report.html"])
        #expect(outcome.note?.contains("apt-get install gnuplot-nox") == true)
        let page = try run.directory.read("report.html")
        // Tables without a remark of their own do not repeat the page's note.
        #expect(page.components(separatedBy: "apt-get install gnuplot-nox").count == 2)
        #expect(!page.contains("<svg"))
        #expect(!FileManager.default.fileExists(atPath: run.directory.path(of: "plots")))
    }

    @Test func aRunThatIsNotFinishedIsToldAsSuch() throws {
        let run = try SampleSplitRun(isFinished: false, evaluated: 2)
        let text = try report(run).text
        for part in [
            "rounds     interrupted or still running: 8 of 12 rounds\n",
            "split      0.7500\npayload    200 B\nwire ",
            "bottlefit_3           0.7500           –       0.8125  100 %    200 B      –  1.00 MMAC  ",
            "bottlefit_3_stage1    0.6250           –       0.6250  100 %    200 B      –  1.00 MMAC  ",
        ] {
            #expect(text.contains(part), "the text lacks \(part)")
        }
        for part in ["\nteacher ", "Crossover", "Choosing", "Neural filter", "Who answered", "filtered_3"] {
            #expect(!text.contains(part), "the text has \(part)")
        }
        _ = try report(run).write(gnuplot: nil)
        let page = try run.directory.read("report.html")
        #expect(page.contains("<dt>teacher</dt><dd>–</dd>"))
        #expect(page.contains("<dt>rounds</dt><dd>interrupted or still running: 8 of 12 rounds</dd>"))
    }

    @Test func aRunThatStillTrainsHasNoModes() throws {
        let run = try SampleSplitRun(isFinished: false, evaluated: 0)
        #expect(
            try report(run).text == """
                run        bottlefit (bottlefit_3)
                directory  \(run.directory.path)
                rounds     interrupted or still running: 6 of 12 rounds
                wire       11.0 kB
                wall time  3.00 s

                """)
        _ = try report(run).write(gnuplot: nil)
        let page = try run.directory.read("report.html")
        for part in [
            "<dt>split</dt><dd>–</dd>", "<dt>payload an image</dt><dd>–</dd>",
            "modelled: raspberry_pi_4 over wifi, server edge_server", "<td>see the run&#39;s output</td>",
            "<td>bottlefit_3</td><td class=\"number\">3</td>",
        ] {
            #expect(page.contains(part), "the page lacks \(part)")
        }
        #expect(!page.contains("<h2>Modes</h2>"))
    }

    @Test func kindsAreTold() throws {
        let (federated, inference) = (try SampleRun(), try SampleInferenceRun())
        let split = try SampleSplitRun()
        let recorded = try RecordedRun(split.directory)
        #expect(recorded.kind == "split_computing" && recorded.federated == nil && recorded.inference == nil)
        #expect(recorded.split?.modes.map(\.mode) == SampleSplitRun.modes)
        #expect(throws: ReportError.self) { try RunRecord(split.directory) }
        #expect(throws: ReportError.self) { try InferenceRecord(split.directory) }
        for (other, kind) in [
            (federated.directory, "federated"), (inference.directory, "distributed_inference"),
        ] {
            let refusal = ReportError.otherKind(
                directory: other.path, kind: kind, expected: "split_computing")
            #expect(throws: refusal) { try SplitRecord(other) }
        }
    }

    // MARK: - Pictures

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/gnuplot")))
    func everyPictureIsDrawn() throws {
        let run = try SampleSplitRun()
        let outcome = try report(run).write(gnuplot: Gnuplot(executable: "/usr/bin/gnuplot"))
        #expect(outcome.note == nil)
        let pictures = outcome.files.filter { $0.hasSuffix(".svg") }
        #expect(
            pictures
                == [
                    "rate_distortion", "latency_raspberry_pi_4", "energy_raspberry_pi_4", "neural_filter",
                    "training", "controller",
                ].map { "plots/\($0).svg" })
        for picture in pictures {
            #expect(try run.directory.read(picture).hasSuffix("</svg>\n\n"), "\(picture)")
        }
        let page = try run.directory.read("report.html")
        #expect(page.components(separatedBy: "<svg").count == 7)
    }

    /// A program that draws nothing leaves the scripts, and the note says what is missing.
    @Test func scriptsHaveALineForEachSeries() throws {
        let run = try SampleSplitRun(isOnBench: true)
        let outcome = try report(run).write(gnuplot: Gnuplot(executable: "/bin/true"))
        #expect(outcome.files == ["report.html"])
        #expect(outcome.note?.contains("gnuplot wrote no plots/") == true)

        let distortion = try run.directory.read("plots/rate_distortion.gp")
        #expect(titles(distortion) == ["bottlefit", "stage1", "edge jpeg", "teacher"])
        // The teacher's line spans all that cross the link.
        let data = ["200 0.75", "200 0.625", "400 0.5\n1000 0.875", "200 0.875\n1000 0.875"]
        for (index, points) in data.enumerated() {
            #expect(distortion.contains("$data\(index) << EOD\n\(points)\nEOD\n"), "\(points)")
        }
        for (name, value) in [("latency", "0.001"), ("energy", "0.006")] {
            let script = try run.directory.read("plots/\(name)_bench.gp")
            #expect(titles(script) == ["bottlefit 3", "filtered 3", "local", "edge jpeg 95"])
            let points = [1, 2, 5, 10].map { "\($0) \(value)\n" }.joined()
            #expect(script.contains("$data2 << EOD\n\(points)EOD\n"), "\(script)")
        }
        let filter = try run.directory.read("plots/neural_filter.gp")
        #expect(titles(filter) == ["validation", "test, as deployed"])
        #expect(filter.contains("$data0 << EOD\n0.05 0.5\n0.25 0.95\n0.5 1\nEOD\n"))
        #expect(filter.contains("$data1 << EOD\n0.4 0.9\nEOD\n"))
        let training = try run.directory.read("plots/training.gp")
        #expect(titles(training) == ["teacher", "bottlefit 3", "neural filter"])
    }

    /// In the third window there is no connection. The controller learns it too late: in the fourth it goes by an average
    /// of 8 + 0.3 (0 - 8) Mbit/s, and by none at worst, so that only local computing is left.
    @Test func theControllersCourseIsDrawn() throws {
        let run = try SampleSplitRun(isOnBench: true)
        _ = try report(run).write(gnuplot: Gnuplot(executable: "/bin/true"))
        let script = try run.directory.read("plots/controller.gp")
        #expect(titles(script) == ["uplink rate", "estimate", "low estimate", "controller", "oracle"])
        #expect(
            script.contains(
                """
                $data << EOD
                1 8 8 8 0 0
                2 8 8 8 0 0
                3 0 8 8 0 1
                4 8 5.6 0 1 0
                EOD

                """), "\(script)")
        #expect(script.contains("set ytics ('edge_jpeg_10' 0, 'local' 1)\n"))
        #expect(script.contains("set yrange [-0.5:1.5]\n"))
    }
}

/// What is modelled, on the bench of `SampleSplitRun`: a pass takes the device 1 ms and 6 mJ. With headers of 80 bytes and
/// answers of 8 there and back go 368 bytes for the bottleneck, 1168 and 568 for the images.
@Suite struct SplitCostTests {
    private func record(isOnBench: Bool) throws -> SplitRecord {
        let run = try SampleSplitRun(isOnBench: isOnBench)
        return try SplitRecord(run.directory)
    }

    /// Of the filter half an image's, and half a pass without a message.
    @Test func latencyByRate() throws {
        let text = SplitReport(try record(isOnBench: true)).text
        let table = """
            Latency by uplink rate on bench
            mode                      1        2        5       10
            bottlefit_3         3.94 ms  2.47 ms  1.59 ms  1.29 ms
            bottlefit_3_stage1  3.94 ms  2.47 ms  1.59 ms  1.29 ms
            filtered_3          2.47 ms  1.74 ms  1.29 ms  1.15 ms
            local               1.00 ms  1.00 ms  1.00 ms  1.00 ms
            edge_jpeg_95        9.34 ms  4.67 ms  1.87 ms  0.93 ms
            edge_jpeg_10        4.54 ms  2.27 ms  0.91 ms  0.45 ms

            """
        #expect(text.contains(table), "\(text)")
        #expect(text.contains("/device.yaml over 8 Mbit/s of "))
    }

    /// R = (b2 - b1) / (a1 - a2): 8 x 800 bits over 1 ms, and at 3 W over 6 mJ; of the smaller JPEG 8 x 200.
    @Test func crossovers() throws {
        let record = try record(isOnBench: true)
        let table = """
            Crossover rates
            device  cost     below it     above it             rate  between
            bench   latency  bottlefit_3  edge_jpeg_95  6.40 Mbit/s  5 and 10
            bench   energy   bottlefit_3  edge_jpeg_95  3.20 Mbit/s  2 and 5
            bench   latency  bottlefit_3  edge_jpeg_10  1.60 Mbit/s  1 and 2
            bench   energy   bottlefit_3  edge_jpeg_10  0.80 Mbit/s  outside

            """
        let text = SplitReport(record).text
        #expect(text.contains(table), "\(text)")
        // Local computing against images: 8 x 1168 and 8 x 568 bits over 1 ms.
        let local = record.costs.crossovers.filter { $0.below == "local" }
        #expect(
            local.map(\.above) == ["edge_jpeg_95", "edge_jpeg_95", "edge_jpeg_10", "edge_jpeg_10"])
        for (row, rate) in zip(local, [9.344, 4.672, 4.544, 2.272]) {
            #expect(abs(row.rateMbps - rate) < 1e-9, "\(row)")
        }
        let grid: [ClosedRange<Double>?] = [5...10, 2...5, 2...5, 2...5]
        #expect(local.map(\.gridMbps) == grid)
        // Both stages send the same, and of the filter's images not all are treated alike.
        #expect(record.costs.crossovers.count == 12)
    }

    /// Each cost is a + b / R; of the program's own profiles the first and the last rate give a and b.
    @Test func crossoversFollowFromRates() throws {
        let record = try record(isOnBench: false)
        func curve(_ mode: String, _ cost: SplitCosts.CrossoverRow.Cost) throws -> (a: Double, b: Double) {
            let rows = record.costs.rates.filter { $0.mode == mode }
            func value(_ row: RateRow) -> Double { cost == .latency ? row.cost.seconds : row.cost.joules }
            let (first, last) = (try #require(rows.first), try #require(rows.last))
            let b = (value(first) - value(last)) / (1 / first.rateMbps - 1 / last.rateMbps)
            return (a: value(first) - b / first.rateMbps, b: b)
        }
        let rows = record.costs.crossovers
        #expect(
            rows.contains {
                $0.cost == .latency && $0.below == "bottlefit_3" && $0.above == "edge_jpeg_95"
            })
        for row in rows {
            let (below, above) = (try curve(row.below, row.cost), try curve(row.above, row.cost))
            let rate = (above.b - below.b) / (below.a - above.a)
            #expect(abs(row.rateMbps - rate) < 1e-6 * rate, "\(row)")
            #expect(below.b < above.b && row.device == "raspberry_pi_4", "\(row)")
        }
    }

    /// Four images at 8 Mbit/s, the third without a link. One takes 1.368 ms and 7.104 mJ split, 1.168 and 3.504 or 0.568
    /// and 1.704 as an image, 1 and 6 locally, and by these the score is weighted. Without a link nobody answers for 99
    /// ms, in which device and radio draw 3 W, and the device computes in the last. The first image's probe is as
    /// long as the shortest message, 280 B, and has 0.28 mJ; messages have headers of 80 B. Accuracies are those of the modes that answered, of the third image local's;
    /// the controller computes the fourth locally, too.
    @Test func policies() throws {
        let text = SplitReport(try record(isOnBench: true)).text
        let table = """
            Choosing at run time
            policy        accuracy  latency   energy  above idle  on air  score  regret  late  fell back
            controller      0.6875  25.5 ms  78.2 mJ     27.1 mJ   310 B   19.3    18.7     0          1
            oracle          0.5938  0.68 ms  2.78 mJ     1.43 mJ   360 B   0.57       0     0          0
            local           0.8750  1.00 ms  6.00 mJ     4.00 mJ     0 B   1.00    0.43     0          0
            edge_jpeg_10    0.5938  25.4 ms  77.0 mJ     26.2 mJ   360 B   19.1    18.6     0          1
            edge_jpeg_95    0.8750  25.9 ms  78.4 mJ     26.6 mJ   810 B   19.5    18.9     0          1
            bottlefit_3     0.7812  26.0 ms  81.8 mJ     29.8 mJ   210 B   19.8    19.3     0          1

            """
        #expect(text.contains(table), "\(text)")
    }
}

@Suite struct ModeComparisonTests {
    private func comparison(_ runs: [SampleSplitRun]) throws -> ModeComparison {
        ModeComparison(try runs.map { try SplitRecord($0.directory) })
    }

    /// As the program prints it.
    private func document(_ runs: [SampleSplitRun], out: String? = nil) throws -> [String: Any] {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        let data = try encoder.encode(SplitDocument(try comparison(runs), out: out))
        return try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    /// The bottleneck with 0.75 and 0.875: mean 0.8125, deviation 0.125 / sqrt(2).
    @Test func runsThatDifferInTheirSeedAreOneExperiment() throws {
        let runs = [
            try SampleSplitRun(), try SampleSplitRun(seed: 2, lift: 0.125),
            try SampleSplitRun(name: "other", extra: "links: {rates_mbps: [1, 2]}"),
        ]
        let comparison = try comparison(runs)
        let table = """
            experiment  mode                runs         accuracy     to teacher  bytes an image  latency  energy
            bottlefit   bottlefit_3            2  0.8125 ± 0.0884   -6.25 ± 8.84           200 B   250 ms  1.00 J
            bottlefit   bottlefit_3_stage1     2  0.6250 ± 0.0000  -25.00 ± 0.00           200 B   250 ms  1.00 J
            bottlefit   filtered_3             2  0.8125 ± 0.0000              –           100 B   125 ms  500 mJ
            bottlefit   local                  2  0.8750 ± 0.0000   +0.00 ± 0.00             0 B   500 ms  2.00 J
            bottlefit   edge_jpeg_95           2  0.8750 ± 0.0000   +0.00 ± 0.00          1000 B   1.00 s  3.00 J
            bottlefit   edge_jpeg_10           2  0.5000 ± 0.0000  -37.50 ± 0.00           400 B   500 ms  1.50 J
            other       bottlefit_3            1           0.7500         -12.50           200 B   250 ms  1.00 J

            """
        #expect(comparison.text.hasPrefix(table), "\(comparison.text)")
        #expect(comparison.text.contains("mean ± standard deviation of the sample"))
        #expect(!comparison.text.contains("interrupted"))
        #expect(comparison.text.contains("\nother: \(runs[2].directory.path).\n"))

        let place = NSTemporaryDirectory() + "tributary-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: place) }
        let outcome = try comparison.write(to: place)
        #expect(outcome.files == ["modes.csv"] && outcome.note == nil)
        let csv = try String(contentsOfFile: place + "/modes.csv", encoding: .utf8)
        let lines = csv.split(separator: "\n").map(String.init)
        #expect(lines.count == 13)
        #expect(
            lines[0] == "experiment,mode,n,accuracy_mean,accuracy_sd,teacher_difference_points_mean,"
                + "teacher_difference_points_sd,payload_bytes_per_image_mean,payload_bytes_per_image_sd,latency_seconds_mean,"
                + "latency_seconds_sd,energy_joules_mean,energy_joules_sd")
        let deviation = 0.0078125.squareRoot()
        let points = 78.125.squareRoot()
        #expect(
            lines[1] == "bottlefit,bottlefit_3,2,0.8125,\(deviation),-6.25,\(points),200,0,0.25,0,1,0")
        #expect(lines[9] == "other,filtered_3,1,0.8125,,,,100,,0.125,,0.5,")
        #expect(throws: ReportError.self) { try comparison.write(to: runs[0].directory.path) }
    }

    /// Only modes that all runs have are compared.
    @Test func aRunThatIsNotFinishedIsTold() throws {
        let runs = [try SampleSplitRun(), try SampleSplitRun(seed: 2, isFinished: false, evaluated: 2)]
        let text = try comparison(runs).text
        #expect(text.contains("bottlefit   bottlefit_3 ") && text.contains("bottlefit   bottlefit_3_stage1 "))
        #expect(!text.contains("filtered_3") && !text.contains("edge_jpeg"))
        #expect(
            text.contains("\(runs[1].directory.path) is interrupted or still running: 8 of 12 rounds.\n"))
    }

    @Test func theDocumentHasTheSameRecord() throws {
        let runs = [try SampleSplitRun(isOnBench: true)]
        let document = try document(runs, out: "somewhere")
        #expect(document["kind"] as? String == "split_computing")
        #expect(document["out"] as? String == "somewhere")
        let run = try #require((document["runs"] as? [[String: Any]])?.first)
        #expect(run["run"] as? String == "bottlefit" && run["mode"] as? String == "bottlefit_3")
        #expect(run["directory"] as? String == runs[0].directory.path)
        #expect(run["seed"] as? Int == 1 && run["finished"] as? Bool == true)
        #expect(run["rounds"] as? Int == 12 && run["rounds_planned"] as? Int == 12)
        #expect(run["teacher_accuracy"] as? Double == 0.875 && run["accuracy"] as? Double == 0.75)
        #expect(run["wall_seconds"] as? Double == 3 && run["model_digest"] as? String == "bottlefit_3")

        let modes = try #require(run["modes"] as? [[String: Any]])
        #expect(modes.compactMap { $0["mode"] as? String } == SampleSplitRun.modes)
        #expect(
            modes[0].keys.sorted() == [
                "accuracy", "bits", "channels", "cost", "device_macs", "device_parameters", "exits",
                "header_bytes",
                "images", "kind", "local", "lost", "mode", "payload_bytes_per_image", "sent", "server_macs",
                "teacher_difference_points", "whole_accuracy",
            ])
        #expect(modes[0]["whole_accuracy"] as? Double == 0.8125)
        let filtered = modes[2]
        #expect(filtered["kind"] as? String == "filtered" && filtered["channels"] as? Int == 3)
        #expect(filtered["sent"] as? Int == 500 && filtered["exits"] as? Int == 500)
        // 200 bytes of every second image.
        #expect(
            filtered["payload_bytes_per_image"] as? Double == 100 && filtered["header_bytes"] as? Int == 80)
        #expect(filtered["teacher_difference_points"] == nil)
        #expect(filtered["whole_accuracy"] == nil && filtered["device_macs"] as? Int == 2_000_000)
        let cost = try #require(filtered["cost"] as? [String: Double])
        #expect(
            cost == [
                "device_seconds": 0.0625, "preparation_seconds": 0.015625, "uplink_seconds": 0.03125,
                "server_seconds": 0.0078125, "downlink_seconds": 0.0078125, "latency_seconds": 0.125,
                "compute_joules": 0.25, "radio_joules": 0.125, "waiting_joules": 0.125, "energy_joules": 0.5,
                "marginal_joules": 0.25,
            ])

        let crossovers = try #require(run["crossovers"] as? [[String: Any]])
        let rates = crossovers.compactMap { $0["rate_mbps"] as? Double }
        try #require(rates.count == 12)
        #expect(abs(rates[0] - 6.4) < 1e-9 && abs(rates[3] - 0.8) < 1e-9)
        #expect(crossovers[0]["device"] as? String == "bench")
        #expect(crossovers[0]["cost"] as? String == "latency")
        #expect(crossovers[0]["below"] as? String == "bottlefit_3")
        #expect(crossovers[0]["above"] as? String == "edge_jpeg_95")
        #expect(crossovers[0]["grid_from_mbps"] as? Double == 5)
        #expect(crossovers[0]["grid_to_mbps"] as? Double == 10)
        #expect(crossovers[3]["grid_from_mbps"] == nil && crossovers[3]["grid_to_mbps"] == nil)
    }

    @Test func theDocumentHasTheFilter() throws {
        let runs = [try SampleSplitRun()]
        let run = try #require((try document(runs)["runs"] as? [[String: Any]])?.first)
        let filter = try #require(run["filter"] as? [String: Any])
        #expect(filter["mode"] as? String == "filtered_3" && filter["threshold"] as? Double == 0.5)
        #expect((filter["classes"] as? [Any])?.compactMap { $0 as? Int } == [0, 2])
        #expect(filter["bytes"] as? Double == 140 && filter["bytes_without"] as? Double == 280)
        #expect(filter["marginal_joules"] as? Double == 0.25)
        #expect(filter["marginal_joules_without"] as? Double == 0.5)
        #expect(
            filter["test"] as? [String: Double] == [
                "sent_of_interest": 180, "sent_others": 320, "withheld_of_interest": 20,
                "withheld_others": 480, "recall": 0.9, "false_positive_rate": 0.4,
            ])
        let validation = try #require(filter["validation"] as? [String: Double])
        #expect(validation["recall"] == 0.95 && validation["false_positive_rate"] == 0.25)
    }

    @Test func theDocumentHasMeansAndDeviations() throws {
        let runs = [try SampleSplitRun(), try SampleSplitRun(seed: 2, lift: 0.125)]
        let document = try document(runs)
        #expect(document["out"] == nil)
        let experiments = try #require(document["experiments"] as? [[String: Any]])
        #expect(experiments.count == 1 && experiments[0]["experiment"] as? String == "bottlefit")
        #expect(experiments[0]["runs"] as? [String] == runs.map(\.directory.path))
        let modes = try #require(experiments[0]["modes"] as? [[String: Any]])
        #expect(modes.compactMap { $0["mode"] as? String } == SampleSplitRun.modes)
        let figures = try #require(modes[0]["figures"] as? [String: [String: Double]])
        #expect(figures["accuracy"] == ["mean": 0.8125, "standard_deviation": 0.0078125.squareRoot()])
        #expect(
            figures["teacher_difference_points"] == [
                "mean": -6.25, "standard_deviation": 78.125.squareRoot(),
            ])
        #expect(figures["payload_bytes_per_image"] == ["mean": 200, "standard_deviation": 0])
        #expect(figures["latency_seconds"]?["mean"] == 0.25 && figures["energy_joules"]?["mean"] == 1)
    }

    @Test func theDocumentOfARunThatIsNotFinished() throws {
        let runs = [try SampleSplitRun(isFinished: false, evaluated: 2)]
        let run = try #require((try document(runs)["runs"] as? [[String: Any]])?.first)
        #expect(run["finished"] as? Bool == false && run["rounds"] as? Int == 8)
        #expect(run["rounds_planned"] as? Int == 12 && run["accuracy"] as? Double == 0.75)
        #expect(run["teacher_accuracy"] == nil && run["filter"] == nil)
        let modes = try #require(run["modes"] as? [[String: Any]])
        #expect(modes.compactMap { $0["mode"] as? String } == ["bottlefit_3", "bottlefit_3_stage1"])
        #expect(modes[0]["teacher_difference_points"] == nil)
        #expect((run["crossovers"] as? [Any])?.isEmpty == true)
    }
}

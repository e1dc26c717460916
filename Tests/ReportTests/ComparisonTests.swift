import Experiment
import Foundation
import Methods
import Report
import Testing

@Suite struct ComparisonTests {
    /// One run that needs four rounds and another that needs six, with a fifth of the bytes on the way up.
    private struct Pair {
        let plain: SampleRun
        let thrifty: SampleRun

        init(names: (String, String) = ("plain", "thrifty")) throws {
            plain = try SampleRun(name: names.0, rounds: 6, accuracies: { Double($0) / 8 })
            thrifty = try SampleRun(
                name: names.1, rounds: 6, thrift: 5, accuracies: { Double($0) / 12 + 0.01 })
        }

        func comparison(baseline: Int? = nil, targets: [Double]? = nil) throws -> Comparison {
            Comparison(
                [try RunRecord(plain.directory), try RunRecord(thrifty.directory)], baseline: baseline,
                options: ReportOptions(targets: targets))
        }
    }

    @Test func costsAreMeasuredAgainstFedAvg() throws {
        let pair = try Pair()
        let text = try pair.comparison(targets: [0.5, 0.6]).text
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        #expect(
            lines[0] == "run      method  final accuracy  best accuracy  rounds       up     down  "
                + "bytes ratio  a round  ratio  training work  wall time  directory")
        #expect(
            lines[2] == "thrifty  fedavg          0.5100         0.5100       6  1.20 MB  6.00 MB  "
                + "      0.60x  1.20 MB  0.60x       180 MMAC     9.00 s  \(pair.thrifty.directory.path)")
        // 4 rounds of 2.0001 MB against 6 of 1.2001 MB.
        #expect(
            lines[4...8].joined(separator: "\n") == """
                accuracy  run      round  ratio       up     down     both  ratio  simulated time
                     0.5  plain        4  1.00x  4.00 MB  4.00 MB  8.00 MB  1.00x               –
                     0.5  thrifty      6  1.50x  1.20 MB  6.00 MB  7.20 MB  0.90x               –
                     0.6  plain        5  1.00x  5.00 MB  5.00 MB  10.0 MB  1.00x               –
                     0.6  thrifty  never      –        –        –        –      –               –
                """)
        #expect(text.contains("down       model   payload   5.99 MB  5.99 MB\n"))
        #expect(text.contains("Ratios are to plain (fedavg); --baseline chooses another run.\n"))
        #expect(text.hasSuffix("Accuracy is global_test's.\n"))
        #expect(try pair.comparison(baseline: 1).text.contains("Ratios are to thrifty (fedavg)"))
    }

    @Test func runsAreToldApart() throws {
        let twins = try Pair(names: ("same", "same"))
        let names = [twins.plain, twins.thrifty].map { ($0.directory.path as NSString).lastPathComponent }
        #expect(try twins.comparison().labels == names)
        let record = try RunRecord(twins.plain.directory)
        let path = twins.plain.directory.path
        #expect(Comparison([record, record]).labels == ["\(path) (1)", "\(path) (2)"])
    }

    @Test func accuraciesOfOneKindAreCompared() throws {
        func run(_ name: String, global: Bool, local: Bool) throws -> SampleRun {
            try SampleRun(name: name, accuracies: { _ in global ? 0.9 : nil }) {
                $0.localTestAccuracyMean = local ? 0.6 : nil
            }
        }
        let both = try run("both", global: true, local: true)
        let local = try run("local", global: false, local: true)
        let global = try run("global", global: true, local: false)
        func compared(_ runs: [SampleRun]) throws -> Comparison {
            Comparison(try runs.map { try RunRecord($0.directory) })
        }
        #expect(try compared([both, global]).measure == .globalTest)
        #expect(try compared([both, local]).measure == .localTest)
        #expect(try compared([both, local]).targets.last == 0.6)
        #expect(try compared([both, local]).text.contains("both   fedavg          0.6000         0.6000 "))
        #expect(try compared([both, local]).notes.last == "Accuracy is local_test's, the mean of clients.")
        #expect(try compared([global, local]).measure == nil)
        #expect(try compared([global, local]).notes.last?.contains("no kind of accuracy in common") == true)
    }

    @Test func runsThatAreNotAlikeAreTold() throws {
        func compared(_ runs: [SampleRun], _ measure: AccuracyMeasure? = nil) throws -> Comparison {
            Comparison(
                try runs.map { try RunRecord($0.directory) },
                options: ReportOptions(targets: [0.5], measure: measure))
        }
        let plain = try SampleRun(name: "plain")
        let alike = try SampleRun(
            name: "alike", dataset: "{name: fashion_mnist, path: /d, partition: {kind: iid, clients: 5}}")
        #expect(try compared([plain, alike]).notes.allSatisfy { !$0.contains("different data") })
        let fewer = try SampleRun(
            name: "fewer", dataset: "{name: fashion_mnist, limit: 500, partition: {kind: iid, clients: 20}}")
        #expect(
            try compared([plain, fewer]).text.contains("different data (fashion_mnist with other settings)"))
        let other = try SampleRun(name: "other", dataset: "{name: synthetic, partition: {kind: natural}}")
        #expect(try compared([plain, other]).text.contains("different data (fashion_mnist, synthetic)"))

        let partly = try SampleRun(name: "partly", rounds: 4, isFinished: false)
        #expect(
            try compared([plain, partly]).notes.contains(
                "partly is interrupted or still running: 4 of 10 rounds."))
        // Never measured is not never reached.
        let unknown = try compared([plain, partly], .localTest).text
        #expect(unknown.contains("0.5  plain   not measured ") && !unknown.contains("never"))
    }

    /// Two seeds of one experiment, of which one comes to 0.6, and one of a thriftier.
    @Test func repetitionsAreCombined() throws {
        func run(_ name: String, seed: Int, rate: Double, thrift: UInt64, step: Double) throws -> SampleRun {
            try SampleRun(
                name: name, rounds: 6, thrift: thrift,
                extra: "seed: \(seed)\ntraining: {optimizer: {name: sgd, learning_rate: \(rate)}}",
                accuracies: { step * Double($0) })
        }
        let runs = [
            try run("plain", seed: 1, rate: 0.1, thrift: 1, step: 0.125),
            try run("plain again", seed: 2, rate: 0.1, thrift: 1, step: 0.09),
            try run("thrifty", seed: 2, rate: 0.2, thrift: 5, step: 0.125),
        ]
        func compared(_ runs: [SampleRun]) throws -> Comparison {
            Comparison(
                try runs.map { try RunRecord($0.directory) }, options: ReportOptions(targets: [0.5, 0.6]))
        }
        let out = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: out) }
        let comparison = try compared(runs)
        let outcome = try comparison.write(to: out, gnuplot: nil)
        #expect(outcome.files.contains("experiments.csv") && outcome.files.contains("experiment_targets.csv"))
        func rows(_ name: String) throws -> [String] {
            let text = try String(contentsOfFile: "\(out)/\(name)", encoding: .utf8)
            return text.split(separator: "\n").dropFirst().map(String.init)
        }
        func pair(_ a: Double, _ b: Double) throws -> String {
            let found = try #require(SampleStatistics([a, b]))
            return "\(shortest(found.mean)),\(shortest(found.deviation!))"
        }
        let accuracy = try pair(0.75, 0.09 * 6)
        #expect(
            try rows("experiments.csv") == [
                "plain,2,\(accuracy),\(accuracy),6,0,6000000,0,6000600,0,,",
                "thrifty,1,0.75,,0.75,,6,,1200000,,6000600,,,",
            ])
        // To 0.5 four rounds and six; the second seed is compared alone: 4 x 1.2001 MB by 6 x 2.0001 MB.
        let ratio = shortest(4 * 1_200_100 / (6 * 2_000_100.0))
        let (up, down) = (try pair(4_000_000, 6_000_000), try pair(4_000_400, 6_000_600))
        #expect(
            try rows("experiment_targets.csv") == [
                "plain,0.5,2,2,\(try pair(4, 6)),\(up),\(down),,,1",
                "plain,0.6,2,1,5,,5000000,,5000500,,,,1",
                "thrifty,0.5,1,1,4,,800000,,4000400,,,,\(ratio)",
                "thrifty,0.6,1,1,5,,1000000,,5000500,,,,",
            ])
        let text = comparison.text.split(separator: "\n").map {
            $0.split(separator: " ").joined(separator: " ")
        }
        #expect(text.contains("plain 0.6 1 of 2 5.00 5.00 MB 5.00 MB 1.00x –"), "\(comparison.text)")
        #expect(comparison.notes.contains { $0.hasPrefix("Runs that differ in nothing but their seed") })
        #expect(!comparison.text.contains("same seed twice"))
        let data = try JSONEncoder().encode(ReportDocument(comparison))
        let document = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        let experiments = try #require(document["experiments"] as? [[String: Any]])
        #expect(experiments.map { $0["runs"] as? [String] } == [["plain", "plain again"], ["thrifty"]])
        let reached = experiments.map { ($0["targets"] as? [[String: Any]])?.map { $0["reached"] as? Int } }
        #expect(reached == [[2, 1], [1, 1]])
        let page = try String(contentsOfFile: "\(out)/comparison.html", encoding: .utf8)
        #expect(page.contains("<h2>Costs of experiments to an accuracy</h2>") && !page.contains("{{"))
        // Runs of which none is the repetition of another say all of themselves.
        let other = try compared([runs[0], runs[2]])
        #expect(!other.text.contains("experiment"))
    }

    @Test func tablesAreWrittenToTheByte() throws {
        let pair = try Pair()
        let out = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: out) }
        let outcome = try pair.comparison(targets: [0.5, 0.6]).write(to: out, gnuplot: nil)
        #expect(
            outcome.files == [
                "comparison.csv", "targets.csv", "communication.csv", "experiments.csv",
                "experiment_targets.csv", "comparison.html",
            ])
        func read(_ name: String) throws -> String {
            try String(contentsOfFile: "\(out)/\(name)", encoding: .utf8)
        }
        #expect(
            try read("targets.csv") == """
                run,method,target_accuracy,round,up_bytes,down_bytes,simulated_seconds,energy_joules,rounds_ratio,\
                bytes_ratio
                plain,fedavg,0.5,4,4000000,4000400,,,1,1
                plain,fedavg,0.6,5,5000000,5000500,,,1,1
                thrifty,fedavg,0.5,6,1200000,6000600,,,1.5,\(shortest(7_200_600 / 8_000_400.0))
                thrifty,fedavg,0.6,,,,,,,

                """)
        let thrifty = [
            "thrifty", pair.thrifty.directory.path, "fedavg", "6", "0.51", "0.51", "6", "", "", "", "1198800",
            "1200", "5994000", "6600", "1200100", "180000000", "", "", "1",
            shortest(7_200_600 / 12_000_600.0), shortest(1_200_100 / 2_000_100.0), "digest6",
        ]
        #expect(
            try read("comparison.csv").split(separator: "\n").last
                == Substring(thrifty.joined(separator: ",")))
        let rounds = try read("communication.csv").split(separator: "\n")
        #expect(rounds.count == 13 && rounds[0].hasPrefix("run,round,clients,"))
        #expect(
            rounds[12]
                == "thrifty,6,10,0.51,,199800,200,999000,1100,20000,100010,1200000,6000600,,")
    }

    @Test func oneLineForEachRun() throws {
        let pair = try Pair(names: ("it's \"`touch x`\" <b>", "thrifty"))
        let out = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: out) }
        let gnuplot = Gnuplot(executable: "/usr/bin/gnuplot")
        let outcome = try pair.comparison().write(to: out, gnuplot: gnuplot)
        let page = try String(contentsOfFile: "\(out)/comparison.html", encoding: .utf8)
        #expect(page.hasPrefix("<!DOCTYPE html>") && page.hasSuffix("</html>\n"))
        #expect(!page.contains("{{") && !page.contains("<b>"))
        #expect(page.contains("<tr><th>method</th><td class=\"number\">fedavg</td>"))
        #expect(
            page.contains(
                "<tr><th>0.5</th><td class=\"number\">4 (1.00x)</td><td class=\"number\">6 (1.50x)</td></tr>")
        )
        #expect(page.contains("<td class=\"number\">7.20 MB (0.90x)</td>"))
        for part in ["src=", "<link", "url(", "<script"] { #expect(!page.contains(part)) }
        guard gnuplot != nil else { return }
        #expect(outcome.note == nil, "\(outcome.note ?? "")")
        #expect(page.components(separatedBy: "<svg").count == 4)
        let script = try String(contentsOfFile: "\(out)/plots/accuracy.gp", encoding: .utf8)
        #expect(script.contains("title 'it''s \"`touch x`\" <b>'") && script.contains("title 'thrifty'"))
        #expect(!FileManager.default.fileExists(atPath: "\(out)/plots/x"))
        // A comparison may be made again in its place.
        #expect(try pair.comparison().write(to: out, gnuplot: gnuplot) == outcome)
    }

    @Test func noRunIsWrittenInto() throws {
        let pair = try Pair()
        for place in [
            "", "/plots", "/a/b", "/../" + (pair.plain.directory.path as NSString).lastPathComponent,
        ] {
            let directory = pair.plain.directory.path + place
            let comparison = try pair.comparison()
            do throws(ReportError) {
                _ = try comparison.write(to: directory, gnuplot: nil)
                Issue.record("wrote into \(directory)")
            } catch {
                #expect(error.description.contains("belongs to the run in"))
                #expect(error.description.contains("--out"))
            }
        }
        #expect(!FileManager.default.fileExists(atPath: pair.plain.directory.path(of: "comparison.html")))
    }
}

import Experiment
import Foundation
import Report
import Testing

@Suite struct PageTests {
    private static let tables = ["communication.csv", "communication_clients.csv", "targets.csv"]

    private func report(_ run: SampleRun) throws -> RunReport { RunReport(try RunRecord(run.directory)) }

    @Test func withoutGnuplotThePageSaysHowToGetIt() throws {
        let run = try SampleRun()
        #expect(Gnuplot(executable: "/nonexistent/gnuplot") == nil)
        let outcome = try report(run).write(gnuplot: nil)
        #expect(outcome.files == Self.tables + ["report.html"])
        #expect(outcome.note?.contains("apt-get install gnuplot-nox") == true)
        let page = try run.directory.read("report.html")
        #expect(page.contains("apt-get install gnuplot-nox"))
        #expect(!page.contains("<svg"))
        #expect(!FileManager.default.fileExists(atPath: run.directory.path(of: "plots")))
    }

    @Test func thePageHasWhatItShould() throws {
        let run = try SampleRun()
        _ = try report(run).write(gnuplot: nil)
        let page = try run.directory.read("report.html")
        for part in [
            "<dt>final accuracy</dt><dd>0.7000</dd>", "<dt>rounds</dt><dd>4</dd>",
            "<tr><th>best accuracy</th><td>0.7500 in round 2</td></tr>",
            "<tr><th>federated up, payload</th><td>3996000 B</td></tr>", "<td>dense1.weight</td>",
            "<tr><td>final_accuracy</td><td>&gt;= 0.5</td><td class=\"number\">0.7</td><td>reached</td></tr>",
            "<tr><td>rounds</td><td>&gt; 100</td><td class=\"number\">4</td><td>missed</td></tr>",
            "<tr><th>training work</th><td>120 MMAC (multiply-accumulates)</td></tr>",
            "<p>The first round at or above it on global_test, and everything",
            "<tr><th>up, all rounds</th><td class=\"number\">100 kB</td><td class=\"number\">308 kB</td>",
            "<tr><th>libzmq</th><td>4.3.4</td></tr>", "prefers-color-scheme: dark", "clients_per_round: 10",
        ] {
            #expect(page.contains(part), "the page lacks \(part)")
        }
        #expect(page.hasPrefix("<!DOCTYPE html>") && page.hasSuffix("</html>\n"))
        #expect(!page.contains("{{") && !page.contains("}}"))
    }

    @Test func textOfOthersIsEscaped() throws {
        let run = try SampleRun(name: "<script>alert(\"1\")</script> & 'x'")
        _ = try report(run).write(gnuplot: nil)
        let page = try run.directory.read("report.html")
        #expect(!page.contains("<script"))
        #expect(page.contains("<title>&lt;script&gt;"))
        #expect(page.contains("Cores &amp; &lt;more&gt;"))
    }

    @Test func nothingIsLoadedFromElsewhere() throws {
        let run = try SampleRun()
        _ = try report(run).write(gnuplot: Gnuplot(executable: "/usr/bin/gnuplot"))
        let page = try run.directory.read("report.html")
        for part in ["src=", "<link", "@import", "url(", "<script", "href=\"http", "href='http"] {
            #expect(!page.contains(part), "the page has \(part)")
        }
    }

    @Test func equalRunsGiveEqualPages() throws {
        let run = try SampleRun()
        let gnuplot = Gnuplot(executable: "/usr/bin/gnuplot")
        _ = try report(run).write(gnuplot: gnuplot)
        let first = try run.directory.read("report.html")
        _ = try report(run).write(gnuplot: gnuplot)
        #expect(try run.directory.read("report.html") == first)
    }

    @Test(.enabled(if: Gnuplot(executable: "/usr/bin/gnuplot") != nil))
    func picturesAreInThePageAndBesideIt() throws {
        let run = try SampleRun()
        let outcome = try report(run).write(gnuplot: Gnuplot(executable: "/usr/bin/gnuplot"))
        #expect(outcome.note == nil)
        #expect(
            outcome.files == Self.tables + [
                "plots/accuracy.gp", "plots/accuracy.svg", "plots/accuracy_traffic.gp",
                "plots/accuracy_traffic.svg",
                "plots/loss.gp", "plots/loss.svg", "plots/traffic_segments.gp", "plots/traffic_segments.svg",
                "report.html",
            ])
        let page = try run.directory.read("report.html")
        #expect(page.components(separatedBy: "<svg").count == 5)
        #expect(!page.contains("<?xml"))
        #expect(page.contains("<figcaption>Accuracy over rounds</figcaption>"))
        #expect(
            try run.directory.read("plots/accuracy_traffic.svg").contains(
                "federated traffic since the start (MB)"))
        let script = try run.directory.read("plots/accuracy_traffic.gp")
        #expect(script.contains("$data0 << EOD\n4.0002 0.75\n8.0004 0.7\nEOD\n"))
    }

    @Test func aFailingGnuplotIsReported() throws {
        let run = try SampleRun()
        let outcome = try report(run).write(gnuplot: Gnuplot(executable: "/bin/false"))
        #expect(outcome.files == Self.tables + ["report.html"])
        #expect(outcome.note == "Pictures are missing: gnuplot ended with 1: .")
    }

    /// Rounds are whole numbers, however few there are; gnuplot by itself would put ticks at halves.
    @Test(
        .enabled(if: Gnuplot(executable: "/usr/bin/gnuplot") != nil),
        arguments: [(1, ["0", "1", "2"]), (2, ["1", "2"]), (4, ["1", "2", "3", "4"])])
    func roundsAreWholeOnTheAxis(rounds: Int, ticks: [String]) throws {
        let run = try SampleRun(rounds: rounds)
        _ = try report(run).write(gnuplot: Gnuplot(executable: "/usr/bin/gnuplot"))
        let picture = try run.directory.read("plots/loss.svg")
        let texts = picture.matches(of: /<text> *([0-9.]+)<\/text>/).map { String($0.1) }
        // The ticks of the x axis stand below those of the y axis, in order.
        #expect(Array(texts.suffix(ticks.count)) == ticks, "\(texts)")
    }

    @Test func longRunsAreThinnedOut() throws {
        let run = try SampleRun(rounds: 5000)
        let outcome = try report(run).write(gnuplot: Gnuplot(executable: "/usr/bin/gnuplot"))
        let page = try run.directory.read("report.html")
        #expect(page.contains("A selection of 5000 rounds; rounds.csv has all."))
        #expect(page.contains("<td class=\"number\">5000</td>"))
        #expect(page.utf8.count < 1_000_000)
        if outcome.note == nil {
            let script = try run.directory.read("plots/loss.gp")
            #expect(script.split(separator: "\n").count < 2100)
            #expect(script.contains("\n5000 "))
        }
    }
}

import Experiment
import Foundation
import Methods
import Report
import Testing

@Suite struct SummaryTests {
    @Test func numbersFollowFromTheLedger() throws {
        let run = try SampleRun()
        let summary = RunSummary(try RunRecord(run.directory))
        #expect(summary.rounds == 4)
        #expect(summary.finalAccuracy == 0.7)
        #expect(summary.bestAccuracy == 0.75 && summary.bestRound == 2)
        #expect(summary.modelDigest == "digest4")
        #expect(summary.up.payload == 3_996_000 && summary.up.overhead == 4000)
        #expect(summary.down.total == 4_000_400)
        #expect(summary.simulationBytes == 400 && summary.wireBytes == 9_200_000)
        #expect(summary.retries == 1)
        // Rounds 2 to 4: 30 updates in 1.5 s.
        #expect(summary.clientUpdatesPerSecond == 20)
        // Three seconds, then a resumption that counted from zero to one.
        #expect(summary.wallSeconds == 4)
        #expect(summary.value(of: .finalAccuracy) == 0.7)
        #expect(summary.value(of: .federatedUpBytes) == 4_000_000)
        #expect(summary.value(of: .workerPeakMemoryBytes) == nil)
    }

    @Test func theTextIsExact() throws {
        let run = try SampleRun(name: "two\u{1B}[31m classes")
        #expect(
            RunSummary(try RunRecord(run.directory)).text == """
                run             two[31m classes (fedavg)
                directory       \(run.directory.path)
                rounds          4
                final accuracy  0.7000
                best accuracy   0.7500 in round 2
                federated up    4.00 MB (payload 3996000 B, overhead 4000 B)
                federated down  4.00 MB (payload 3996000 B, overhead 4400 B)
                training work   120 MMAC
                simulation      400 B
                wire            9.20 MB
                wall time       4.00 s
                client updates  20.0 /s
                retries         1
                model           digest4

                direction  kind    part      segment        transfers    bytes  a transfer    share
                down       model   overhead  header                40     4400       110 B  0.055 %
                down       model   payload   dense1.weight         40  3996000     99.9 kB   49.9 %
                up         update  overhead  header                40     4000       100 B   0.05 %
                up         update  payload   dense1.weight         40  3996000     99.9 kB   49.9 %

                """)
    }

    @Test func aRunThatIsNotFinishedIsToldAsSuch() throws {
        let run = try SampleRun(isFinished: false)
        let record = try RunRecord(run.directory)
        #expect(
            RunReport(record).text.contains("rounds          interrupted or still running: 4 of 10 rounds\n"))
        _ = try RunReport(record).write(gnuplot: nil)
        let page = try run.directory.read(RunDirectory.Name.report)
        #expect(page.contains("<dt>rounds</dt><dd>interrupted or still running: 4 of 10 rounds</dd>"))
        func document(_ record: RunRecord) throws -> String {
            String(decoding: try JSONEncoder().encode(ReportDocument(Comparison([record]))), as: UTF8.self)
        }
        #expect(try document(record).contains("\"finished\":false"))
        #expect(try document(record).contains("\"roundsPlanned\":10"))
        let whole = try SampleRun()
        #expect(try document(try RunRecord(whole.directory)).contains("\"finished\":true"))
    }

    @Test func aRunWithoutEvaluationHasNoAccuracy() throws {
        let run = try SampleRun(rounds: 1)
        let summary = RunSummary(try RunRecord(run.directory))
        #expect(
            summary.finalAccuracy == nil && summary.bestRound == nil && summary.clientUpdatesPerSecond == nil)
        #expect(summary.text.contains("final accuracy  –\n"))
    }

    @Test func clientsOwnAccuracyIsShownBesideTheGlobalOne() throws {
        let run = try SampleRun(change: { row in
            guard row.round < 4 else { return }
            row.localTestAccuracyMean = 0.5 + Double(row.round) / 10
            row.localTestAccuracyStd = 0.25
            row.localTestAccuracyWorstTenth = 0.125
        })
        let summary = RunSummary(try RunRecord(run.directory))
        #expect(summary.localTest?.round == 3 && summary.localTest?.mean == 0.8)
        #expect(summary.localTest?.standardDeviation == 0.25 && summary.localTest?.worstTenth == 0.125)
        #expect(summary.finalAccuracy == 0.7)
        #expect(
            summary.text.contains(
                "local accuracy  0.8000 (standard deviation 0.2500, worst tenth of clients 0.1250)\n"))
    }

    /// Of ten clients a round, one new in each of four rounds, 3 and 4 attack; a late one of client 4 does not count.
    @Test func whatAttackersSentIsShown() throws {
        func run(_ aggregation: String, _ factor: @escaping (ClientRow) -> Double?) throws -> SampleRun {
            try SampleRun(
                extra: "attack: {kind: sign_flip, share: 0.1}\naggregation: {rule: \(aggregation)}",
                changeClient: { row in
                    row.attacks = row.client == 3 || row.client == 4
                    if row.client == 4 && row.round == 4 { row.fate = .late }
                    row.factor = row.fate == .accepted ? factor(row) : nil
                })
        }
        let chosen = try run("median") { $0.attacks ? ($0.round == 1 ? 0.5 : 0) : 0.25 }
        let record = try RunRecord(chosen.directory)
        let summary = RunSummary(record)
        let attack = try #require(summary.attack)
        let measures = SweepMeasures(record)
        #expect(measures.value(.falseUpdateFactor, by: nil) == attack.falseFactor)
        #expect(measures.value(.honestUpdateFactor, by: nil) == 0.25)
        #expect(attack.kind == "sign_flip" && attack.attackers == 2)
        #expect(attack.falseUpdates == 6 && attack.honestUpdates == 33)
        #expect(attack.falseFactor.map { abs($0 - 1.0 / 6) < 1e-12 } == true && attack.honestFactor == 0.25)
        let text =
            "sign_flip by 2 clients, 6 of 39 updates that count; median took 16.7 % of these, 25.0 % of the others"
        #expect(summary.text.contains("attack          \(text)\n"))
        _ = try RunReport(record).write(gnuplot: nil)
        #expect(try chosen.directory.read(RunDirectory.Name.report).contains("attack</th><td>\(text)</td>"))
        let document = try JSONEncoder().encode(ReportDocument(Comparison([record])))
        #expect(String(decoding: document, as: UTF8.self).contains("\"falseUpdates\":6"))
        let median = try run("median") { _ in nil }
        #expect(
            RunSummary(try RunRecord(median.directory)).text.contains(
                "attack          sign_flip by 2 clients, 6 of 39 updates that count\n"))
        let peaceful = try SampleRun()
        #expect(RunSummary(try RunRecord(peaceful.directory)).attack == nil)
    }

    @Test func theLastDivergenceOfActivationsIsShown() throws {
        let run = try SampleRun(change: { row in
            row.activationDivergence = row.round < 4 ? 0.5 / Double(row.round) : nil
        })
        let record = try RunRecord(run.directory)
        let summary = RunSummary(record)
        #expect(summary.activationDivergence?.round == 3 && summary.activationDivergence?.bits == 0.5 / 3)
        #expect(summary.text.contains("divergence      0.17 bit in round 3, of the cohort's activations\n"))
        _ = try RunReport(record).write(gnuplot: Gnuplot(executable: "/bin/true"))
        let script = try run.directory.read("plots/activation_divergence.gp")
        #expect(script.contains("$data0 << EOD\n1 0.5\n2 0.25\n3 \(0.5 / 3)\nEOD\n"))
        let page = try run.directory.read(RunDirectory.Name.report)
        #expect(page.contains("activations</th><td>0.17 bit in round 3</td></tr>"))
        let plain = try SampleRun()
        _ = try RunReport(try RunRecord(plain.directory)).write(gnuplot: Gnuplot(executable: "/bin/true"))
        #expect(try !plain.directory.read(RunDirectory.Name.report).contains("divergence"))
        #expect(try !RunSummary(RunRecord(plain.directory)).text.contains("divergence"))
    }

    @Test func simulatedTimeAndEnergyAreSummedWhereAllRoundsHaveThem() throws {
        let timed = try SampleRun(change: { row in
            row.simulatedSeconds = 30
            row.energyJoules = row.round == 2 ? nil : 5
        })
        let summary = RunSummary(try RunRecord(timed.directory))
        #expect(summary.simulatedSeconds == 120 && summary.energyJoules == nil)
        #expect(summary.text.contains("simulated time  2 min 00 s\n") && !summary.text.contains("energy"))
    }

    @Test func aRunThatDidNothingIsNamed() throws {
        let run = try SampleRun(rounds: 0)
        do throws(ReportError) {
            _ = RunSummary(try RunRecord(run.directory))
            Issue.record("summed up nothing")
        } catch {
            #expect(error == .noRounds(directory: run.directory.path))
            #expect(
                error.description
                    == "\(run.directory.path): has no finished round; go on with it: run --resume \(run.directory.path)"
            )
        }
    }

    @Test func whatCannotBeReadIsNamed() throws {
        let run = try SampleRun()
        try run.directory.write("name: [", to: RunDirectory.Name.scenario)
        do throws(ReportError) {
            _ = RunSummary(try RunRecord(run.directory))
            Issue.record("read half a scenario")
        } catch {
            #expect(error.description.hasPrefix(run.directory.path(of: "scenario.yaml") + ":2: "))
        }
    }
}

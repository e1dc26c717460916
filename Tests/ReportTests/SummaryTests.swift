import Experiment
import Report
import Testing

@Suite struct SummaryTests {
    @Test func numbersFollowFromTheLedger() throws {
        let run = try SampleRun()
        let summary = try RunReport.summary(of: run.directory)
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
            try RunReport.summary(of: run.directory).text == """
                run             two[31m classes (fedavg)
                directory       \(run.directory.path)
                rounds          4
                final accuracy  0.7000
                best accuracy   0.7500 in round 2
                federated up    4.00 MB (payload 3996000 B, overhead 4000 B)
                federated down  4.00 MB (payload 3996000 B, overhead 4400 B)
                simulation      400 B
                wire            9.20 MB
                wall time       4.00 s
                client updates  20.0 /s
                retries         1
                model           digest4

                direction  kind    part      segment        transfers    bytes
                down       model   overhead  header                40     4400
                down       model   payload   dense1.weight         40  3996000
                up         update  overhead  header                40     4000
                up         update  payload   dense1.weight         40  3996000

                """)
    }

    @Test func aRunWithoutEvaluationHasNoAccuracy() throws {
        let run = try SampleRun(rounds: 1)
        let summary = try RunReport.summary(of: run.directory)
        #expect(
            summary.finalAccuracy == nil && summary.bestRound == nil && summary.clientUpdatesPerSecond == nil)
        #expect(summary.text.contains("final accuracy  –\n"))
    }

    @Test func runsStandSideBySide() throws {
        let (first, second) = (try SampleRun(name: "a"), try SampleRun(name: "longer name", rounds: 2))
        let table = try RunReport.compare([first.directory, second.directory])
        #expect(
            table == """
                run          method  final accuracy  best accuracy  rounds       up     down  wall time  updates  directory
                a            fedavg          0.7000         0.7500       4  4.00 MB  4.00 MB     4.00 s  20.0 /s  \
                \(first.directory.path)
                longer name  fedavg          0.7500         0.7500       2  2.00 MB  2.00 MB     2.00 s  20.0 /s  \
                \(second.directory.path)

                """)
    }

    @Test func aRunThatDidNothingIsNamed() throws {
        let run = try SampleRun(rounds: 0)
        do throws(ReportError) {
            _ = try RunReport.summary(of: run.directory)
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
            _ = try RunReport.summary(of: run.directory)
            Issue.record("read half a scenario")
        } catch {
            #expect(error.description.hasPrefix(run.directory.path(of: "scenario.yaml") + ":2: "))
        }
    }
}

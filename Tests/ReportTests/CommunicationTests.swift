import Experiment
import Foundation
import Methods
import Report
import Testing

@Suite struct CommunicationTests {
    @Test func bytesAddUpByRoundAndClient() throws {
        let run = try SampleRun()
        let communication = Communication(try RunRecord(run.directory))
        #expect(communication.rounds.map(\.round) == [1, 2, 3, 4])
        let third = communication.rounds[2]
        #expect(third.up == FederatedBytes(payload: 999_000, overhead: 1000))
        #expect(third.down == FederatedBytes(payload: 999_000, overhead: 1100))
        #expect(third.upSinceStart == FederatedBytes(payload: 2_997_000, overhead: 3000))
        #expect(third.downSinceStart == FederatedBytes(payload: 2_997_000, overhead: 3300))
        #expect(communication.bytes == 8_000_400 && communication.bytesPerRound == 2_000_100)
        // Clients 1 to 13; the fourth took part in all four rounds, the first and the last in one.
        #expect(communication.clients.map(\.client) == Array(1...13))
        #expect(communication.clients.map(\.rounds) == [1, 2, 3, 4, 4, 4, 4, 4, 4, 4, 3, 2, 1])
        #expect(communication.clients[3].upPayloadBytes == 399_600)
        #expect(communication.clients[3].downOverheadBytes == 440)
        let total = communication.clients.reduce(0) { $0 + $1.upPayloadBytes + $1.upOverheadBytes }
        #expect(total == communication.rounds[3].upSinceStart.total)
    }

    @Test func theFirstRoundAtOrAboveCounts() throws {
        let accuracies = [0.1, nil, 0.5, 0.4999, 0.8, 0.6]
        let run = try SampleRun(rounds: 6, accuracies: { accuracies[$0 - 1] }) { $0.simulatedSeconds = 2.5 }
        let communication = Communication(try RunRecord(run.directory))
        let half = try #require(communication.reach(0.5))
        #expect(half.round == 3 && half.up == 3_000_000 && half.down == 3_000_300)
        #expect(half.simulatedSeconds == 7.5 && half.bytes == 6_000_300)
        #expect(communication.reach(0.50001)?.round == 5 && communication.reach(0.1)?.round == 1)
        #expect(communication.reach(0.80001) == nil)
        let local = Communication(try RunRecord(run.directory), measure: .localTest)
        #expect(local.reach(0.1) == nil && local.bestAccuracy == nil)
    }

    @Test func targetsSuggestThemselves() throws {
        func targets(_ best: Double?, extra: String = "", options: ReportOptions = ReportOptions()) throws
            -> [Double]
        {
            let run = try SampleRun(extra: extra, accuracies: { $0 == 2 ? best : nil })
            return RunReport(try RunRecord(run.directory), options: options).targets
        }
        #expect(try targets(nil) == [])
        #expect(try targets(0.05) == [])
        #expect(try targets(0.3) == [0.1, 0.2, 0.3])
        #expect(try targets(0.29, extra: "stop: {target_accuracy: 0.85}") == [0.1, 0.2, 0.85])
        #expect(try targets(1, extra: "stop: {target_accuracy: 0.5}").count == 10)
        #expect(try targets(0.3, options: ReportOptions(targets: [0.25])) == [0.25])
    }

    @Test func tablesAreWrittenToTheByte() throws {
        let run = try SampleRun(rounds: 2, accuracies: { $0 == 2 ? 0.25 : nil })
        let report = RunReport(
            try RunRecord(run.directory), options: ReportOptions(targets: [0.25, 0.5]))
        _ = try report.write(gnuplot: nil)
        #expect(
            try run.directory.read("communication.csv") == """
                round,clients,global_test_accuracy,local_test_accuracy_mean,up_payload_bytes,up_overhead_bytes,\
                down_payload_bytes,down_overhead_bytes,up_bytes_per_client,down_bytes_per_client,\
                up_bytes_since_start,down_bytes_since_start,simulated_seconds_since_start,energy_joules_since_start
                1,10,,,999000,1000,999000,1100,100000,100010,1000000,1000100,,
                2,10,0.25,,999000,1000,999000,1100,100000,100010,2000000,2000200,,

                """)
        #expect(
            try run.directory.read("communication_clients.csv").split(separator: "\n").prefix(3) == [
                "client,rounds,up_payload_bytes,up_overhead_bytes,down_payload_bytes,down_overhead_bytes",
                "1,1,99900,100,99900,110", "2,2,199800,200,199800,220",
            ])
        #expect(
            try run.directory.read("targets.csv") == """
                target_accuracy,round,up_bytes,down_bytes,simulated_seconds,energy_joules
                0.25,2,2000000,2000200,,
                0.5,,,,,

                """)
    }

    /// The second round has three more clients than it waits for; the third was abandoned.
    @Test func whatWasSentInVainIsNoClientsShare() throws {
        let run = try SampleRun(
            rounds: 3, accepted: { $0 == 3 ? 0 : 10 }, wasted: { [0, 3, 13][$0 - 1] },
            accuracies: { _ in 0.25 })
        let report = RunReport(try RunRecord(run.directory), options: ReportOptions(targets: []))
        _ = try report.write(gnuplot: nil)
        let rows = try run.directory.read("communication.csv").split(separator: "\n").dropFirst()
        #expect(
            Array(rows) == [
                "1,10,0.25,,999000,1000,999000,1100,100000,100010,1000000,1000100,,",
                "2,10,0.25,,1119000,1000,1298700,1430,100000,100010,2120000,2300230,,",
                "3,0,0.25,,520000,0,1298700,1430,,,2640000,3600360,,",
            ])
        #expect(
            report.text.contains(
                """
                round  clients  accuracy       up     down  up a client  down a client  up since start  \
                down since start
                    1       10    0.2500  1.00 MB  1.00 MB       100 kB         100 kB         1.00 MB  \
                         1.00 MB
                    2       10    0.2500  1.12 MB  1.30 MB       100 kB         100 kB         2.12 MB  \
                         2.30 MB
                    3        0    0.2500   520 kB  1.30 MB            –              –         2.64 MB  \
                         3.60 MB

                """), "\(report.text)")
        let data = try JSONEncoder().encode(ReportDocument(Comparison([report.record])))
        let document = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        let rounds = try #require(
            (document["runs"] as? [[String: Any]])?.first?["byRound"] as? [[String: Any]])
        #expect(rounds.map { $0["upBytesPerClient"] as? Double } == [100_000, 100_000, nil])
        #expect(rounds.map { $0["downBytes"] as? Int } == [1_000_100, 1_300_130, 1_300_130])
    }

    @Test func theTextTellsAllOfIt() throws {
        let run = try SampleRun(rounds: 2, accuracies: { $0 == 2 ? 0.25 : nil })
        let text = RunReport(
            try RunRecord(run.directory), options: ReportOptions(targets: [0.25, 0.5])
        ).text
        #expect(
            text.hasSuffix(
                """

                round  clients  accuracy       up     down  up a client  down a client  up since start  \
                down since start
                    2       10    0.2500  1.00 MB  1.00 MB       100 kB         100 kB         2.00 MB  \
                         2.00 MB

                of 11 clients      least    mean    most
                rounds, each           1    1.82       2
                up, all rounds    100 kB  182 kB  200 kB
                down, all rounds  100 kB  182 kB  200 kB

                accuracy on global_test  round       up     down  simulated time  energy
                                   0.25      2  2.00 MB  2.00 MB               –       –
                                    0.5  never        –        –               –       –

                """), "\(text)")
    }

    /// Segments beyond what a picture can show are put together; none is lost.
    @Test func theBarsShowWhereTheBytesGo() throws {
        let run = try SampleRun()
        _ = try RunReport(try RunRecord(run.directory)).write(gnuplot: Gnuplot(executable: "/bin/true"))
        let script = try run.directory.read("plots/traffic_segments.gp")
        #expect(
            script.contains("$data << EOD\n\"dense1.weight\" 3.996 3.996\n\"header\" 0.004 0.0044\nEOD\n"))
        #expect(script.contains("set xlabel \"federated traffic (MB)\""))
    }
}

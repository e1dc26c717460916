import Foundation
import GRDB
import Testing

/// Runs in simulated time with real processes: devices and availability from files, the same bits whatever the
/// workers, and what is said when a device or a round cannot do.
@Suite struct TimedRunTests {
    let laboratory: Laboratory

    init() throws { laboratory = try Laboratory() }

    private func run(_ scenario: String, _ name: String, workers: Int = 2) throws -> Program.Outcome {
        try Program.run([
            "run", scenario, "--out", laboratory.file(name), "--quiet", "--json", "--workers", "\(workers)",
        ])
    }

    private func fails(
        _ code: Int32, _ words: [String], _ outcome: Program.Outcome,
        _ location: SourceLocation = #_sourceLocation
    ) {
        #expect(outcome.code == code, "\(outcome.errors)", sourceLocation: location)
        for word in words {
            #expect(
                outcome.errors.contains(word), "\(word) is not in: \(outcome.errors)",
                sourceLocation: location)
        }
    }

    /// Tables could not tell two devices of one name apart.
    @Test func namesOfProfilesDiffer() throws {
        let scenario = try laboratory.smallScenario(
            method: "fedavg", extra: try laboratory.devices("round: {}"))
        let slow = try String(contentsOfFile: laboratory.file("slow.yaml"), encoding: .utf8)
        try laboratory.write(slow.replacing("name: slow", with: "name: fast"), to: "slow.yaml")
        fails(65, ["fast.yaml", "slow.yaml", "give one of them another name"], try run(scenario, "out"))
    }

    /// A ledger that was changed is not told as if it were what happened; what no digest covers may be any number.
    @Test func changedLedgersAreNotReported() throws {
        let scenario = try laboratory.smallScenario(method: "fedavg", rounds: 3)
        #expect(try run(scenario, "out").code == 0)
        let database = try DatabaseQueue(path: laboratory.file("out/run.sqlite"))
        try database.write {
            let columns = ["wire_in_bytes", "wire_out_bytes", "simulation_bytes", "retries"]
            let settings = columns.map { "\($0) = 9223372036854775807" }.joined(separator: ", ")
            try $0.execute(sql: "UPDATE infrastructure SET \(settings)")
        }
        #expect(try Program.run(["report", laboratory.file("out")]).code == 0)
        try database.write {
            try $0.execute(sql: "UPDATE rounds SET federated_up_bytes = 9223372036854775807")
        }
        try database.close()
        fails(65, ["digest chain"], try Program.run(["report", laboratory.file("out")]))
    }

    /// A pipe that nobody writes to is no file of weights.
    @Test func pipesAreNoModels() throws {
        let scenario = try laboratory.smallScenario(method: "fedavg", rounds: 1)
        let pipe = laboratory.file("model.safetensors")
        #expect(mkfifo(pipe, 0o600) == 0)
        let arguments = ["evaluate", "--model", pipe, "--scenario", scenario]
        fails(66, [pipe, "is not a regular file"], try Program.run(arguments, seconds: 20))
    }

    /// `check` foretells the traffic of those that are drawn, or that count where rounds overlap.
    @Test func forecasts() throws {
        func bytes(_ round: String) throws -> Int {
            let scenario = try laboratory.smallScenario(
                method: "fedavg", extra: try laboratory.devices("round: {\(round)}"))
            return try #require(
                try Program.run(["check", scenario, "--json"]).json["federated_bytes_per_round"] as? Int)
        }
        let strict = try bytes("policy: strict")
        #expect(try 2 * bytes("policy: deadline, seconds: 200, over_selection: 1.5") == 3 * strict)
        #expect(
            try 4 * bytes("policy: async, buffer: 3, concurrency: 6, maximum_staleness: 2") == 3 * strict)
    }

    /// 8 clients with 200 samples in batches of 20: 10 passes forward at 1 s or 4 s each.
    @Test(arguments: [
        ("ditto", "round: {policy: deadline, seconds: 60, over_selection: 1.5, minimum: 1}"),
        ("fedavg", "round: {policy: async, buffer: 2, concurrency: 6}"),
    ])
    func oneAndThreeWorkersGiveTheSameBits(method: String, round: String) throws {
        try laboratory.write(
            "client,start_seconds,end_seconds\n0,0,1000\n1,0,500\n1,520,1000\n", to: "trace.csv")
        let trace = "availability: {dropout: 0.1, kind: trace, file: \(laboratory.file("trace.csv"))}"
        let scenario = try laboratory.smallScenario(
            method: method, rounds: 8, extra: try laboratory.devices("\(round), \(trace)"))
        let one = try run(scenario, "one", workers: 1)
        #expect(one.code == 0, "\(one.errors)")
        #expect(try run(scenario, "three", workers: 3).code == 0)
        #expect(laboratory.differingResults("one", "three") == [])
        let (rounds, clients) = (laboratory.table("one/rounds.csv"), laboratory.table("one/clients.csv"))
        #expect(rounds.count == 8)
        for row in rounds {
            let parts = clients.filter { $0["round"] == row["round"] }
            #expect(row["drawn"] == "\(parts.count)")
            #expect(row["clients"] == "\(parts.count { $0["fate"] == "accepted" })")
            let energies = parts.flatMap { part in
                ["compute_joules", "radio_joules", "idle_joules"].map { Double(part[$0] ?? "") ?? .nan }
            }
            let energy = try #require(row["energy_joules"].flatMap { Double($0) })
            #expect(abs(energies.reduce(0, +) - energy) < 1e-6 * max(1, energy))
            // Rounds that overlap may end in the same moment.
            #expect(row["simulated_seconds"].flatMap { Double($0) } ?? -1 >= 0)
        }
        #expect(Set(clients.map { $0["device"] }) == ["fast", "slow"])
        #expect(clients.allSatisfy { $0["link"] == "wifi" })
        let fates = Set(clients.map { $0["fate"] })
        #expect(fates.isSuperset(of: method == "ditto" ? ["accepted", "late"] : ["accepted"]), "\(fates)")
        if method == "fedavg" { #expect(clients.contains { $0["staleness"] != "0" }) }
    }

    /// The group, what training needs and what there is, before anything starts.
    @Test func aModelThatDoesNotFit() throws {
        let scenario = try laboratory.scenario(
            extra:
                "devices: {groups: [{profile: raspberry_pi_4, link: wifi}, {profile: stm32l4r5, link: ble}]}")
        fails(
            65,
            [
                "devices: groups.1.profile: training needs ", " bytes and stm32l4r5 has ",
                "use a smaller model",
            ],
            try run(scenario, "out"))
        #expect(!FileManager.default.fileExists(atPath: laboratory.file("out")))
        let own = try laboratory.scenario(
            extra: "devices: {groups: [{profile: \(laboratory.file("own.yaml")), link: wifi}]}")
        fails(66, ["own.yaml"], try run(own, "out"))
        try laboratory.write("name: own\n", to: "own.yaml")
        fails(65, ["own.yaml", "speed"], try run(own, "out"))
    }

    @Test func tracesThatCannotBeUsed() throws {
        let trace = "availability: {kind: trace, file: \(laboratory.file("trace.csv"))}"
        let scenario = try laboratory.smallScenario(method: "fedavg", extra: try laboratory.devices(trace))
        fails(66, ["trace.csv"], try run(scenario, "out"))
        try laboratory.write("client,start_seconds,end_seconds\n0,5,1\n", to: "trace.csv")
        fails(65, ["trace.csv:2", "0,5,1"], try run(scenario, "out"))
    }

    /// Everybody drops out: the tenth round in vain ends the run; the nine before are in the ledger.
    @Test func missedQuorums() throws {
        let scenario = try laboratory.smallScenario(
            method: "fedavg", rounds: 20, extra: try laboratory.devices("availability: {dropout: 1}"))
        fails(
            75, ["rounds 1 to 10 had fewer than 1 updates", "lower devices.availability.dropout"],
            try run(scenario, "out"))
        let database = try DatabaseQueue(path: laboratory.file("out/run.sqlite"))
        let rounds = try database.read {
            try Int.fetchAll($0, sql: "SELECT round FROM rounds ORDER BY round")
        }
        try database.close()
        #expect(rounds == Array(1...9))
        // Nothing becomes better by trying again.
        fails(
            75, ["rounds 1 to 10"],
            try Program.run(["run", "--resume", laboratory.file("out"), "--quiet", "--json"]))
    }

    /// What simulated time follows from stands in a file that changed while the run rested.
    @Test func changedTracesAreRefused() throws {
        let file = laboratory.file("there.csv")
        try laboratory.write("client,start_seconds,end_seconds\n0,0,1000\n", to: "there.csv")
        let scenario = try laboratory.smallScenario(
            method: "fedavg", rounds: 20,
            extra: try laboratory.devices("availability: {dropout: 1, kind: trace, file: \(file)}"))
        #expect(try run(scenario, "out").code == 75)
        let resume = ["run", "--resume", laboratory.file("out"), "--quiet", "--json"]
        fails(75, ["rounds 1 to 10"], try Program.run(resume))
        try laboratory.write("client,start_seconds,end_seconds\n0,0,1001\n", to: "there.csv")
        fails(65, ["devices_digest", "put it back"], try Program.run(resume))
    }
}

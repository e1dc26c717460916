import Foundation
import TensorMath
import Testing

/// Methods whose clients keep something, in runs that are killed, stopped and taken up again at random moments.
@Suite(.serialized) struct DisturbedMethodTests {
    /// A method, and what else its scenario says.
    struct Subject: Sendable, CustomTestStringConvertible {
        let method: String
        var extra = ""
        /// Whether files of devices are needed.
        var isTimed = false
        var testDescription: String { isTimed ? "\(method) in simulated time" : method }
    }

    static let subjects = [
        Subject(method: "scaffold"), Subject(method: "fedper"), Subject(method: "ditto"),
        Subject(method: "apfl"),
        Subject(
            method: "moon",
            extra:
                "compression: {uplink: [{kind: top_k}], downlink: [{kind: quantize}], error_feedback: true}"
        ),
        Subject(
            method: "ditto",
            extra: "round: {policy: deadline, seconds: 200, minimum: 2}, availability: {dropout: 0.1}",
            isTimed: true),
        Subject(
            method: "fedavg",
            extra: "round: {policy: async, buffer: 3, concurrency: 6, maximum_staleness: 2},"
                + " availability: {kind: markov, on_seconds: 2000, off_seconds: 200}",
            isTimed: true),
    ]

    static let rounds = 60

    let laboratory: Laboratory

    init() throws { laboratory = try Laboratory() }

    private func start(_ arguments: [String]) throws -> RunningProgram {
        try RunningProgram(["run"] + arguments + ["--quiet", "--json", "--workers", "2"])
    }

    @Test(arguments: subjects) func theSameBitsAsUndisturbed(subject: Subject) throws {
        let extra = subject.isTimed ? try laboratory.devices(subject.extra) : subject.extra
        let scenario = try laboratory.smallScenario(
            method: subject.method, rounds: Self.rounds, extra: extra)
        try laboratory.expectEqualWhenDisturbed(
            scenario, least: 2, seed: UInt64(subject.method.utf8.count))
    }

    /// States that change under a run's hands end it as damaged data, not as a disk that is full.
    @Test func statesDamagedUnderWay() throws {
        let scenario = try laboratory.smallScenario(method: "ditto", rounds: 100_000)
        let run = try start([scenario, "--out", laboratory.file("run")])
        var stream = RandomStream(RandomKey(seed: 12, purpose: .test))
        laboratory.waitForAPoint(run, "run", after: nil, &stream)
        let file = try FileHandle(
            forUpdating: URL(fileURLWithPath: laboratory.file("run/checkpoints/clients.state")))
        let size = try file.seekToEnd()
        let ended = eventually {
            try? file.seek(toOffset: 0)
            try? file.write(contentsOf: Data(count: Int(size)))
            return !run.process.isRunning
        }
        #expect(ended)
        let outcome = try run.wait()
        #expect(outcome.code == 65, "\(outcome.code) \(outcome.errors)")
        #expect(outcome.errors.contains("the state of client") && !outcome.errors.contains("cannot write"))
    }

    /// A run whose clients' states are not what its ledger names does not go on; with them put back it does.
    @Test func damagedStatesAreRefused() throws {
        let scenario = try laboratory.smallScenario(method: "fedper", rounds: Self.rounds)
        #expect(try start([scenario, "--out", laboratory.file("calm")]).wait().code == 0)
        let run = try start([scenario, "--out", laboratory.file("stopped")])
        var stream = RandomStream(RandomKey(seed: 10, purpose: .test))
        laboratory.waitForAPoint(run, "stopped", after: nil, &stream)
        kill(run.pid, SIGINT)
        #expect(try run.wait().code == 130)
        let path = laboratory.file("stopped/checkpoints/clients.state")
        let place = URL(fileURLWithPath: path)
        let whole = try Data(contentsOf: place)
        // Behind each header of 64 bytes, on every page.
        var turned = whole
        for index in stride(from: 70, to: whole.count, by: 4096) { turned[index] ^= 1 }
        for damaged in [whole.prefix(whole.count / 2), Data(), turned, nil] {
            try FileManager.default.removeItem(at: place)
            try damaged?.write(to: place)
            let refused = try start(["--resume", laboratory.file("stopped")]).wait()
            #expect(refused.code == 65, "\(refused.code) \(refused.errors)")
            #expect(refused.errors.contains("the state of client"), "\(refused.errors)")
            #expect(refused.errors.contains("take the run from a copy, or run it again"))
        }
        try whole.write(to: place)
        let resumed = try start(["--resume", laboratory.file("stopped")]).wait()
        #expect(resumed.code == 0, "\(resumed.errors)")
        #expect(laboratory.differingResults("calm", "stopped") == [])
    }
}

import Foundation
import TensorMath
import Testing

/// Methods whose clients keep something, in runs that are killed, stopped and taken up again at random moments.
@Suite(.serialized) struct DisturbedMethodTests {
    enum Disturbance: CaseIterable { case workerKilled, coordinatorKilled, interrupted }

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

    private func checkpoints(_ run: String) -> [String] {
        let names = try? FileManager.default.contentsOfDirectory(
            atPath: laboratory.file("\(run)/checkpoints"))
        return names?.filter { $0.hasSuffix(".safetensors") }.sorted() ?? []
    }

    /// Waits for a durability point after `last`, and then up to 0.1 s.
    private func waitForAPoint(
        _ run: RunningProgram, _ name: String, after last: String?, _ stream: inout RandomStream
    ) {
        let came = eventually {
            !run.process.isRunning || checkpoints(name).last.map { $0 > last ?? "" } ?? false
        }
        #expect(came)
        usleep(useconds_t(stream.index(below: 100_000)))
    }

    @Test(arguments: subjects) func theSameBitsAsUndisturbed(subject: Subject) throws {
        let extra = subject.isTimed ? try laboratory.devices(subject.extra) : subject.extra
        let scenario = try laboratory.smallScenario(
            method: subject.method, rounds: Self.rounds, extra: extra)
        let calm = try start([scenario, "--out", laboratory.file("calm")]).wait()
        #expect(calm.code == 0, "\(calm.errors)")
        var stream = RandomStream(
            RandomKey(seed: 9, purpose: .test, client: UInt32(subject.method.utf8.count)))
        var run = try start([scenario, "--out", laboratory.file("disturbed")])
        var ended: Program.Outcome?
        var count = 0
        let disturbances: [Disturbance] = [
            .workerKilled, .coordinatorKilled, .interrupted, .coordinatorKilled,
        ]
        for disturbance in disturbances {
            waitForAPoint(run, "disturbed", after: count == 0 ? nil : checkpoints("disturbed").last, &stream)
            guard run.process.isRunning else { break }
            count += 1
            switch disturbance {
            case .workerKilled:
                if let victim = run.children.last { kill(victim, SIGKILL) }
                continue
            case .coordinatorKilled: kill(run.pid, SIGKILL)
            case .interrupted: kill(run.pid, SIGINT)
            }
            let stopped = try run.wait()
            if stopped.code == 0 {
                ended = stopped
                break
            }
            #expect([SIGKILL, 130].contains(stopped.code), "\(stopped.code) \(stopped.errors)")
            run = try start(["--resume", laboratory.file("disturbed")])
        }
        let outcome = try ended ?? run.wait()
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(count >= 2, "the run was over after \(count) disturbances")
        #expect(outcome.json["model_digest"] as? String == calm.json["model_digest"] as? String)
        #expect(laboratory.differingResults("calm", "disturbed") == [])
    }

    /// A run whose clients' states are not what its ledger names does not go on; with them put back it does.
    @Test func damagedStatesAreRefused() throws {
        let scenario = try laboratory.smallScenario(method: "fedper", rounds: Self.rounds)
        #expect(try start([scenario, "--out", laboratory.file("calm")]).wait().code == 0)
        let run = try start([scenario, "--out", laboratory.file("stopped")])
        var stream = RandomStream(RandomKey(seed: 10, purpose: .test))
        waitForAPoint(run, "stopped", after: nil, &stream)
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

import Foundation
import TensorMath
import Testing

/// What reaches a run from outside: signals, terminals that are gone, other runs.
@Suite(.serialized) struct SignalTests {
    let laboratory: Laboratory

    init() throws { laboratory = try Laboratory() }

    /// Starts the program by a shell's words, with its path as $0 and the rest as $1 and on.
    private func shell(_ words: String, _ arguments: [String]) throws -> RunningProgram {
        try RunningProgram(["-c", words, Program.path] + arguments, executable: "/bin/sh")
    }

    /// Standard error is for people: what cannot be written there changes nothing else.
    @Test(arguments: ["2>/dev/full", "2>&-", "2>&1 >/dev/null | true"])
    func nobodyReadsErrors(redirection: String) throws {
        let isPipe = redirection.contains("|")
        let missing = try shell("exec \"$0\" \"$@\" \(redirection)", ["run", laboratory.file("none.yaml")])
            .wait()
        #expect(isPipe || missing.code == 66, "\(missing.code)")
        let out = laboratory.file("run")
        let scenario = try laboratory.smallScenario(method: "fedavg", rounds: 3)
        let run = try shell("\"$0\" \"$@\" \(redirection)", ["run", scenario, "--out", out]).wait()
        #expect(isPipe || run.code == 0, "\(run.code)")
        #expect(try Program.run(["run", "--resume", out, "--json"]).json["rounds"] as? Int == 3)
    }

    /// A hang-up stops a run as Ctrl-C does, unless nohup or its like asked for it to go on.
    @Test func hangUps() throws {
        let scenario = try laboratory.smallScenario(method: "fedavg", rounds: 400)
        for isIgnored in [false, true] {
            let name = isIgnored ? "kept" : "stopped"
            let words = isIgnored ? "trap '' HUP; exec \"$0\" \"$@\"" : "exec \"$0\" \"$@\""
            let run = try shell(
                words,
                ["run", scenario, "--out", laboratory.file(name), "--workers", "2", "--quiet", "--json"])
            var stream = RandomStream(RandomKey(seed: 3, purpose: .test))
            laboratory.waitForAPoint(run, name, after: nil, &stream)
            for process in run.children + [run.pid] { kill(process, SIGHUP) }
            let ended = try run.wait()
            #expect(ended.code == (isIgnored ? 0 : 130), "\(ended.code) \(ended.errors)")
            #expect(ended.json["rounds"] as? Int == (isIgnored ? 400 : nil))
        }
        let resumed = try Program.run(["run", "--resume", laboratory.file("stopped"), "--json"])
        #expect(resumed.json["rounds"] as? Int == 400, "\(resumed.errors)")
        #expect(laboratory.differingResults("stopped", "kept") == [])
    }

    /// A signal that comes before the run has begun leaves nothing that bars the same command.
    @Test func interruptedAtOnce() throws {
        let scenario = try laboratory.smallScenario(method: "fedavg", rounds: 2)
        var stream = RandomStream(RandomKey(seed: 4, purpose: .test))
        for attempt in 0..<12 {
            let out = laboratory.file("run-\(attempt)")
            let run = try RunningProgram(["run", scenario, "--out", out, "--quiet", "--json"])
            usleep(useconds_t(stream.index(below: 60_000)))
            kill(run.pid, SIGINT)
            let code = try run.wait().code
            #expect([0, 2, 130].contains(code), "\(code)")
            if FileManager.default.fileExists(atPath: out) {
                #expect(try Program.run(["run", "--resume", out, "--json"]).json["rounds"] as? Int == 2)
            } else {
                #expect(try Program.run(["run", scenario, "--out", out, "--json"]).code == 0)
            }
        }
    }

    /// Of runs that are started into one directory at the same moment one goes on, and the others leave it alone.
    @Test func oneDirectoryHasOneRun() throws {
        let scenario = try laboratory.smallScenario(method: "fedavg", rounds: 3)
        for attempt in 0..<5 {
            let out = laboratory.file("run-\(attempt)")
            let runs = try (0..<4).map { _ in
                try RunningProgram(["run", scenario, "--out", out, "--quiet", "--json"])
            }
            let codes = try runs.map { try $0.wait().code }
            #expect(codes.count { $0 == 0 } == 1, "\(codes)")
            #expect(codes.allSatisfy { [0, 73, 74].contains($0) }, "\(codes)")
            #expect(try Program.run(["run", "--resume", out, "--json"]).json["rounds"] as? Int == 3)
        }
    }

    /// Runs of one name that begin in the same second have directories of their own.
    @Test func defaultDirectoriesDiffer() throws {
        let scenario = try laboratory.smallScenario(method: "fedavg", rounds: 1)
        let runs = try (0..<3).map { _ in
            try shell("cd \"$1\" && exec \"$0\" run \"$2\" --quiet --json", [laboratory.file(""), scenario])
        }
        let ended = try runs.map { try $0.wait() }
        #expect(ended.allSatisfy { $0.code == 0 }, "\(ended)")
        #expect(Set(ended.compactMap { $0.json["run_directory"] as? String }).count == 3)
    }

    /// Paths of one character, which a function of Foundation does not bear.
    @Test func shortPaths() throws {
        let scenario = try laboratory.smallScenario(method: "fedavg", rounds: 1)
        for out in ["z", "q/w", "é", "v/"] {
            let run = try shell(
                "cd \"$1\" && exec \"$0\" run \"$2\" --out \"$3\" --quiet --json",
                [laboratory.file(""), scenario, out]
            ).wait()
            #expect(run.code == 0, "\(out): \(run.code) \(run.errors)")
        }
        let export = try shell(
            "cd \"$1\" && exec \"$0\" data export \"$2\" --out x", [laboratory.file(""), scenario]
        ).wait()
        #expect(export.code == 0, "\(export.errors)")
    }

    /// What an interrupted coordinator says goes on with its run.
    @Test func coordinatorsSayHowToGoOn() throws {
        let scenario = try laboratory.smallScenario(method: "fedavg", rounds: 4000)
        let run = try RunningProgram([
            "coordinator", scenario, "--bind", "tcp://127.0.0.1:0", "--workers", "1", "--out",
            laboratory.file("run"), "--quiet",
        ])
        var stream = RandomStream(RandomKey(seed: 6, purpose: .test))
        laboratory.waitForAPoint(run, "run", after: nil, &stream)
        kill(run.pid, SIGINT)
        let stopped = try run.wait()
        #expect(stopped.code == 130, "\(stopped.errors)")
        let words = try #require(stopped.errors.components(separatedBy: "go on with: tributary ").last)
            .split(whereSeparator: \.isWhitespace).map(String.init)
        #expect(words.first == "coordinator" && words.last == laboratory.file("run"))
        let again = try RunningProgram(words + ["--workers", "1", "--quiet"])
        laboratory.waitForAPoint(again, "run", after: laboratory.checkpoints("run").last, &stream)
        #expect(again.process.isRunning)
        kill(again.pid, SIGINT)
        #expect(try again.wait().code == 130)
    }

    /// Workers wait for a coordinator that stands still, for longer than they take a peer for dead.
    @Test func coordinatorsThatStandStill() throws {
        let scenario = try laboratory.smallScenario(method: "fedavg", rounds: 400)
        func start(_ name: String) throws -> RunningProgram {
            try RunningProgram([
                "run", scenario, "--out", laboratory.file(name), "--workers", "2", "--quiet", "--json",
            ])
        }
        let run = try start("stopped")
        var stream = RandomStream(RandomKey(seed: 5, purpose: .test))
        laboratory.waitForAPoint(run, "stopped", after: nil, &stream)
        for pid in [run.pid, run.children.first].compactMap(\.self) {
            kill(pid, SIGSTOP)
            usleep(11_500_000)
            kill(pid, SIGCONT)
        }
        let ended = try run.wait()
        #expect(ended.code == 0, "\(ended.errors)")
        #expect(try start("calm").wait().code == 0)
        #expect(laboratory.differingResults("calm", "stopped") == [])
    }
}

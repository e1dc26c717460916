import Foundation
import GRDB
import Testing

/// Equal scenario and seed: equal bits, whatever the processes and whatever happens to them.
@Suite(.serialized) struct SameBitsTests {
    let laboratory: Laboratory

    init() throws { laboratory = try Laboratory() }

    func run(_ name: String, _ arguments: [String], rounds: Int = 6) throws -> Program.Outcome {
        let scenario = try laboratory.scenario(rounds: rounds)
        return try Program.run(
            ["run", scenario, "--out", laboratory.file(name), "--quiet", "--json"] + arguments)
    }

    @Test func anyNumberOfWorkersAndTransport() throws {
        #expect(try run("one", ["--workers", "1"]).code == 0)
        let ipc = "ipc://" + laboratory.file("socket")
        for (name, arguments) in [
            ("two", ["--workers", "2"]), ("five", ["--workers", "5"]), ("forty", ["--workers", "40"]),
            ("tcp", ["--workers", "3", "--bind", "tcp://127.0.0.1:0"]),
            ("ipc", ["--workers", "2", "--bind", ipc]),
        ] {
            let outcome = try run(name, arguments)
            #expect(outcome.code == 0, "\(name): \(outcome.errors)")
            #expect(laboratory.differences("one", name) == [], "\(name)")
        }
        #expect(laboratory.rounds("one").count == 7)
        #expect(!FileManager.default.fileExists(atPath: laboratory.file("socket")))
    }

    @Test func aWorkerKilledInMidRound() throws {
        #expect(try run("calm", ["--workers", "2"], rounds: 12).code == 0)
        let scenario = try laboratory.scenario(rounds: 12)
        let run = try RunningProgram(
            ["run", scenario, "--out", laboratory.file("killed"), "--quiet", "--json", "--workers", "2"])
        var kills = 0
        // Two victims, each while rounds are being computed.
        for kill in 1...2 {
            #expect(
                eventually {
                    let checkpoints = try? FileManager.default.contentsOfDirectory(
                        atPath: laboratory.file("killed/checkpoints"))
                    return !run.process.isRunning || (checkpoints?.count ?? 0) >= 1 && run.children.count == 2
                })
            usleep(useconds_t(20_000 * kill))
            guard run.process.isRunning, let victim = run.children.first else { break }
            Foundation.kill(victim, SIGKILL)
            kills += 1
            #expect(eventually { !isAlive(victim) })
        }
        let outcome = try run.wait()
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(kills >= 1)
        #expect(laboratory.differences("calm", "killed") == [])
    }

    @Test func theCoordinatorKilledInMidRoundAndResumed() throws {
        #expect(try run("calm", ["--workers", "2"], rounds: 40).code == 0)
        let scenario = try laboratory.scenario(rounds: 40)
        let directory = laboratory.file("crashed")
        let run = try RunningProgram(["run", scenario, "--out", directory, "--quiet", "--workers", "2"])
        #expect(
            eventually {
                (try? FileManager.default.contentsOfDirectory(atPath: directory + "/checkpoints").isEmpty)
                    == false
            })
        usleep(150_000)
        let workers = run.children
        #expect(workers.count == 2)
        kill(run.pid, SIGKILL)
        #expect(try run.wait().code == SIGKILL)
        #expect(eventually { workers.allSatisfy { !isAlive($0) } }, "workers outlive their coordinator")
        #expect(!FileManager.default.fileExists(atPath: directory + "/model.safetensors"))
        let resumed = try Program.run(["run", "--resume", directory, "--quiet", "--json", "--workers", "3"])
        #expect(resumed.code == 0, "\(resumed.errors)")
        #expect(laboratory.differences("calm", "crashed") == [])
        let socket = laboratory.endpoint("crashed", first: true)!.dropFirst("ipc://".count)
        #expect(
            !FileManager.default.fileExists(atPath: String(socket)), "the killed coordinator's socket is left"
        )
        // A finished run prints its result again, and computes nothing.
        let again = try Program.run(["run", "--resume", directory, "--quiet", "--json"])
        #expect(again.code == 0 && again.output == resumed.output)
    }

    /// A kill after the last durability point, before the files and the result were written.
    @Test(arguments: ["", "stop: {target_accuracy: 0.2}"]) func killedAtTheVeryEnd(stop: String) throws {
        let scenario = try laboratory.scenario(rounds: 4, extra: stop)
        for name in ["whole", "cut"] {
            #expect(try Program.run(["run", scenario, "--out", laboratory.file(name), "--quiet"]).code == 0)
        }
        let database = try DatabaseQueue(path: laboratory.file("cut/run.sqlite"))
        try database.write { try $0.execute(sql: "DELETE FROM meta WHERE key = 'result'") }
        try database.close()
        for name in ["model.safetensors", "rounds.csv", "clients.csv"] {
            try FileManager.default.removeItem(atPath: laboratory.file("cut/\(name)"))
        }
        let resumed = try Program.run(["run", "--resume", laboratory.file("cut"), "--quiet", "--json"])
        #expect(resumed.code == 0, "\(resumed.errors)")
        #expect(laboratory.differences("whole", "cut") == [])
    }

    @Test func interruptedAndResumed() throws {
        #expect(try run("calm", ["--workers", "2"], rounds: 40).code == 0)
        let scenario = try laboratory.scenario(rounds: 40)
        let directory = laboratory.file("stopped")
        let run = try RunningProgram(["run", scenario, "--out", directory, "--quiet", "--workers", "2"])
        #expect(
            eventually {
                (try? FileManager.default.contentsOfDirectory(atPath: directory + "/checkpoints").isEmpty)
                    == false
            })
        let workers = run.children
        kill(run.pid, SIGINT)
        let stopped = try run.wait()
        #expect(stopped.code == 130, "\(stopped.errors)")
        #expect(stopped.errors.contains("--resume"))
        #expect(workers.allSatisfy { !isAlive($0) })
        let socket = try #require(laboratory.endpoint("stopped")).dropFirst("ipc://".count)
        #expect(!FileManager.default.fileExists(atPath: String(socket)))
        // Other images under the same name: refused, and nothing is lost.
        let images = "train-images-idx3-ubyte"
        let pixels = try #require(laboratory.bytes(images))
        let place = URL(fileURLWithPath: laboratory.file(images))
        try (pixels.dropLast() + [pixels.last! ^ 1]).write(to: place)
        let refused = try Program.run(["run", "--resume", directory, "--quiet", "--json"])
        #expect(
            refused.code == 65 && refused.errors.contains("data set"), "\(refused.code) \(refused.errors)")
        try pixels.write(to: place)
        let resumed = try Program.run(["run", "--resume", directory, "--quiet", "--json"])
        #expect(resumed.code == 0, "\(resumed.errors)")
        #expect(laboratory.differences("calm", "stopped") == [])
    }
}

import Foundation
import TensorMath
import Testing

/// What may befall a run.
enum Disturbance {
    case workerKilled
    case coordinatorKilled
    case interrupted
}

extension Laboratory {
    /// Names of a run's checkpoints, the last one last.
    func checkpoints(_ run: String) -> [String] {
        let names = try? FileManager.default.contentsOfDirectory(atPath: file("\(run)/checkpoints"))
        return names?.filter { $0.hasSuffix(".safetensors") }.sorted() ?? []
    }

    /// Waits for a durable point after `last`, and then up to `pause` seconds.
    func waitForAPoint(
        _ run: RunningProgram, _ name: String, after last: String?, pause: Double = 0.1,
        _ stream: inout RandomStream
    ) {
        let came = eventually {
            !run.process.isRunning || checkpoints(name).last.map { $0 > last ?? "" } ?? false
        }
        #expect(came)
        usleep(useconds_t(stream.index(below: max(1, Int(pause * 1e6)))))
    }

    /// Runs a scenario with two workers as `calm`, and as `disturbed` with disturbances after durable points, the
    /// stopped run taken up again each time: `least` of them must come before its end, and all files and results that do
    /// not measure time must be equal.
    func expectEqualWhenDisturbed(
        _ scenario: String,
        by disturbances: [Disturbance] = [
            .workerKilled, .coordinatorKilled, .interrupted, .coordinatorKilled,
        ], least: Int, pause: Double = 0.1, seed: UInt64
    ) throws {
        func start(_ arguments: [String]) throws -> RunningProgram {
            try RunningProgram(["run"] + arguments + ["--quiet", "--json", "--workers", "2"])
        }
        let calm = try start([scenario, "--out", file("calm")]).wait()
        #expect(calm.code == 0, "\(calm.errors)")
        var stream = RandomStream(RandomKey(seed: seed, purpose: .test))
        var run = try start([scenario, "--out", file("disturbed")])
        var ended: Program.Outcome?
        var count = 0
        for disturbance in disturbances {
            let last = count == 0 ? nil : checkpoints("disturbed").last
            waitForAPoint(run, "disturbed", after: last, pause: pause, &stream)
            guard run.process.isRunning else { break }
            switch disturbance {
            case .workerKilled:
                guard let victim = run.children.last, kill(victim, SIGKILL) == 0 else { continue }
                count += 1
                continue
            case .coordinatorKilled: kill(run.pid, SIGKILL)
            case .interrupted: kill(run.pid, SIGINT)
            }
            count += 1
            let stopped = try run.wait()
            if stopped.code == 0 {
                ended = stopped
                break
            }
            #expect([SIGKILL, 130].contains(stopped.code), "\(stopped.code) \(stopped.errors)")
            run = try start(["--resume", file("disturbed")])
        }
        let outcome = try ended ?? run.wait()
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(count >= least, "the run was over after \(count) disturbances")
        for key in ["model_digest", "accuracy", "final_accuracy"] where calm.json[key] != nil {
            #expect("\(outcome.json[key] ?? "")" == "\(calm.json[key]!)", "\(key)")
        }
        #expect(differingResults("calm", "disturbed") == [])
    }
}

import Foundation
import Testing

/// What a person can get wrong: each gives a sentence that names the place, the value and the remedy, the right exit
/// code, and leaves nothing behind.
@Suite struct BadInputTests {
    let laboratory: Laboratory

    init() throws { laboratory = try Laboratory() }

    /// Runs and expects a failure that names all of `words`.
    func fails(
        _ code: Int32, _ words: [String], _ arguments: [String], _ location: SourceLocation = #_sourceLocation
    ) throws {
        let outcome = try Program.run(arguments, seconds: 30)
        #expect(outcome.code == code, "\(arguments): \(outcome.errors)", sourceLocation: location)
        for word in words {
            #expect(
                outcome.errors.contains(word), "\(word) is not in: \(outcome.errors)",
                sourceLocation: location)
        }
    }

    @Test func scenarios() throws {
        let out = laboratory.file("out")
        try fails(66, ["nowhere.yaml"], ["run", laboratory.file("nowhere.yaml"), "--out", out])
        try laboratory.write("name: [unclosed", to: "broken.yaml")
        try fails(65, ["broken.yaml:"], ["run", laboratory.file("broken.yaml"), "--out", out])
        let scenario = try laboratory.scenario(extra: "trainning: {}")
        try fails(65, ["trainning", "training", ":15"], ["run", scenario, "--out", out])
        let good = try laboratory.scenario()
        try fails(
            65, ["training.rounds", "many"], ["run", good, "--out", out, "--set", "training.rounds=many"])
        try fails(65, ["clients"], ["run", good, "--out", out, "--set", "dataset.partition.clients=1500"])
        try fails(
            65, ["clients_per_round"], ["run", good, "--out", out, "--set", "training.clients_per_round=41"])
        try fails(
            65, ["dense"], ["run", good, "--out", out, "--set", "model={layers: [flatten, {dense: 7}]}"])
        #expect(!FileManager.default.fileExists(atPath: out))
    }

    @Test func data() throws {
        let out = laboratory.file("out")
        let good = try laboratory.scenario()
        try fails(66, ["/nowhere"], ["run", good, "--out", out, "--set", "dataset.path=/nowhere"])
        let labels = "train-labels-idx1-ubyte"
        let whole = laboratory.bytes(labels)!
        func replace(_ data: Data) throws {
            try data.write(to: URL(fileURLWithPath: laboratory.file(labels)))
        }
        try replace(whole.prefix(1000))
        try fails(65, [labels, "1000"], ["run", good, "--out", out])
        try replace(whole.prefix(8) + Data([200]) + whole.dropFirst(9))
        try fails(65, [labels, "200"], ["run", good, "--out", out])
        try replace(Data([1, 2, 3, 4]) + whole.dropFirst(4))
        try fails(65, [labels], ["run", good, "--out", out])
        #expect(!FileManager.default.fileExists(atPath: out))
        try replace(whole)
        // The images are read by the workers alone; a fault in them ends the run with its name.
        let images = "train-images-idx3-ubyte"
        let pixels = laboratory.bytes(images)!
        try pixels.dropLast(5000).write(to: URL(fileURLWithPath: laboratory.file(images)))
        let before = try sockets()
        try fails(65, [images], ["run", good, "--out", out])
        #expect(!FileManager.default.fileExists(atPath: out))
        #expect(try sockets().subtracting(before) == [])
    }

    /// Private directories of coordinators' sockets.
    private func sockets() throws -> Set<String> {
        Set(
            try FileManager.default.contentsOfDirectory(atPath: "/tmp")
                .filter { $0.hasPrefix("tributary-") && !$0.hasPrefix("tributary-test-") })
    }

    @Test func places() throws {
        let good = try laboratory.scenario()
        try FileManager.default.createDirectory(
            atPath: laboratory.file("full/inside"), withIntermediateDirectories: true)
        try fails(73, ["full"], ["run", good, "--out", laboratory.file("full")])
        try fails(73, ["/proc/nowhere"], ["run", good, "--out", "/proc/nowhere/run"])
        try fails(66, ["absent"], ["run", "--resume", laboratory.file("absent")])
        try fails(65, ["full"], ["run", "--resume", laboratory.file("full")])
        try fails(66, ["absent"], ["report", laboratory.file("absent")])
        let blocker = try Blocker()
        try fails(
            69, ["in use", "\(blocker.port)"],
            ["run", good, "--out", laboratory.file("port"), "--bind", "tcp://127.0.0.1:\(blocker.port)"])
        #expect(!FileManager.default.fileExists(atPath: laboratory.file("port")))
        laboratory.keep("precious")
        try fails(
            69, ["not a socket"],
            [
                "run", good, "--out", laboratory.file("ipc"), "--bind",
                "ipc://" + laboratory.file("precious"),
            ])
        #expect(laboratory.bytes("precious") != nil)
        try fails(
            69, ["no coordinator"], ["worker", "--connect", "ipc:///tmp/nobody-is-here", "--patience", "1"])
    }

    /// A disk that is full: here a limit on the size of files that the ledger or a checkpoint passes.
    @Test func noRoom() throws {
        let scenario = try laboratory.scenario()
        let out = laboratory.file("small")
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/bin/bash")
        shell.arguments = [
            "-c", "ulimit -f 1000; exec \"$0\" run \"$1\" --out \"$2\" --quiet 2>\"$3\"", Program.path,
            scenario, out,
            laboratory.file("errors"),
        ]
        try shell.run()
        shell.waitUntilExit()
        let errors = String(decoding: laboratory.bytes("errors") ?? Data(), as: UTF8.self)
        #expect(shell.terminationStatus == 74, "\(errors)")
        #expect(errors.contains("cannot write") && errors.contains(out))
        for name in ["model.safetensors", "rounds.csv"] { #expect(laboratory.bytes("small/\(name)") == nil) }
        let left = try FileManager.default.contentsOfDirectory(atPath: out + "/checkpoints")
        #expect(left == [], "\(left)")
        // With room, the same run goes on to its end.
        #expect(try Program.run(["run", "--resume", out, "--quiet"]).code == 0)
        #expect(try Program.run(["run", scenario, "--out", laboratory.file("calm"), "--quiet"]).code == 0)
        #expect(laboratory.differences("calm", "small") == [])
    }

    @Test func usage() throws {
        let good = try laboratory.scenario()
        try fails(64, [], ["run"])
        try fails(64, ["--frobnicate"], ["run", good, "--frobnicate"])
        try fails(64, ["--workers"], ["run", good, "--workers", "0"])
        try fails(64, ["--workers 1025", "1 to 1024"], ["run", good, "--workers", "1025"])
        let bind = "tcp://127.0.0.1:0"
        try fails(64, ["0 to 1024"], ["coordinator", good, "--bind", bind, "--workers", "1025"])
        try fails(64, ["--insecure"], ["coordinator", good, "--bind", "tcp://0.0.0.0:5555"])
        try fails(64, ["udp"], ["worker", "--connect", "udp://x"])
        try fails(64, ["hosts.minimum"], ["run", good, "--workers", "1", "--set", "hosts.minimum=2"])
        for wrong in ["rounds", "=5", "a..b=5"] {
            try fails(64, ["--set \(wrong): has no", "path=value"], ["run", good, "--set", wrong])
        }
        // Nobody could tell workers where to go.
        for manual in [
            "hosts.launch=[{kind: manual}]",
            "hosts={minimum: 2, launch: [{kind: manual}, {kind: local, workers: 1}]}",
        ] {
            try fails(64, ["hosts.launch", "--bind", "coordinator"], ["run", good, "--set", manual])
        }
    }

    @Test(arguments: [
        ("tcp://127.0.0.1:99999", "0 to 65535"), ("tcp://127.0.0.1:abc", "0 to 65535"),
        ("tcp://127.0.0.1", "has no port; give tcp://ADDRESS:PORT"), ("tcp://[::1]", "has no port"),
        ("tcp://[::1]:5555", "has an IPv6 address, which this version does not know"),
        ("tcp://127.0.0.1:", "has no port"), ("tcp://:5555", "has no address"),
        ("tcp://localhost:0", "such as tcp://127.0.0.1:0"),
        ("udp://x", "give tcp://ADDRESS:PORT or ipc://PATH"),
    ])
    func endpointsToBind(endpoint: String, remedy: String) throws {
        let out = laboratory.file("out")
        let good = try laboratory.scenario()
        try fails(64, [endpoint, remedy], ["run", good, "--out", out, "--bind", endpoint])
        try fails(64, [endpoint, remedy], ["coordinator", good, "--out", out, "--bind", endpoint])
        #expect(!FileManager.default.fileExists(atPath: out))
    }

    @Test func endpointsToConnectTo() throws {
        try fails(64, ["0 for a port", "1 to 65535"], ["worker", "--connect", "tcp://localhost:0"])
        try fails(64, ["has no port"], ["worker", "--connect", "tcp://localhost"])
        try fails(
            69, ["tcp://*:5555", "tcp://ADDRESS:PORT"],
            ["worker", "--connect", "tcp://*:5555", "--patience", "1"])
        let good = try laboratory.scenario()
        try fails(
            69, ["127.0.0.1, or * for all"],
            [
                "coordinator", good, "--insecure", "--bind", "tcp://nowhere0:5555", "--out",
                laboratory.file("out"),
            ])
        #expect(!FileManager.default.fileExists(atPath: laboratory.file("out")))
    }

    @Test func emptyNames() throws {
        let good = try laboratory.scenario()
        try fails(64, ["--out is empty"], ["run", good, "--out", ""])
        try fails(64, ["--resume is empty"], ["run", "--resume", ""])
        try fails(64, ["--out is empty"], ["data", "export", good, "--out", ""])
        try fails(64, ["--out is empty"], ["report", "a", "b", "--out", ""])
    }

    /// Where nothing was recorded, the same command can be given again.
    @Test func aFailedStartLeavesNothing() throws {
        let good = try laboratory.scenario()
        let out = laboratory.file("out")
        let waiting = [
            "coordinator", good, "--bind", "tcp://127.0.0.1:0", "--patience", "1", "--out", out,
        ]
        for _ in 0..<2 {
            try fails(
                69,
                [
                    "listening at tcp://127.0.0.1:",
                    "waiting for 1 worker: tributary worker --connect tcp://",
                    "no workers",
                ], waiting)
            #expect(!FileManager.default.fileExists(atPath: out))
        }
        // A directory that was there before stays, empty as it was.
        try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
        try fails(69, ["no workers"], waiting)
        #expect(try FileManager.default.contentsOfDirectory(atPath: out) == [])
        try fails(
            65, ["client", "lower training.optimizer.learning_rate"],
            ["run", good, "--out", out, "--set", "training.optimizer.learning_rate=1000"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: out) == [])
        #expect(try Program.run(["run", good, "--out", out, "--quiet"]).code == 0)
    }

    @Test func filesThatAreDirectories() throws {
        let good = try laboratory.scenario()
        try FileManager.default.createDirectory(
            atPath: laboratory.file("folder"), withIntermediateDirectories: true)
        try fails(
            66, ["folder", "is a directory", "name a safetensors file"],
            ["evaluate", "--model", laboratory.file("folder"), "--scenario", good])
        try fails(
            74, ["folder", "is a directory", "name a file"],
            ["data", "export", good, "--out", laboratory.file("folder")])
        #expect(laboratory.bytes("folder.tmp") == nil)
    }

    /// Whatever a command prints: a standard output that is full is an error, not silence.
    @Test(
        .enabled(if: FileManager.default.fileExists(atPath: "/dev/full")),
        arguments: [
            "--help", "--version", "run --help", "check SCENARIO", "check SCENARIO --resolved",
            "check SCENARIO --json", "data inspect SCENARIO", "data export SCENARIO", "model cnn", "doctor",
            "run SCENARIO --out OUT --quiet", "report RUN", "report RUN RUN", "report RUN --json",
            "run --resume RUN", "evaluate --model RUN/model.safetensors --scenario SCENARIO",
        ])
    func aFullStandardOutput(command: String) throws {
        let run = laboratory.file("run")
        let scenario = try laboratory.scenario(rounds: 1)
        if command.contains("RUN") {
            #expect(try Program.run(["run", scenario, "--out", run, "--quiet"]).code == 0)
        }
        let words = command.replacing("SCENARIO", with: scenario).replacing("RUN", with: run)
            .replacing("OUT", with: laboratory.file("out"))
        let outcome = try Shell.run("exec tributary \(words) > /dev/full", in: laboratory.path)
        #expect(outcome.code == 74, "\(outcome.errors)")
        #expect(outcome.errors.contains("cannot write to standard output (No space left on device)"))
    }

    @Test func missedThreshold() throws {
        let scenario = try laboratory.scenario(rounds: 1, extra: "thresholds: {final_accuracy: \">= 1.0\"}")
        try fails(1, ["final_accuracy"], ["run", scenario, "--out", laboratory.file("missed"), "--quiet"])
        #expect(laboratory.bytes("missed/model.safetensors") != nil)
    }
}

/// A listening port of this process.
final class Blocker {
    let port: Int
    private let descriptor: Int32

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        port = try CountingProxy.bindLoopback(descriptor)
    }

    deinit { close(descriptor) }
}

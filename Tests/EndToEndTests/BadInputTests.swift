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
        try fails(65, [images], ["run", good, "--out", out])
        let socket = try #require(laboratory.endpoint("out")).dropFirst("ipc://".count)
        #expect(!FileManager.default.fileExists(atPath: String(socket)))
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
        try fails(64, ["--insecure"], ["coordinator", good, "--bind", "tcp://0.0.0.0:5555"])
        try fails(64, ["udp"], ["worker", "--connect", "udp://x"])
        try fails(64, ["hosts.minimum"], ["run", good, "--workers", "1", "--set", "hosts.minimum=2"])
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

import Foundation
import Testing

/// What the documents show works as it stands there.
@Suite struct DocumentationTests {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    static let scenarios: [String] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root + "/scenarios")) ?? []
        return names.filter { $0.hasSuffix(".yaml") }.sorted()
    }()

    @Test(arguments: scenarios) func everyScenarioIsValid(name: String) throws {
        let outcome = try Program.run(["check", Self.root + "/scenarios/" + name, "--json"])
        // CIFAR-10 is not in Debian: what is wrong is that it is not here, and nothing else.
        guard !name.contains("cifar10") else {
            #expect(outcome.code == 66 && outcome.errors.contains("cifar-10-batches-bin"), "\(outcome.errors)")
            return
        }
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect((outcome.json["federated_bytes_total"] as? Int ?? 0) > 0)
    }

    @Test func scenariosInTheReadme() throws {
        let readme = try String(contentsOfFile: Self.root + "/README.md", encoding: .utf8)
        let laboratory = try Laboratory()
        let blocks = readme.components(separatedBy: "```yaml\n").dropFirst().compactMap {
            $0.components(separatedBy: "```").first
        }
        #expect(!blocks.isEmpty)
        for block in blocks {
            try laboratory.write(block, to: "readme.yaml")
            let outcome = try Program.run(["check", laboratory.file("readme.yaml")])
            #expect(outcome.code == 0, "\(outcome.errors)")
        }
        for name in Self.scenarios {
            #expect(readme.contains("scenarios/\(name)"), "\(name) is not in the README")
        }
    }

    /// Those in `scenarios/sweeps` and on their page, over the scenarios that they name.
    @Test func everySweepIsValid() throws {
        let laboratory = try Laboratory()
        let manager = FileManager.default
        try manager.copyItem(atPath: Self.root + "/scenarios", toPath: laboratory.file("scenarios"))
        let page = try String(contentsOfFile: Self.root + "/docs/sweeps.md", encoding: .utf8)
        let blocks = page.components(separatedBy: "```yaml\n").dropFirst().compactMap {
            $0.components(separatedBy: "```").first
        }
        #expect(!blocks.isEmpty)
        for (index, block) in blocks.enumerated() {
            try laboratory.write(block, to: "scenarios/sweeps/page-\(index).yaml")
        }
        let readme = try String(contentsOfFile: Self.root + "/README.md", encoding: .utf8)
        for name in try manager.contentsOfDirectory(atPath: laboratory.file("scenarios/sweeps")) {
            let file = laboratory.file("scenarios/sweeps/\(name)")
            let outcome = try Program.run(
                ["sweep", file, "--dry-run", "--json", "--out", laboratory.file("out")])
            let isThere = !name.contains("cifar10")
            #expect(outcome.code == (isThere ? 0 : 66), "\(outcome.errors)")
            if isThere { #expect((outcome.json["cells"] as? [Any] ?? []).count > 1) }
            #expect(readme.contains("scenarios/sweeps/\(name)") || name.hasPrefix("page-"))
        }
    }

    /// Every scenario and every command of docs/partitions.md; data that are not in the repository are missed.
    @Test func partitions() throws {
        let page = try String(contentsOfFile: Self.root + "/docs/partitions.md", encoding: .utf8)
        let laboratory = try Laboratory()
        for block in page.components(separatedBy: "```yaml\n").dropFirst() {
            try laboratory.write(block.components(separatedBy: "```")[0], to: "page.yaml")
            let outcome = try Program.run(["check", laboratory.file("page.yaml")])
            let isThere = !block.contains("/data/leaf")
            #expect(outcome.code == (isThere ? 0 : 66), "\(block)\n\(outcome.errors)")
        }
        let commands = try #require(
            page.components(separatedBy: "```sh\n").last?.components(separatedBy: "```")[0])
        try FileManager.default.createSymbolicLink(
            atPath: laboratory.file("scenarios"), withDestinationPath: Self.root + "/scenarios")
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/bin/bash")
        shell.arguments = ["-ec", "tributary() { \"$0\" \"$@\" > output; }\n" + commands, Program.path]
        shell.currentDirectoryURL = URL(fileURLWithPath: laboratory.path)
        try shell.run()
        shell.waitUntilExit()
        #expect(shell.terminationStatus == 0)
        for name in ["partition.svg", "partition.csv"] {
            #expect((laboratory.bytes(name)?.count ?? 0) > 1000, "\(name)")
        }
        for picture in page.components(separatedBy: "](pictures/").dropFirst() {
            let file = Self.root + "/docs/pictures/" + picture.prefix { $0 != ")" }
            #expect(FileManager.default.fileExists(atPath: file), "\(file)")
        }
    }

    @Test(arguments: [
        "run", "sweep", "check", "report", "evaluate", "data inspect", "data plot", "data export", "doctor",
        "coordinator",
        "worker",
    ])
    func everyVerbHasAnExample(verb: String) throws {
        let outcome = try Program.run(verb.split(separator: " ").map(String.init) + ["--help"])
        #expect(outcome.code == 0 && outcome.output.contains("Example"), "\(outcome.output)")
    }

    /// The examples of `--help` and README that look at a run, on a run of a few seconds.
    @Test func lookingAtARun() throws {
        let laboratory = try Laboratory()
        let scenario = try laboratory.scenario(rounds: 2)
        let run = laboratory.file("run")
        let done = try Program.run(["run", scenario, "--out", run, "--quiet", "--json"])
        #expect(done.code == 0)
        let evaluated = try Program.run(
            [
                "evaluate", "--model", run + "/model.safetensors", "--scenario", run + "/scenario.yaml",
                "--json",
            ])
        #expect(evaluated.json["accuracy"] as? Double == done.json["final_accuracy"] as? Double)
        let partition = laboratory.file("partition.csv")
        #expect(try Program.run(["data", "export", scenario, "--out", partition]).code == 0)
        #expect(laboratory.bytes("partition.csv") == laboratory.bytes("run/partition.csv"))
        let inspected = try Program.run(["data", "inspect", scenario, "--json"])
        #expect(inspected.json["clients"] as? Int == 40)
        let report = try Program.run(["report", run, run])
        #expect(report.code == 0 && report.output.contains("laboratory"))
        let page = String(decoding: laboratory.bytes("run/report.html") ?? Data(), as: UTF8.self)
        #expect(page.contains("<svg") || page.contains("gnuplot"))
        #expect(try Program.run(["doctor", "--json"]).code == 0)
    }
}

import Foundation
import TensorMath
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
            #expect(
                outcome.code == 66 && outcome.errors.contains("cifar-10-batches-bin"), "\(outcome.errors)")
            return
        }
        #expect(outcome.code == 0, "\(outcome.errors)")
        let bytes = ["federated_bytes_total", "payload_bytes_per_inference"].compactMap {
            outcome.json[$0] as? Int
        }
        #expect(bytes.count == 1 && bytes[0] > 0)
    }

    /// Files that the page of the structure names are there.
    @Test func namedFilesExist() throws {
        let page = try String(contentsOfFile: Self.root + "/ARCHITECTURE.md", encoding: .utf8)
        let files = try FileManager.default.subpathsOfDirectory(atPath: Self.root + "/Sources").map {
            "/" + $0
        }
        let named = page.split(separator: "`").filter { $0.hasSuffix(".swift") && !$0.contains("*") }
        #expect(named.count > 10)
        for name in named { #expect(files.contains { $0.hasSuffix("/\(name)") }, "\(name)") }
    }

    /// The package does not build without any folder that its manifest names.
    @Test func theImageHasAllSources() throws {
        func text(_ name: String) throws -> String {
            try String(contentsOfFile: Self.root + "/" + name, encoding: .utf8)
        }
        let manifest = try text("Package.swift")
        let named = manifest.components(separatedBy: "path: \"").dropFirst().compactMap {
            $0.split(separator: "\"").first?.split(separator: "/").first
        }
        #expect(named.contains("Benchmarks"))
        let (context, steps) = (try text("docker/Dockerfile.dockerignore"), try text("docker/Dockerfile"))
        for folder in Set(named + ["Sources", "Tests"]) {
            #expect(context.split(separator: "\n").contains("!\(folder)"), "\(folder)")
            #expect(steps.contains("COPY \(folder) ./\(folder)\n"), "\(folder)")
        }
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
        "run", "sweep", "check", "report", "evaluate", "data inspect", "data plot", "data export", "model",
        "devices list", "devices show", "devices predict", "devices measure", "devices fit", "devices split",
        "doctor", "coordinator", "worker",
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
        #expect(report.code == 0 && report.output.contains("\(run) (2)"))
        let page = String(decoding: laboratory.bytes("run/report.html") ?? Data(), as: UTF8.self)
        #expect(page.contains("<svg") || page.contains("gnuplot"))
        #expect(try Program.run(["doctor", "--json"]).code == 0)
    }

    // MARK: docs/run-directory.md

    /// The columns that the document names, by the file's name as its heading has it.
    private static func documentedColumns() throws -> [String: [String]] {
        let text = try String(contentsOfFile: root + "/docs/run-directory.md", encoding: .utf8)
        var columns: [String: [String]] = [:]
        var table: String?
        for line in text.split(separator: "\n") {
            if line.hasPrefix("#") {
                table = line.firstMatch(of: /`([^`]+\.csv)`/).map { String($0.1) }
            } else if let table, let cell = line.firstMatch(of: /^\| `([a-z_0-9]+)` \|/) {
                columns[table, default: []].append(String(cell.1))
            }
        }
        return columns
    }

    @Test func everyFileAndColumnIsDocumented() throws {
        let laboratory = try Laboratory()
        let scenario = try laboratory.scenario(rounds: 2)
        let run = laboratory.file("run")
        #expect(try Program.run(["run", scenario, "--out", run, "--quiet"]).code == 0)
        let compared = try Program.run(["report", run, run, "--out", laboratory.file("comparison")])
        #expect(compared.code == 0, "\(compared.errors)")
        let nonn = laboratory.file("nonn")
        try laboratory.write(InferenceCommandTests.scenario, to: "nonn.yaml")
        let inferred = try Program.run(["run", laboratory.file("nonn.yaml"), "--out", nonn, "--quiet"])
        #expect(inferred.code == 0, "\(inferred.errors)")
        let beside = try Program.run(["report", nonn, nonn, "--out", laboratory.file("experiments")])
        #expect(beside.code == 0, "\(beside.errors)")
        let split = laboratory.file("split")
        let divided = try laboratory.splitScenario(channels: "1", images: 10, baselines: "[local]")
        let cut = try Program.run(["run", divided, "--out", split, "--quiet"])
        #expect(cut.code == 0, "\(cut.errors)")
        let splits = try Program.run(["report", split, split, "--out", laboratory.file("splits")])
        #expect(splits.code == 0, "\(splits.errors)")
        func header(_ name: String) -> [String] {
            String(decoding: laboratory.bytes(name) ?? Data(), as: UTF8.self).split(separator: "\n").first
                .map { $0.split(separator: ",").map(String.init) } ?? []
        }
        func tables(_ directory: String) throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: laboratory.file(directory))
                .filter { $0.hasSuffix(".csv") }
        }
        let documented = try Self.documentedColumns()
        let written =
            try tables("run").map { ($0, "run/\($0)") } + (try tables("nonn").map { ($0, "nonn/\($0)") })
            + (try tables("split").map { ($0, "split/\($0)") })
            + (try tables("comparison").map { ("DIR/\($0)", "comparison/\($0)") })
            + (try tables("experiments").map { ("DIR/\($0)", "experiments/\($0)") })
            + (try tables("splits").map { ("DIR/\($0)", "splits/\($0)") })
        #expect(Set(documented.keys) == Set(written.map(\.0)))
        for (name, file) in written { #expect(documented[name] == header(file), "\(name)") }
        let text = try String(contentsOfFile: Self.root + "/docs/run-directory.md", encoding: .utf8)
        for directory in [run, nonn, split] {
            for name in try FileManager.default.contentsOfDirectory(atPath: directory) {
                #expect(text.contains("`\(name)") || documented[name] != nil, "\(name) is not documented")
            }
        }
    }

    // MARK: docs/devices.md

    @Test func devicePageWorksAsItStands() throws {
        let page = try String(contentsOfFile: Self.root + "/docs/devices.md", encoding: .utf8)
        let laboratory = try Laboratory()
        try FileManager.default.createSymbolicLink(
            atPath: laboratory.file("scenarios"), withDestinationPath: Self.root + "/scenarios")
        let commands = page.components(separatedBy: "```sh\n").dropFirst().compactMap {
            $0.components(separatedBy: "```").first
        }
        #expect(commands.count == 2)
        let outcome = try Shell.run("set -e\n" + commands.joined(), in: laboratory.path)
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(outcome.output.contains("raspberry_pi_4") && laboratory.bytes("this-host.yaml") != nil)
    }

    // MARK: docs/communication.md

    /// Runs the commands of the page in order; what it shows of their output is in the output.
    @Test func communicationPageWorksAsItStands() throws {
        let page = try String(contentsOfFile: Self.root + "/docs/communication.md", encoding: .utf8)
        let laboratory = try Laboratory()
        try FileManager.default.createSymbolicLink(
            atPath: laboratory.file("scenarios"), withDestinationPath: Self.root + "/scenarios")
        var output: [ShownLine] = []
        // Between fences, every second part is a block.
        let parts = page.components(separatedBy: "```")
        for block in parts.indices.filter({ $0 % 2 == 1 }).map({ parts[$0] }) {
            if block.hasPrefix("sh\n") {
                let outcome = try Shell.run(String(block.dropFirst(3)), in: laboratory.path)
                #expect(outcome.code == 0, "\(outcome.errors)")
                output = outcome.output.split(separator: "\n").map(ShownLine.init)
            } else {
                // Another family rounds differently and may reach an accuracy in another round.
                let isSame = KernelFamily.active == .avx512
                for line in block.split(separator: "\n") where line != "..." {
                    let shown = ShownLine(line)
                    #expect(output.contains { shown.begins($0, learning: isSame) }, "\(line)")
                }
            }
        }
        let plain = try JSONSerialization.jsonObject(with: laboratory.bytes("plain.json") ?? Data())
        #expect(((plain as? [String: Any])?["runs"] as? [Any])?.count == 1)
        #expect(laboratory.bytes("runs/comparison/comparison.html") != nil)
    }
}

/// Commands for a shell, with the program on its path.
enum Shell {
    static func run(_ script: String, in directory: String) throws -> Program.Outcome {
        let folder = (Program.path as NSString).deletingLastPathComponent
        return try RunningProgram(
            ["-ec", "cd '\(directory)'; PATH='\(folder)':$PATH; \(script)"], executable: "/bin/bash"
        ).wait(seconds: 60)
    }
}

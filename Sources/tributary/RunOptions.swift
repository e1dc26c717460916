import ArgumentParser
import Experiment
import Foundation
import Logging
import Methods
import Networks
import Runtime
import TensorMath
import Wire

/// Where a scenario comes from.
struct ScenarioOptions: ParsableArguments {
    @Option(
        name: .customLong("set"),
        help: ArgumentHelp("Change a key of the scenario; may be given again.", valueName: "path=value"))
    var overrides: [String] = []

    func load(_ file: String) throws -> Scenario {
        let text = try readText(file, "a scenario file")
        return try Scenario.load(text: text, file: file, overrides: overrides)
    }
}

/// The text of `file`, which is to be `what`.
func readText(_ file: String, _ what: String) throws(Failure) -> String {
    guard FileManager.default.fileExists(atPath: file) else {
        throw Failure("\(file) does not exist; name \(what)", code: .missingInput)
    }
    guard let data = FileManager.default.contents(atPath: file) else {
        throw Failure(
            "\(file) cannot be read; check that it is a file and its permissions", code: .missingInput)
    }
    guard let text = String(data: data, encoding: .utf8) else {
        throw Failure("\(file) is not UTF-8 text", code: .badData)
    }
    return text
}

/// What runs and coordinators share.
struct OutputOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: "Run directory; must not exist or be empty. Default: runs/NAME-TIME.")
    var out: String?

    @Flag(help: "Print one JSON document on standard output.")
    var json = false

    @Flag(help: "No progress.")
    var quiet = false

    func directory(for scenario: Scenario) throws(RunDirectoryError) -> RunDirectory {
        // Such as 20261121T045318Z.
        let stamp = timestamp().prefix(19).filter { $0.isNumber || $0 == "T" } + "Z"
        let name = scenario.name.map { $0.isLetter || $0.isNumber ? $0 : "-" }
        if let out { return try RunDirectory.create(at: out) }
        // Another run of the name may have begun in this second.
        for number in 1... {
            let path = "runs/\(String(name))-\(stamp)" + (number == 1 ? "" : "-\(number)")
            do {
                return try RunDirectory.create(at: path)
            } catch {
                guard error.kind == .notEmpty || error.kind == .busy else { throw error }
            }
        }
        preconditionFailure("no end of names")
    }
}

/// Reads what the program needs to know of its host; libraries take it as an argument.
enum Host {
    static func environment() -> RunEnvironment {
        let info = ProcessInfo.processInfo
        let cpu = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let model = cpu.split(separator: "\n").first { $0.hasPrefix("model name") }
            .flatMap { $0.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) } }
        return RunEnvironment(
            version: Tributary.version, kernelFamily: KernelFamily.active.rawValue,
            blas: "OpenBLAS \(KernelFamily.openBLASCoreName ?? "?")", processor: model ?? "unknown",
            logicalProcessors: info.processorCount, memoryBytes: info.physicalMemory,
            operatingSystem: info.operatingSystemVersionString, host: info.hostName, startedAt: timestamp(),
            arguments: CommandLine.arguments, libraries: ["libzmq": ZeroMQContext.libraryVersion])
    }

    /// This command, as one that goes on with a run.
    static func resumption() -> RunEnvironment.Resumption {
        RunEnvironment.Resumption(
            startedAt: timestamp(), host: ProcessInfo.processInfo.hostName, arguments: CommandLine.arguments)
    }

    /// A number that no other run has.
    static func runNumber() -> UInt64 {
        var generator = SystemRandomNumberGenerator()
        return UInt64.random(in: 1..<UInt64.max, using: &generator)
    }

    static func logger(file: String, quiet: Bool) -> Logger {
        var handlers: [any LogHandler] = [FileLogHandler(path: file)]
        if !quiet { handlers.append(TerminalLogHandler(logLevel: .warning)) }
        return Logger(label: "tributary") { _ in MultiplexLogHandler(handlers) }
    }
}

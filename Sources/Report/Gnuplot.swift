import Experiment
import Foundation

/// The gnuplot program, which turns a plot's script into a picture.
public struct Gnuplot: Sendable {
    public static let installRemedy = "apt-get install gnuplot-nox"
    private let executable: String
    private let patience: Double

    /// Nil where there is no such program. `patience`: seconds for a picture.
    public init?(executable: String, patience: Double = 60) {
        guard FileManager.default.isExecutableFile(atPath: executable) else { return nil }
        self.executable = executable
        self.patience = patience
    }

    /// Runs `script` in `directory`, whose files it may read and write. Returns what went wrong, if anything did.
    func run(script: String, in directory: String) -> String? {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = ["-d", script]
        process.currentDirectoryURL = URL(fileURLWithPath: directory, isDirectory: true)
        process.environment = ["LC_ALL": "C"]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        // A pipe would have to wait for whatever else holds it.
        let log = "\(directory)/\(script).log"
        defer { try? FileManager.default.removeItem(atPath: log) }
        guard FileManager.default.createFile(atPath: log, contents: nil) else {
            return "\(log) cannot be written"
        }
        process.standardError = FileHandle(forWritingAtPath: log)
        do {
            try process.run()
            let number = process.processIdentifier
            let end = DispatchWorkItem { kill(number, SIGKILL) }
            DispatchQueue.global().asyncAfter(deadline: .now() + patience, execute: end)
            process.waitUntilExit()
            end.cancel()
            let data = FileManager.default.contents(atPath: log) ?? Data()
            guard process.terminationReason == .exit else {
                return "gnuplot did not end within \(shortest(patience)) s, or was killed"
            }
            guard process.terminationStatus == 0 else {
                let text = String(decoding: data.prefix(500), as: UTF8.self)
                return "gnuplot ended with \(process.terminationStatus): \(TextTable.printable(text))"
            }
            return nil
        } catch {
            return "gnuplot could not be run: \(error.localizedDescription)"
        }
    }
}

import Foundation
import Synchronization
import Testing

/// The built program, as a user would start it.
enum Program {
    /// Beside the test bundle: one release build serves both.
    static let path: String = {
        let bundle = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        let beside = URL(fileURLWithPath: bundle).deletingLastPathComponent().appendingPathComponent(
            "tributary"
        ).path
        if FileManager.default.isExecutableFile(atPath: beside) { return beside }
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return root.appendingPathComponent(".build/release/tributary").path
    }()

    struct Outcome {
        let code: Int32
        let output: String
        let errors: String

        var json: [String: Any] {
            (try? JSONSerialization.jsonObject(with: Data(output.utf8))) as? [String: Any] ?? [:]
        }
    }

    /// Runs to the end; a run that takes longer than `seconds` is killed, which fails whatever expects its result.
    static func run(_ arguments: [String], seconds: Double = 120) throws -> Outcome {
        try RunningProgram(arguments).wait(seconds: seconds)
    }
}

/// A started program.
final class RunningProgram {
    let process = Process()
    private let output: Capture
    private let errors: Capture

    init(_ arguments: [String], executable: String = Program.path) throws {
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        let (out, err) = (Pipe(), Pipe())
        process.standardOutput = out
        process.standardError = err
        process.standardInput = FileHandle.nullDevice
        output = Capture(out)
        errors = Capture(err)
        try process.run()
    }

    var pid: Int32 { process.processIdentifier }

    /// Living children of the program.
    var children: [Int32] {
        let text = (try? String(contentsOfFile: "/proc/\(pid)/task/\(pid)/children", encoding: .utf8)) ?? ""
        return text.split(separator: " ").compactMap {
            Int32($0.trimmingCharacters(in: .whitespacesAndNewlines))
        }
    }

    func wait(seconds: Double = 120) throws -> Program.Outcome {
        let deadline = Date().addingTimeInterval(seconds)
        while process.isRunning && Date() < deadline { usleep(2_000) }
        if process.isRunning { kill(pid, SIGKILL) }
        process.waitUntilExit()
        return Program.Outcome(code: process.terminationStatus, output: output.text, errors: errors.text)
    }
}

/// What a program writes, read on a thread so that a full pipe does not stop it.
private final class Capture: Sendable {
    private let data = Mutex(Data())
    private let done = DispatchSemaphore(value: 0)

    init(_ pipe: Pipe) {
        let handle = pipe.fileHandleForReading
        Thread.detachNewThread { [self] in
            while case let chunk = handle.availableData, !chunk.isEmpty { data.withLock { $0.append(chunk) } }
            done.signal()
        }
    }

    var text: String {
        _ = done.wait(timeout: .now() + 5)
        done.signal()
        return data.withLock { String(decoding: $0, as: UTF8.self) }
    }
}

/// Waits until `condition` holds.
func eventually(seconds: Double = 30, _ condition: () -> Bool) -> Bool {
    let deadline = Date().addingTimeInterval(seconds)
    while Date() < deadline {
        if condition() { return true }
        usleep(1_000)
    }
    return false
}

/// Whether a process exists and is not a zombie.
func isAlive(_ pid: Int32) -> Bool {
    guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else { return false }
    return stat.split(separator: ")").last?.split(separator: " ").first != "Z"
}

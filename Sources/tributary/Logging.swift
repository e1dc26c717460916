import Foundation
import Logging
import Synchronization

/// Warnings for the person at the terminal, on standard error.
struct TerminalLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let details = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }
            .joined()
        writeError("\(event.level): \(event.message)\(details)")
    }
}

/// Everything, one JSON object a line, for `log.jsonl`.
struct FileLogHandler: LogHandler {
    private final class File: Sendable {
        private let handle: Mutex<FileHandle?>

        init(_ path: String) {
            let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
            handle = Mutex(
                descriptor < 0 ? nil : FileHandle(fileDescriptor: descriptor, closeOnDealloc: true))
        }

        func write(_ line: Data) { handle.withLock { try? $0?.write(contentsOf: line) } }
    }

    private struct Entry: Encodable {
        let time: String
        let level: String
        let message: String
        let details: [String: String]
    }

    private let file: File
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .info

    init(path: String) { file = File(path) }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let entry = Entry(
            time: timestamp(), level: "\(event.level)", message: "\(event.message)",
            details: (event.metadata ?? [:]).mapValues { "\($0)" })
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let line = try? encoder.encode(entry) else { return }
        file.write(line + Data("\n".utf8))
    }
}

/// Now, ISO 8601 in UTC.
func timestamp() -> String {
    let format = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    return Date().formatted(format)
}

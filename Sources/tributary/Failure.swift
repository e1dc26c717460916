import ArgumentParser
import Datasets
import Experiment
import Foundation
import Methods
import Networks
import Report
import Runtime
import Wire

/// Exit codes: sysexits.h where it has one.
extension ExitCode {
    static let thresholdMissed = ExitCode(1)
    static let usage = ExitCode(64)
    static let badData = ExitCode(65)
    static let missingInput = ExitCode(66)
    static let unavailable = ExitCode(69)
    static let internalFault = ExitCode(70)
    static let cannotCreate = ExitCode(73)
    static let cannotWrite = ExitCode(74)
    static let quorumMissed = ExitCode(75)
    static let interrupted = ExitCode(130)
}

/// An error as the user sees it.
struct Failure: Error {
    let message: String
    let code: ExitCode

    init(_ message: String, code: ExitCode) {
        self.message = message
        self.code = code
    }

    /// nil for errors that the argument parser words itself.
    init?(_ error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case let faults as ScenarioFaults:
            self.init(faults.description, code: faults.areOfCommandLine ? .usage : .badData)
        case let error as SetupError:
            self.init("\(error)", code: error.isMissingInput ? .missingInput : .badData)
        case let error as SweepSetupError:
            self.init("\(error)", code: error.isMissingInput ? .missingInput : .badData)
        case let error as DatasetError:
            self.init("\(error)", code: error.reason == .missing ? .missingInput : .badData)
        case let error as ProfileError: self.init("\(error)", code: Self.code(error))
        case let error as MeasurementError: self.init("\(error)", code: .badData)
        case let error as PartitionError: self.init("\(error)", code: .badData)
        case let error as NetworkError: self.init("\(error)", code: .badData)
        case let error as StudentError: self.init("teacher.model: \(error)", code: .badData)
        case let error as SplitError: self.init("\(error)", code: .badData)
        case let error as TaskFailure: self.init("\(error)", code: .badData)
        case let error as SafetensorsError: self.init("\(error)", code: Self.code(error.reason))
        case let error as RunDirectoryError: self.init("\(error)", code: Self.code(error.kind))
        case let error as LedgerError: self.init("\(error)", code: Self.code(error.kind))
        case let error as StateError:
            self.init("\(error)", code: error.kind == .cannotWrite ? .cannotWrite : .badData)
        case let error as RecordError: self.init("\(error)", code: Self.code(error))
        case let error as ReportError: self.init("\(error)", code: Self.code(error))
        case let error as PictureError: self.init("\(error)", code: .unavailable)
        case let error as SocketError: self.init("\(error)", code: .unavailable)
        case let error as EndpointError: self.init("\(error)", code: .usage)
        case let error as LaunchError: self.init("\(error)", code: .unavailable)
        case is ExitCode, is ValidationError, is CleanExit: return nil
        default:
            // The parser's own errors have a code of their own; anything else is a fault of the program.
            guard Tributary.exitCode(for: error) == .failure else { return nil }
            self.init("internal: \(error)", code: .internalFault)
        }
    }

    private static func code(_ reason: SafetensorsError.Reason) -> ExitCode {
        guard case .system(let call, _) = reason else { return .badData }
        return ["write", "fsync", "close", "rename"].contains(call) ? .cannotWrite : .missingInput
    }

    private static func code(_ error: ProfileError) -> ExitCode {
        switch error {
        case .missing, .unreadable: .missingInput
        case .unknown, .sameName, .tooSmall, .badTrace, .faults, .changed: .badData
        }
    }

    private static func code(_ error: RecordError) -> ExitCode {
        switch error {
        case .ledger(let error): code(error.kind)
        case .directory(let error): code(error.kind)
        case .profile(let error): code(error)
        }
    }

    private static func code(_ error: ReportError) -> ExitCode {
        switch error {
        case .scenario, .noRounds, .otherKind: .badData
        case .record(let error): code(error)
        }
    }

    private static func code(_ kind: RunDirectoryError.Kind) -> ExitCode {
        switch kind {
        case .notEmpty, .cannotCreate: .cannotCreate
        case .cannotWrite, .busy: .cannotWrite
        case .missing: .missingInput
        case .notARun, .cannotRead: .badData
        }
    }

    private static func code(_ kind: LedgerError.Kind) -> ExitCode {
        switch kind {
        case .missing: .missingInput
        case .exists: .cannotCreate
        case .cannotWrite, .busy: .cannotWrite
        case .foreign, .otherVersion, .corrupt, .tampered, .conflict: .badData
        }
    }
}

/// A line on standard error.
func writeError(_ text: String) { StandardError.write(text + "\n", patience: 1000) }

/// Standard error. What cannot be written there is lost: a terminal that is gone or a disk that is full must not end a run.
enum StandardError {
    /// Waits at most `patience` milliseconds where nobody reads.
    static func write(_ text: String, patience: Int32 = 0) {
        let bytes = Array(text.utf8)
        var written = 0
        while written < bytes.count {
            var place = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
            let ready = poll(&place, 1, patience)
            if ready < 0 && errno == EINTR { continue }
            guard ready > 0 else { return }
            // No more than a pipe takes at once, so that this does not wait.
            let part = min(bytes.count - written, Int(PIPE_BUF))
            let count = bytes.withUnsafeBytes {
                Foundation.write(STDERR_FILENO, $0.baseAddress! + written, part)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return }
            written += count
        }
    }
}

/// Standard output. A disk that is full there must not look like success.
enum StandardOutput {
    static func write(_ text: String) throws(Failure) { try write(Array(text.utf8)) }

    static func write(_ bytes: [UInt8]) throws(Failure) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Foundation.write(STDOUT_FILENO, $0.baseAddress! + written, $0.count - written)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                throw Failure(
                    "cannot write to standard output (\(String(cString: strerror(errno)))); "
                        + "check what it leads to, and the space there", code: .cannotWrite)
            }
            written += count
        }
    }
}

/// A text on standard output, with a line end behind it.
func printText(_ text: String) throws(Failure) { try StandardOutput.write(text + "\n") }

/// A document on standard output, its keys in snake_case.
func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    try StandardOutput.write(Array(try encoder.encode(value)) + Array("\n".utf8))
}

/// A measured value in JSON, which has neither NaN nor infinity: null stands for them.
struct Measured: Encodable {
    let value: Double

    init(_ value: Double) { self.value = value }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if value.isFinite { try container.encode(value) } else { try container.encodeNil() }
    }
}

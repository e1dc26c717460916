import Foundation

/// The directory of one run: its names, and how files come to be in it.
public struct RunDirectory: Sendable, Equatable {
    /// Names of what a run leaves behind.
    public enum Name {
        public static let scenario = "scenario.yaml"
        public static let environment = "environment.json"
        public static let ledger = "run.sqlite"
        public static let rounds = "rounds.csv"
        public static let clients = "clients.csv"
        public static let localTest = "local_test.csv"
        public static let traffic = "traffic.csv"
        public static let costs = "costs.csv"
        public static let partition = "partition.csv"
        public static let training = "training.csv"
        public static let contenders = "contenders.csv"
        public static let nodes = "nodes.csv"
        public static let transfers = "transfers.csv"
        public static let lostStudents = "lost_students.csv"
        public static let filters = "filters.csv"
        public static let classActivity = "class_activity.csv"
        /// The folder of the divided networks' files.
        public static let partitions = "partition"
        public static let modes = "modes.csv"
        public static let neuralFilter = "neural_filter.csv"
        public static let filterModel = "filter.safetensors"
        public static let rates = "rates.csv"
        public static let crossovers = "crossovers.csv"
        public static let controller = "controller.csv"
        public static let policies = "policies.csv"
        public static let divided = "divided.safetensors"
        public static let infrastructure = "infrastructure.csv"
        public static let model = "model.safetensors"
        public static let personal = "personal.safetensors"
        public static let teacher = "teacher.safetensors"
        public static let students = "students.safetensors"
        public static let checkpoints = "checkpoints"
        public static let log = "log.jsonl"
        public static let communication = "communication.csv"
        public static let communicationClients = "communication_clients.csv"
        public static let targets = "targets.csv"
        public static let inference = "inference.csv"
        public static let inferenceRatios = "inference_ratios.csv"
        public static let report = "report.html"
        public static let plots = "plots"
    }

    /// How the directory came to be there.
    private enum Origin: Sendable { case opened, foundEmpty, made }

    public let path: String
    private let origin: Origin
    /// Held by whoever made it.
    private let ownLock: RunLock?

    /// Equal paths are the same directory, however it came to be there.
    public static func == (a: RunDirectory, b: RunDirectory) -> Bool { a.path == b.path }

    /// One that another part of this module keeps, whether it is there or not.
    init(path: String) { self.init(path: path, origin: .opened, ownLock: nil) }

    private init(path: String, origin: Origin, ownLock: RunLock?) {
        self.path = path
        self.origin = origin
        self.ownLock = ownLock
    }

    /// A new directory, with those above it, locked for this process. One that exists must be empty.
    public static func create(at path: String) throws(RunDirectoryError) -> RunDirectory {
        let manager = FileManager.default
        var isDirectory: ObjCBool = false
        var origin = Origin.foundEmpty
        if manager.fileExists(atPath: path, isDirectory: &isDirectory) {
            guard isDirectory.boolValue, isEmpty(path) else {
                throw notEmpty(path, isDirectory.boolValue ? "is not empty" : "is not a directory")
            }
        } else {
            do {
                try make(path)
                origin = .made
            } catch {
                throw RunDirectoryError(
                    .cannotCreate, path: path, "cannot be created (\(error.localizedDescription))",
                    remedy: "check the permissions above it, or choose another --out")
            }
        }
        guard manager.isWritableFile(atPath: path) else {
            throw RunDirectoryError(
                .cannotCreate, path: path, "cannot be written to", remedy: "check its permissions")
        }
        let lock = try RunLock(path)
        // Another process may have begun a run there since.
        guard isEmpty(path) else { throw notEmpty(path, "is not empty") }
        return RunDirectory(path: path, origin: origin, ownLock: lock)
    }

    private static func isEmpty(_ path: String) -> Bool {
        (try? FileManager.default.contentsOfDirectory(atPath: path))?.isEmpty == true
    }

    private static func notEmpty(_ path: String, _ problem: String) -> RunDirectoryError {
        RunDirectoryError(
            .notEmpty, path: path, problem, remedy: "choose another --out, or go on with --resume")
    }

    /// Makes a directory and those above it, whose names survive a crash where the system lets them be synced.
    private static func make(_ path: String) throws {
        let above = parentDirectory(of: path)
        if !above.isEmpty, !FileManager.default.fileExists(atPath: above) { try make(above) }
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try? AtomicFile.syncDirectory(above)
    }

    /// A directory that a run made.
    public static func open(at path: String) throws(RunDirectoryError) -> RunDirectory {
        let manager = FileManager.default
        guard manager.fileExists(atPath: path) else {
            throw RunDirectoryError(.missing, path: path, "does not exist", remedy: "name a run's directory")
        }
        let directory = RunDirectory(path: path)
        for name in [Name.scenario, Name.ledger] where !manager.fileExists(atPath: directory.path(of: name)) {
            throw RunDirectoryError(
                .notARun, path: path, "has no \(name)",
                remedy: "name the directory that a run was given as --out")
        }
        return directory
    }

    /// Removes what `create` gave, as it found it: for a run that failed before anything was recorded. Best effort.
    public func discard() {
        precondition(origin != .opened, "\(path) was there before")
        let manager = FileManager.default
        for name in (try? manager.contentsOfDirectory(atPath: path)) ?? [] {
            try? manager.removeItem(atPath: self.path(of: name))
        }
        if origin == .made { rmdir(path) }
    }

    public func path(of name: String) -> String { path + "/" + name }

    /// A directory within, made if it is not there.
    public func makeDirectory(_ name: String) throws(RunDirectoryError) {
        do {
            try FileManager.default.createDirectory(atPath: path(of: name), withIntermediateDirectories: true)
        } catch {
            throw RunDirectoryError(
                .cannotWrite, path: path(of: name), "cannot be created (\(error.localizedDescription))",
                remedy: "check space and permissions")
        }
    }

    // MARK: Files

    /// Replaces a file in one step.
    public func write(_ text: String, to name: String) throws(RunDirectoryError) {
        try write(Array(text.utf8), to: name)
    }

    /// Replaces a file in one step.
    public func write(_ bytes: [UInt8], to name: String) throws(RunDirectoryError) {
        let file = try AtomicFile(at: path(of: name))
        file.write(bytes)
        try file.commit()
    }

    public func read(_ name: String) throws(RunDirectoryError) -> String {
        guard let data = FileManager.default.contents(atPath: path(of: name)) else {
            throw RunDirectoryError(
                .cannotRead, path: path(of: name), "cannot be read",
                remedy: "check that it exists and is readable")
        }
        return String(decoding: data, as: UTF8.self)
    }

    public func writeEnvironment(_ environment: RunEnvironment) throws(RunDirectoryError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do {
            let data = try encoder.encode(environment)
            try write(Array(data) + Array("\n".utf8), to: Name.environment)
        } catch let error as RunDirectoryError {
            throw error
        } catch {
            preconditionFailure("strings and numbers are JSON: \(error)")
        }
    }

    /// Keeps how the run was resumed, beside how it was started.
    public func appendResumption(_ resumption: RunEnvironment.Resumption) throws(RunDirectoryError) {
        var environment = try readEnvironment()
        environment.resumptions.append(resumption)
        try writeEnvironment(environment)
    }

    public func readEnvironment() throws(RunDirectoryError) -> RunEnvironment {
        let text = try read(Name.environment)
        do {
            return try JSONDecoder().decode(RunEnvironment.self, from: Data(text.utf8))
        } catch {
            throw RunDirectoryError(
                .cannotRead, path: path(of: Name.environment), "is not what a run writes (\(error))",
                remedy: "take the run from a copy")
        }
    }

    /// Keeps other processes from working in the directory for as long as the result lives.
    public func lock() throws(RunDirectoryError) -> RunLock {
        if let ownLock { return ownLock }
        return try RunLock(path)
    }
}

/// Holds a run's directory for one process; the system lets go of it when the process ends, however it ends.
public final class RunLock: Sendable {
    private let descriptor: Int32

    init(_ path: String) throws(RunDirectoryError) {
        descriptor = Foundation.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw RunDirectoryError(
                .missing, path: path, "cannot be opened", remedy: "name a run's directory")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw RunDirectoryError(
                .busy, path: path, "is in use by another process", remedy: "end that run, or wait for it")
        }
    }

    deinit { close(descriptor) }
}

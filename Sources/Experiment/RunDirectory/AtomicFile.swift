import Foundation

/// A file that is either not there or complete: written beside its place, synced, and renamed.
///
/// Where a symbolic link stands, it stays, and what it leads to is written.
/// After `commit` the content and the name survive a crash of the machine. Without it nothing is left.
public final class AtomicFile {
    private let path: String
    private let temporary: String
    private var descriptor: Int32
    private var isInPlace = false
    private var buffer: [UInt8] = []
    /// What went wrong first; told by `commit`.
    private var failure: RunDirectoryError?
    private static let bufferBytes = 1 << 16

    public init(at path: String) throws(RunDirectoryError) {
        let path = try Self.target(of: path)
        self.path = path
        temporary = path + ".tmp"
        descriptor = -1
        guard !path.isEmpty else {
            throw RunDirectoryError(.cannotWrite, path: "a file", "has no name", remedy: "give it one")
        }
        var status = stat()
        if stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR {
            throw RunDirectoryError(.cannotWrite, path: path, "is a directory", remedy: "name a file")
        }
        // A rename would put a file in the place of a device or a pipe.
        if stat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFREG {
            throw RunDirectoryError(
                .cannotWrite, path: path, "is not a regular file", remedy: "name a file")
        }
        descriptor = Foundation.open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Self.failure(temporary, "opened for writing", errno) }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
        if !isInPlace { unlink(temporary) }
    }

    /// A failure to write is told by `commit`.
    public func write(_ text: String) {
        buffer += text.utf8
        if buffer.count >= Self.bufferBytes { flush() }
    }

    /// A failure to write is told by `commit`.
    public func write(_ bytes: [UInt8]) {
        buffer += bytes
        if buffer.count >= Self.bufferBytes { flush() }
    }

    /// Makes the file appear under its name.
    public func commit() throws(RunDirectoryError) {
        precondition(descriptor >= 0 && !isInPlace, "\(path) was committed already")
        flush()
        if let failure { throw failure }
        guard fsync(descriptor) == 0 else { throw Self.failure(temporary, "synced", errno) }
        let code = close(descriptor)
        descriptor = -1
        guard code == 0 else { throw Self.failure(temporary, "closed", errno) }
        guard rename(temporary, path) == 0 else { throw Self.failure(path, "put in place", errno) }
        isInPlace = true
        try Self.syncDirectory(parentDirectory(of: path))
    }

    /// Where a chain of links ends, whether a file is there or not.
    private static func target(of path: String) throws(RunDirectoryError) -> String {
        var place = path
        // As many as Linux follows.
        for _ in 0...40 {
            var name = [UInt8](repeating: 0, count: Int(PATH_MAX))
            let length = name.withUnsafeMutableBytes { bytes in
                readlink(place, bytes.bindMemory(to: CChar.self).baseAddress!, bytes.count)
            }
            guard length >= 0 else { return place }
            let target = String(decoding: name[..<length], as: UTF8.self)
            let folder = parentDirectory(of: place)
            place = target.hasPrefix("/") || folder.isEmpty ? target : "\(folder)/\(target)"
        }
        throw failure(path, "followed", ELOOP)
    }

    /// Makes names within `directory` survive a crash.
    static func syncDirectory(_ directory: String) throws(RunDirectoryError) {
        let name = directory.isEmpty ? "." : directory
        let handle = Foundation.open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard handle >= 0 else { throw failure(name, "opened", errno) }
        defer { close(handle) }
        guard fsync(handle) == 0 else { throw failure(name, "synced", errno) }
    }

    private func flush() {
        var written = 0
        while failure == nil && written < buffer.count {
            let start = written
            let count = buffer.withUnsafeBytes { bytes in
                Foundation.write(descriptor, bytes.baseAddress! + start, bytes.count - start)
            }
            if count < 0 && errno == EINTR { continue }
            if count > 0 {
                written += count
            } else {
                failure = Self.failure(temporary, "written", errno)
            }
        }
        buffer.removeAll(keepingCapacity: true)
    }

    private static func failure(_ path: String, _ action: String, _ code: Int32) -> RunDirectoryError {
        RunDirectoryError(
            .cannotWrite, path: path, "cannot be \(action) (\(String(cString: strerror(code))))",
            remedy: "check space and permissions of its directory")
    }
}

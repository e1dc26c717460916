import Glibc

/// A file opened for reading; closed when it goes.
final class InputFile {
    let path: String
    /// Size in bytes when it was opened.
    let size: Int
    private let descriptor: Int32

    /// - Parameter remedy: what to do where the file is missing.
    init(_ path: String, remedy: String) throws(DatasetError) {
        // Without O_NONBLOCK a named pipe would be waited for; regular files do not care.
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let code = errno
            throw DatasetError(
                code == ENOENT || code == ENOTDIR ? .missing : .unreadable, source: path,
                found: InputFile.explain(code), expected: "a readable file", remedy: remedy)
        }
        self.path = path
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw DatasetError(
                .unreadable, source: path, found: "something that is not a regular file",
                expected: "a readable file", remedy: remedy)
        }
        size = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// Whether `path` names a regular file that may be read.
    static func exists(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// Reads up to `range.count` bytes at the current position into `target[range]`; fewer only at the end.
    /// - Returns: the number of bytes read.
    func read(into target: inout [UInt8], _ range: Range<Int>) throws(DatasetError) -> Int {
        var done = 0
        while done < range.count {
            let wanted = range.count - done
            let start = range.lowerBound + done
            let got = target.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress! + start, wanted)
            }
            if got == 0 { break }
            if got < 0 {
                let code = errno
                if code == EINTR { continue }
                throw DatasetError(
                    .unreadable, source: path, found: InputFile.explain(code), expected: "readable data",
                    remedy: "check the disk and its mount")
            }
            done += got
        }
        return done
    }

    /// The last four bytes as a little-endian number; the position does not move. Nil in a shorter file.
    func trailingNumber() -> UInt32? {
        var bytes: UInt32 = 0
        guard size >= 4, pread(descriptor, &bytes, 4, size - 4) == 4 else { return nil }
        return UInt32(littleEndian: bytes)
    }

    /// Moves back to the first byte.
    func rewind() { lseek(descriptor, 0, SEEK_SET) }

    private static func explain(_ code: Int32) -> String {
        strerror(code).map { String(cString: $0) } ?? "error \(code)"
    }
}

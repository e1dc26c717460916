import Glibc

/// An open regular file that is read once, from its start; closed when it goes.
final class FileReader {
    /// Bytes in the file when it was opened.
    let size: Int
    private let path: String
    private let descriptor: Int32

    init(path: String) throws(SafetensorsError) {
        // Without O_NONBLOCK a named pipe would be waited for.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw SafetensorsError(file: path, reason: .system(call: "open", code: errno))
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            let code = status.st_mode == 0 ? errno : status.st_mode & S_IFMT == S_IFDIR ? EISDIR : EINVAL
            close(descriptor)
            throw SafetensorsError(file: path, reason: .system(call: "fstat", code: code))
        }
        self.path = path
        self.descriptor = descriptor
        size = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// The next `count` bytes, all of them.
    func read(count: Int) throws(SafetensorsError) -> [UInt8] {
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
            while done < count {
                let got = Glibc.read(descriptor, buffer.baseAddress! + done, count - done)
                if got < 0 && errno == EINTR { continue }
                if got < 0 { failure = errno }
                if got <= 0 { return }
                done += got
            }
        }
        if failure != 0 { throw SafetensorsError(file: path, reason: .system(call: "read", code: failure)) }
        if bytes.count < count {
            throw SafetensorsError(file: path, reason: .wrongSize(expected: count, found: bytes.count))
        }
        return bytes
    }
}

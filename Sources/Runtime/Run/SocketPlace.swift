import Foundation

/// Where the coordinator's socket is bound; a private directory is made for ipc, and removed with it.
struct SocketPlace: ~Copyable {
    let endpoint: String
    /// What a process that is killed leaves behind; nil for places that the user chose.
    let directory: String?
    let file: String?

    init(_ endpoint: RunSettings.Endpoint) throws(LaunchError) {
        switch endpoint {
        case .tcp(let address):
            self.endpoint = "tcp://" + address
            directory = nil
            file = nil
        case .ipc(let path):
            try Self.claim(path)
            self.endpoint = "ipc://" + path
            directory = nil
            file = path
        case .privateIPC:
            // A path of a Unix socket has at most 107 bytes, so it stands under /tmp and not in the run directory.
            var template = Array("/tmp/tributary-XXXXXX".utf8CString)
            guard mkdtemp(&template) != nil else { throw LaunchError("/tmp", code: errno) }
            let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            directory = path
            file = path + "/socket"
            self.endpoint = "ipc://" + path + "/socket"
        }
    }

    deinit {
        if let file { unlink(file) }
        if let directory { rmdir(directory) }
    }

    /// libzmq would remove whatever stands at the path: only what a dead coordinator left may go.
    private static func claim(_ path: String) throws(LaunchError) {
        guard path.utf8.count < 108 else {
            throw LaunchError("ipc://\(path)", "is longer than the 107 bytes that a socket's path may have")
        }
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw LaunchError("ipc://\(path)", "exists and is not a socket; choose another path")
        }
        let probe = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(probe) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let answer = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(probe, $0, size) }
        }
        guard answer != 0 else {
            throw LaunchError("ipc://\(path)", "is in use by another process; choose another path")
        }
    }

    /// Removes a bound socket's file, and its directory where that is a private one.
    static func removeSocket(_ file: String) {
        unlink(file)
        if file.hasPrefix("/tmp/tributary-") && file.hasSuffix("/socket") { rmdir(String(file.dropLast(7))) }
    }

    /// Removes the private directory of a run that was killed.
    static func remove(_ directory: String) {
        guard directory.hasPrefix("/tmp/tributary-") else { return }
        unlink(directory + "/socket")
        rmdir(directory)
    }
}

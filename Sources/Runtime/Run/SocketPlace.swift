import Foundation

/// Where the coordinator's socket is bound; a private directory is made for ipc, and removed with it.
struct SocketPlace: ~Copyable {
    let endpoint: String
    /// What a process that is killed leaves behind; nil for places that the user chose.
    let directory: String?
    private let file: String?

    init(_ endpoint: RunSettings.Endpoint) throws(LaunchError) {
        switch endpoint {
        case .tcp(let address):
            self.endpoint = "tcp://" + address
            directory = nil
            file = nil
        case .ipc(let path):
            self.endpoint = "ipc://" + path
            directory = nil
            file = path
        case .privateIPC:
            // A path of a Unix socket has at most 107 bytes, so it stands under /tmp and not in the run directory.
            var template = Array("/tmp/tributary-XXXXXX".utf8CString)
            guard mkdtemp(&template) != nil else { throw LaunchError(program: "mkdtemp", code: errno) }
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

    /// Removes the private directory of a run that was killed.
    static func remove(_ directory: String) {
        guard directory.hasPrefix("/tmp/tributary-") else { return }
        unlink(directory + "/socket")
        rmdir(directory)
    }
}

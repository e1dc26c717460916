import Foundation
import TensorMath

/// States in one sparse file: slot s of client c stands at (4 c + s) strides. Every slot begins with a line of its own
/// that says whose state it is, so that the ledger need not know where anything stands.
///
/// Written by the coordinator's thread, synced by the writer of durability points.
public final class StateFile: StateMedium, Sendable {
    private static let headerBytes = 64
    private static let pageBytes = 4096

    public let path: String
    private let descriptor: Int32
    private let stateBytes: Int
    private let stride: Int

    /// Opens the file or makes it. All states have `stateBytes` bytes.
    public init(path: String, stateBytes: Int) throws(StateError) {
        precondition(stateBytes > 0)
        self.path = path
        self.stateBytes = stateBytes
        let bytes = Self.headerBytes + stateBytes
        stride = (bytes + Self.pageBytes - 1) / Self.pageBytes * Self.pageBytes
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Self.failure(path, "cannot be opened") }
    }

    deinit { close(descriptor) }

    private static func failure(_ path: String, _ what: String) -> StateError {
        StateError(
            .cannotWrite,
            "\(path) \(what): \(String(cString: strerror(errno))); free space or choose another directory")
    }

    private func offset(_ client: Int, _ slot: Int) -> Int {
        (client * StateVersions.slots + slot) * stride
    }

    private static func header(client: Int, round: Int, id: ObjectID) -> [UInt8] {
        var words: [UInt64] = [UInt64(client), UInt64(round), id.high, id.low]
        words += .init(repeating: 0, count: headerBytes / 8 - words.count)
        return words.flatMap { word in withUnsafeBytes(of: word.littleEndian) { Array($0) } }
    }

    public func write(_ state: ObjectBytes, client: Int, round: Int, slot: Int) throws(StateError) {
        precondition(state.count == stateBytes, "a state of \(state.count) instead of \(stateBytes) bytes")
        let place = offset(client, slot)
        let header = Self.header(client: client, round: round, id: state.id)
        let written = header.withUnsafeBytes { Self.writeAll(descriptor, $0, at: place) }
        let whole = state.withUnsafeBytes { Self.writeAll(descriptor, $0, at: place + Self.headerBytes) }
        guard written && whole else { throw Self.failure(path, "cannot be written") }
    }

    private static func writeAll(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, at place: Int) -> Bool
    {
        var done = 0
        while done < bytes.count {
            let count = pwrite(descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(place + done))
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            done += count
        }
        return true
    }

    public func read(client: Int, round: Int, slot: Int) throws(StateError) -> ObjectBytes? {
        let place = offset(client, slot)
        var header = [UInt8](repeating: 0, count: Self.headerBytes)
        let whole = header.withUnsafeMutableBytes { Self.readAll(descriptor, $0, at: place) }
        guard whole else { return nil }
        let words = header.withUnsafeBytes { bytes in
            (0..<4).map { UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self)) }
        }
        guard words[0] == UInt64(client), words[1] == UInt64(round) else { return nil }
        var isWhole = false
        let state = ObjectBytes(count: stateBytes) {
            isWhole = Self.readAll(descriptor, $0, at: place + Self.headerBytes)
        }
        let named = ObjectID(high: words[2], low: words[3])
        return isWhole && state.id == named ? state : nil
    }

    private static func readAll(
        _ descriptor: Int32, _ bytes: UnsafeMutableRawBufferPointer, at place: Int
    ) -> Bool {
        var done = 0
        while done < bytes.count {
            let count = pread(descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(place + done))
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            done += count
        }
        return true
    }

    /// Waits until everything that was written is on the disk.
    public func sync() throws(StateError) {
        guard fdatasync(descriptor) == 0 else { throw Self.failure(path, "cannot be synced") }
    }
}

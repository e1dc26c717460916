/// An immutable run of bytes with a name: a model, an update, a client's state, a data shard.
///
/// Shared by reference between the task that made it, the ledger and the socket, without copying.
public final class ObjectBytes: Sendable {
    /// Number of bytes.
    public let count: Int
    /// XXH3-128 of the bytes.
    public let id: ObjectID
    private nonisolated(unsafe) let base: UnsafeRawPointer
    private let release: @Sendable () -> Void

    /// Takes over memory that stays unchanged until `release` is called, which happens once, on any thread.
    package init(base: UnsafeRawPointer, count: Int, release: @escaping @Sendable () -> Void) {
        self.base = base
        self.count = count
        self.release = release
        id = ObjectID(of: UnsafeRawBufferPointer(start: base, count: count))
    }

    /// `count` bytes written by `fill`, which receives memory aligned to 64.
    package convenience init(count: Int, fill: (UnsafeMutableRawBufferPointer) -> Void) {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1), alignment: 64)
        fill(UnsafeMutableRawBufferPointer(start: memory, count: count))
        nonisolated(unsafe) let owned = memory
        self.init(base: memory, count: count) { owned.deallocate() }
    }

    public convenience init(_ bytes: [UInt8]) {
        self.init(count: bytes.count) { target in target.copyBytes(from: bytes) }
    }

    /// Little-endian Float32 values.
    public convenience init(_ values: FloatView) {
        self.init(count: values.count * 4) { target in
            target.copyMemory(from: UnsafeRawBufferPointer(start: values.pointer, count: values.count * 4))
        }
    }

    deinit { release() }

    /// Copies the bytes into `values` as little-endian Float32; false when the count does not fit.
    public func copy(into values: FloatView) -> Bool {
        guard count == values.count * 4 else { return false }
        UnsafeMutableRawPointer(values.pointer).copyMemory(from: base, byteCount: count)
        return true
    }

    public var bytes: [UInt8] { withUnsafeBytes { Array($0) } }

    /// BLAKE2b-256 of the bytes, 32 bytes.
    public var digest: [UInt8] { withUnsafeBytes { digest256($0) } }

    package func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        body(UnsafeRawBufferPointer(start: base, count: count))
    }
}

/// The name and size of an object.
public struct ObjectReference: Sendable, Hashable {
    public var id: ObjectID
    public var bytes: UInt64

    public init(id: ObjectID, bytes: UInt64) {
        self.id = id
        self.bytes = bytes
    }

    public init(_ object: ObjectBytes) { self.init(id: object.id, bytes: UInt64(object.count)) }
}

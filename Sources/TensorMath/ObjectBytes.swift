import CKernels
import Synchronization

/// An immutable run of bytes with a name: a model, an update, a client's state, a data shard.
///
/// Shared by reference between the task that made it, the ledger and the socket, without copying.
public final class ObjectBytes: Sendable {
    /// Number of bytes.
    public let count: Int
    /// XXH3-128 of the bytes, computed when it is first asked for: a frame that carries several objects needs none.
    public var id: ObjectID {
        name.withLock { name in
            if let name { return name }
            let fresh = ObjectID(of: UnsafeRawBufferPointer(start: base, count: count))
            name = fresh
            return fresh
        }
    }
    private let name = Mutex<ObjectID?>(nil)
    private nonisolated(unsafe) let base: UnsafeRawPointer
    private let release: @Sendable () -> Void
    /// What this is a part of.
    private let whole: ObjectBytes?

    /// Takes over memory that stays unchanged until `release` is called, which happens once, on any thread.
    package init(base: UnsafeRawPointer, count: Int, release: @escaping @Sendable () -> Void) {
        self.base = base
        self.count = count
        self.release = release
        whole = nil
    }

    private init(_ range: Range<Int>, of whole: ObjectBytes) {
        base = whole.base + range.lowerBound
        count = range.count
        release = {}
        self.whole = whole
    }

    /// `count` bytes written by `fill`, which receives memory aligned to 64.
    package convenience init(count: Int, fill: (UnsafeMutableRawBufferPointer) -> Void) {
        let memory = ObjectMemory.allocate(count)
        fill(UnsafeMutableRawBufferPointer(start: memory, count: count))
        nonisolated(unsafe) let owned = memory
        self.init(base: memory, count: count) { ObjectMemory.release(owned, count: count) }
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

    /// The bytes of a range as an object of their own, without copying; it keeps the whole alive: who keeps a model
    /// that came in one frame with a client's state keeps that, too.
    public func part(_ range: Range<Int>) -> ObjectBytes {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "\(range) of \(count) bytes")
        return ObjectBytes(range, of: self)
    }

    /// Objects of little-endian Float32 values that stand one behind the other in the same memory.
    package static func parts(_ views: [FloatView]) -> [ObjectBytes] {
        var ranges: [Range<Int>] = []
        for view in views {
            let begin = ranges.last?.upperBound ?? 0
            ranges.append(begin..<begin + 4 * view.count)
        }
        let whole = ObjectBytes(count: ranges.last?.upperBound ?? 0) { target in
            for (view, range) in zip(views, ranges) {
                UnsafeMutableRawBufferPointer(rebasing: target[range]).copyMemory(
                    from: UnsafeRawBufferPointer(start: view.pointer, count: range.count))
            }
        }
        return ranges.map(whole.part)
    }

    /// The bytes of parts of one object that follow each other without a gap, without copying; nil for others.
    package static func together(_ objects: [ObjectBytes]) -> ObjectBytes? {
        guard let first = objects.first, let whole = first.whole else { return nil }
        var end = first.base
        for object in objects {
            guard object.whole === whole, object.base == end else { return nil }
            end += object.count
        }
        return whole.part(first.base - whole.base..<end - whole.base)
    }

    /// Copies the bytes into `values` as little-endian Float32; false when the count does not fit.
    public func copy(into values: FloatView) -> Bool {
        guard count == values.count * 4 else { return false }
        UnsafeMutableRawPointer(values.pointer).copyMemory(from: base, byteCount: count)
        return true
    }

    /// The greatest magnitude of little-endian Float32 values; infinity where there is a NaN. Whole values only count.
    public var maximumMagnitude: Float {
        KernelFamily.activate()
        guard Int(bitPattern: base) % MemoryLayout<Float>.alignment == 0 else {
            return ObjectBytes(bytes).maximumMagnitude
        }
        return ck_max_magnitude(base.assumingMemoryBound(to: Float.self), count / 4)
    }

    public var bytes: [UInt8] { withUnsafeBytes { Array($0) } }

    /// BLAKE2b-256 of the bytes, 32 bytes.
    public var digest: [UInt8] { withUnsafeBytes { digest256($0) } }

    package func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        body(UnsafeRawBufferPointer(start: base, count: count))
    }
}

/// An object that comes in pieces, in any order.
public final class ObjectAssembly {
    public let count: Int
    /// Owned until `finish`.
    private var memory: UnsafeMutableRawPointer?

    public init(count: Int) {
        precondition(count >= 0)
        self.count = count
        memory = ObjectMemory.allocate(count)
    }

    deinit { if let memory { ObjectMemory.release(memory, count: count) } }

    /// Puts all bytes of `piece` at `offset`.
    public func place(_ piece: ObjectBytes, at offset: Int) {
        precondition(offset >= 0 && piece.count <= count - offset, "a piece beyond the end")
        guard let memory else { preconditionFailure("the object is finished") }
        piece.withUnsafeBytes { source in
            if let base = source.baseAddress, piece.count > 0 {
                memory.advanced(by: offset).copyMemory(from: base, byteCount: source.count)
            }
        }
    }

    /// The object, once every byte is in place; it takes the memory over.
    public func finish() -> ObjectBytes {
        guard let whole = memory else { preconditionFailure("the object is finished") }
        memory = nil
        nonisolated(unsafe) let owned = whole
        let count = count
        return ObjectBytes(base: whole, count: count) { ObjectMemory.release(owned, count: count) }
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

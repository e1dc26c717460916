import TensorMath

/// The receiving side of one chunked object: asks for a window of chunks ahead and puts them where they belong. The chunk
/// of an object that has no other is the object, and not copied.
///
/// Whoever needs an object fetches it; the sender keeps no state. A chunk that is lost is asked for again, so a
/// reconnect goes on at the first missing one.
public struct ObjectTransfer {
    /// What to do after a step.
    public enum Step {
        case wait
        case fetch(first: UInt32, count: UInt32)
        case complete(ObjectBytes)
        /// All chunks are here and are not the object that was named.
        case corrupt
    }

    public let reference: ObjectReference
    private let chunkBytes: Int
    private let window: Int
    private let chunks: Int
    /// Made for the first chunk: an object that never comes takes no memory.
    private var assembly: ObjectAssembly?
    private var present: [Bool]
    private var missing: Int
    private var asked = 0
    private var firstMissing = 0

    public init(_ reference: ObjectReference, chunkBytes: Int, window: Int) {
        precondition(reference.bytes <= Limits.objectBytes && chunkBytes > 0 && window > 0)
        self.reference = reference
        self.chunkBytes = chunkBytes
        self.window = window
        chunks = max(1, (Int(reference.bytes) + chunkBytes - 1) / chunkBytes)
        present = .init(repeating: false, count: chunks)
        missing = chunks
    }

    /// The first request, or the same again after silence.
    public mutating func request() -> Step {
        while firstMissing < chunks && present[firstMissing] { firstMissing += 1 }
        asked = min(firstMissing + window, chunks)
        return .fetch(first: UInt32(firstMissing), count: UInt32(asked - firstMissing))
    }

    /// Whether it is the transfer of this object in chunks of this size, so that what has arrived can be used.
    public func serves(_ reference: ObjectReference, chunkBytes: Int) -> Bool {
        self.reference == reference && self.chunkBytes == chunkBytes
    }

    /// Whether a chunk exists and has not arrived yet.
    public func wants(_ index: UInt32) -> Bool { Int(index) < chunks && !present[Int(index)] }

    /// Takes a chunk; ones that do not fit are ignored.
    public mutating func take(index: UInt32, frame: ObjectBytes) -> Step {
        let index = Int(index)
        guard index < chunks, !present[index] else { return .wait }
        let offset = index * chunkBytes
        guard frame.count == min(chunkBytes, Int(reference.bytes) - offset) else { return .wait }
        present[index] = true
        missing -= 1
        guard chunks > 1 else { return named(frame) }
        let assembly = assembly ?? ObjectAssembly(count: Int(reference.bytes))
        self.assembly = assembly
        assembly.place(frame, at: offset)
        if missing == 0 {
            self.assembly = nil
            return named(assembly.finish())
        }
        while firstMissing < chunks && present[firstMissing] { firstMissing += 1 }
        // Ask again when half the window is used up.
        guard asked < chunks, asked - firstMissing <= window / 2 else { return .wait }
        let first = asked
        asked = min(firstMissing + window, chunks)
        return .fetch(first: UInt32(first), count: UInt32(asked - first))
    }

    private func named(_ object: ObjectBytes) -> Step {
        object.id == reference.id ? .complete(object) : .corrupt
    }

    /// The chunks of an object that a FETCH asks for: at most a window of them, and only ones that exist.
    public static func indices(
        first: UInt32, count: UInt32, window: Int, objectBytes: Int, chunkBytes: Int
    ) -> Range<UInt32> {
        let chunks = UInt64(max(0, objectBytes) + chunkBytes - 1) / UInt64(chunkBytes)
        let begin = min(UInt64(first), chunks)
        let end = min(begin + min(UInt64(count), UInt64(window)), chunks)
        return UInt32(clamping: begin)..<UInt32(clamping: end)
    }

    /// The part of an object that a chunk carries, or nil when it has no such chunk.
    public static func range(of index: UInt32, objectBytes: Int, chunkBytes: Int) -> Range<Int>? {
        precondition(chunkBytes > 0)
        let (offset, overflow) = Int(index).multipliedReportingOverflow(by: chunkBytes)
        guard !overflow, offset < objectBytes else { return nil }
        return offset..<offset + min(chunkBytes, objectBytes - offset)
    }
}

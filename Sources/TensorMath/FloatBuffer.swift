import CKernels

/// Memory for `count` Float32 values, aligned to a cache line and zeroed; allocated once, never resized.
///
/// Networks carve their parameters, gradients and activations out of one buffer each.
public final class FloatBuffer {
    /// Number of values.
    public let count: Int
    package let base: UnsafeMutablePointer<Float>

    public init(count: Int) {
        precondition(count >= 0, "a buffer cannot have \(count) values")
        KernelFamily.activate()
        self.count = count
        let raw = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1) * 4, alignment: 64)
        raw.initializeMemory(as: UInt8.self, repeating: 0, count: max(count, 1) * 4)
        base = raw.assumingMemoryBound(to: Float.self)
    }

    deinit { base.deallocate() }

    /// The whole buffer.
    public var view: FloatView { FloatView(owner: self, pointer: base, count: count) }
}

/// A run of Float32 values inside a `FloatBuffer`, which it keeps alive. Copying a view does not copy values.
public struct FloatView {
    private let owner: FloatBuffer
    /// First value; for calls into BLAS and the C kernels only.
    package let pointer: UnsafeMutablePointer<Float>
    /// Number of values.
    public let count: Int

    package init(owner: FloatBuffer, pointer: UnsafeMutablePointer<Float>, count: Int) {
        self.owner = owner
        self.pointer = pointer
        self.count = count
    }

    public subscript(index: Int) -> Float {
        get {
            precondition(index >= 0 && index < count, "index \(index) of \(count)")
            return pointer[index]
        }
        nonmutating set {
            precondition(index >= 0 && index < count, "index \(index) of \(count)")
            pointer[index] = newValue
        }
    }

    /// `count` values from `offset` on.
    public func slice(_ offset: Int, _ count: Int) -> FloatView {
        precondition(
            offset >= 0 && count >= 0 && offset <= self.count - count, "\(offset)+\(count) of \(self.count)")
        return FloatView(owner: owner, pointer: pointer + offset, count: count)
    }

    public func fill(_ value: Float) { pointer.update(repeating: value, count: count) }

    /// Copies all of `source`, which has the same count.
    public func copy(from source: FloatView) {
        precondition(source.count == count, "\(source.count) values into \(count)")
        pointer.update(from: source.pointer, count: count)
    }

    public func copy(from source: [Float]) {
        precondition(source.count == count, "\(source.count) values into \(count)")
        source.withUnsafeBufferPointer {
            if count > 0 { pointer.update(from: $0.baseAddress!, count: count) }
        }
    }

    /// The values, for loops over many of them.
    public func withSpan<Result>(_ body: (Span<Float>) -> Result) -> Result {
        body(UnsafeBufferPointer(start: pointer, count: count).span)
    }

    public func withMutableSpan<Result>(_ body: (inout MutableSpan<Float>) -> Result) -> Result {
        let buffer = UnsafeMutableBufferPointer(start: pointer, count: count)
        var span = buffer.mutableSpan
        return body(&span)
    }

    /// The values as IEEE 754 patterns.
    public func withBitPatterns<Result>(_ body: (Span<UInt32>) -> Result) -> Result {
        UnsafeBufferPointer(start: pointer, count: count).withMemoryRebound(to: UInt32.self) { body($0.span) }
    }

    /// The values as an array of their own.
    public var array: [Float] { Array(UnsafeBufferPointer(start: pointer, count: count)) }

    /// The greatest magnitude; infinity where there is a NaN; 0 for no values.
    public var maximumMagnitude: Float { ck_max_magnitude(pointer, count) }
}

import TensorMath

/// Carves a network's memory out of one buffer. A network is built twice: once to measure, once for good. A copy carves the
/// same values again.
struct Arena {
    private let buffer: FloatBuffer?
    private let nothing: FloatView
    /// Values handed out so far, each run rounded up to a cache line.
    private(set) var used = 0

    /// Hands out empty views and only counts.
    static func measuring() -> Arena { Arena(buffer: nil) }
    /// Hands out what `measured` counted.
    init(like measured: Arena) { self.init(buffer: FloatBuffer(count: measured.used)) }

    private init(buffer: FloatBuffer?) {
        self.buffer = buffer
        nothing = FloatBuffer(count: 0).view
    }

    /// `count` values that start at a cache line; zeros unless another network has worked there.
    mutating func take(_ count: Int) -> FloatView {
        let start = used
        used += (count + 15) / 16 * 16
        return buffer.map { $0.view.slice(start, count) } ?? nothing
    }
}

import Synchronization

/// Memory of large objects that are gone, for those that come: updates and states of one size follow each other all
/// through a run, and to fault fresh pages in costs more than to fill them. A C library's heap would break up between
/// objects and what little outlives them.
enum ObjectMemory {
    /// Smaller blocks are the heap's business.
    private static let leastBytes = 64 << 10
    /// What is kept at most; blocks beyond it go back to the system.
    private static let keptBytes = 64 << 20

    private struct Kept: @unchecked Sendable {
        var blocks: [Int: [UnsafeMutableRawPointer]] = [:]
        var bytes = 0
    }

    private static let kept = Mutex(Kept())

    /// `count` bytes, aligned to 64, with whatever they held before.
    static func allocate(_ count: Int) -> UnsafeMutableRawPointer {
        let size = size(count)
        if size >= leastBytes {
            let block = kept.withLock { kept -> SendableBlock? in
                guard let block = kept.blocks[size]?.popLast() else { return nil }
                kept.bytes -= size
                return SendableBlock(block)
            }
            if let block { return block.start }
        }
        return .allocate(byteCount: size, alignment: 64)
    }

    /// Takes back what `allocate` gave for the same count; from any thread.
    static func release(_ start: UnsafeMutableRawPointer, count: Int) {
        let size = size(count)
        let block = SendableBlock(start)
        let isKept =
            size >= leastBytes
            && kept.withLock { kept in
                guard kept.bytes + size <= keptBytes else { return false }
                kept.blocks[size, default: []].append(block.start)
                kept.bytes += size
                return true
            }
        if !isKept { start.deallocate() }
    }

    private static func size(_ count: Int) -> Int { (max(count, 1) + 4095) / 4096 * 4096 }
}

/// A block has one owner at a time.
private struct SendableBlock: @unchecked Sendable {
    let start: UnsafeMutableRawPointer
    init(_ start: UnsafeMutableRawPointer) { self.start = start }
}

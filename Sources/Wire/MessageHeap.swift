import CZeroMQ

/// The C library's heap, from which libzmq takes memory for every message that it receives.
public enum MessageHeap {
    /// Keeps freed memory for the next message instead of returning it to the system, up to 64 MiB at the end of a heap.
    /// For the whole process, so the command line says it, once; a C library that will not hear of it does as before.
    ///
    /// By itself glibc gives back the free end of a heap as soon as it is twice as large as the largest block that was
    /// mapped and freed so far. Messages of some 100 KB are most of such a heap, so that nearly every one is given back, and
    /// to fault its pages in again costs as much as to copy it.
    public static func keepFreedMemory() {
        #if canImport(Glibc)
            _ = mallopt(M_MMAP_THRESHOLD, 32 << 20)
            _ = mallopt(M_TRIM_THRESHOLD, 64 << 20)
        #endif
    }
}

import CKernels
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// The kernels that computed a result: OpenBLAS's core type and the path through CKernels, under one name.
///
/// Equal scenario, seed and family give equal bits. OpenBLAS reads `OPENBLAS_CORETYPE` when it is loaded, so the
/// program chooses before that (it re-executes itself once), and every worker of a run must agree.
public enum KernelFamily: String, Sendable, CaseIterable, Codable {
    case avx512, avx2, portable

    /// The best family that this processor can run.
    public static var supported: KernelFamily {
        switch ck_supported_family() {
        case Int32(CK_AVX512): .avx512
        case Int32(CK_AVX2): .avx2
        default: .portable
        }
    }

    /// The value of `OPENBLAS_CORETYPE` that gives this family's sgemm.
    public var openBLASCoreType: String {
        #if arch(x86_64)
            switch self {
            case .avx512: "SkylakeX"
            case .avx2: "Haswell"
            case .portable: "Prescott"
            }
        #else
            "ARMV8"
        #endif
    }

    /// What OpenBLAS says of itself; nil where another library stands behind the BLAS interface.
    public static var openBLASCoreName: String? {
        guard let symbol = dlsym(nil, "openblas_get_corename") else { return nil }
        typealias Function = @convention(c) () -> UnsafePointer<CChar>?
        return unsafeBitCast(symbol, to: Function.self)().map { String(cString: $0) }
    }

    /// The family that this process computes with, derived from the loaded OpenBLAS.
    public static let active: KernelFamily = {
        limitToOneThread()
        let name = openBLASCoreName ?? "none"
        let family: KernelFamily =
            switch name {
            case "SkylakeX": .avx512
            case "Haswell", "Zen": .avx2
            default: .portable
            }
        let usable = family == .avx512 && supported != .avx512 ? .portable : family
        switch usable {
        case .avx512: ck_set_family(Int32(CK_AVX512))
        case .avx2: ck_set_family(Int32(CK_AVX2))
        case .portable: ck_set_family(Int32(CK_PORTABLE))
        }
        return usable
    }()

    /// Chooses the C kernels; cheap after the first call.
    package static func activate() { _ = active }

    private static func limitToOneThread() {
        guard let symbol = dlsym(nil, "openblas_set_num_threads") else { return }
        typealias Function = @convention(c) (Int32) -> Void
        unsafeBitCast(symbol, to: Function.self)(1)
    }
}

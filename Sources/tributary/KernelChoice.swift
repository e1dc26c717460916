import Foundation
import TensorMath

/// Chooses the kernel family before BLAS computes anything.
///
/// Debian's OpenBLAS 0.3.21 does not know recent processors with AVX-512 and would pick kernels at half their speed;
/// it reads its choice from the environment when it is loaded, so the program executes itself once again.
enum KernelChoice {
    static let variable = "TRIBUTARY_KERNELS"

    static func settle() throws {
        let environment = ProcessInfo.processInfo.environment
        var family = KernelFamily.supported
        if let wanted = environment[variable] {
            guard let chosen = KernelFamily(rawValue: wanted) else {
                let names = KernelFamily.allCases.map(\.rawValue).joined(separator: ", ")
                throw Failure(
                    "\(variable)=\(wanted) is not a kernel family; give one of \(names)", code: .usage)
            }
            guard chosen == .portable || KernelFamily.supported == .avx512 || chosen == KernelFamily.supported
            else {
                throw Failure(
                    "\(variable)=\(wanted): this processor has \(KernelFamily.supported.rawValue) at most",
                    code: .usage)
            }
            family = chosen
        }
        if environment["OPENBLAS_CORETYPE"] != family.openBLASCoreType
            || environment["OPENBLAS_NUM_THREADS"] != "1"
        {
            setenv("OPENBLAS_CORETYPE", family.openBLASCoreType, 1)
            setenv("OPENBLAS_NUM_THREADS", "1", 1)
            var arguments: [UnsafeMutablePointer<CChar>?] = CommandLine.arguments.map { strdup($0) } + [nil]
            execv(executablePath, &arguments)
            throw Failure(
                "cannot execute \(executablePath) again: \(String(cString: strerror(errno)))",
                code: .internalFault)
        }
        guard KernelFamily.openBLASCoreName != nil else {
            throw Failure(
                "the BLAS library is not OpenBLAS, so results would be slow and could not be compared; "
                    + "install it with: apt-get install libopenblas0-pthread", code: .unavailable)
        }
        guard KernelFamily.active == family else {
            throw Failure(
                "OpenBLAS computes with \(KernelFamily.openBLASCoreName ?? "?") kernels instead of "
                    + "\(family.openBLASCoreType); install Debian's libopenblas0-pthread, which can choose",
                code: .unavailable)
        }
    }

    /// This program's file.
    static var executablePath: String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
            ?? CommandLine.arguments[0]
    }
}

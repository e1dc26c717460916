import ArgumentParser
import Datasets
import Foundation
import Methods
import Runtime
import TensorMath
import Wire

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check what this host offers: BLAS and its speed, libraries, data, gnuplot.",
        discussion: "Example: tributary doctor --json")

    @Flag(help: "Print one JSON document on standard output.") var json = false

    private struct Finding: Encodable {
        let what: String
        let value: String
        let ok: Bool
        let remedy: String?
    }

    func run() throws {
        var findings = [
            Finding(what: "tributary", value: Tributary.version, ok: true, remedy: nil),
            Finding(
                what: "kernel family", value: KernelFamily.active.rawValue,
                ok: KernelFamily.active == KernelFamily.supported,
                remedy: KernelFamily.active == KernelFamily.supported
                    ? nil
                    : "this processor can run \(KernelFamily.supported.rawValue); unset \(KernelChoice.variable)"
            ),
            Finding(
                what: "BLAS", value: "OpenBLAS, \(KernelFamily.openBLASCoreName ?? "?") kernels", ok: true,
                remedy: nil),
            Finding(
                what: "sgemm",
                value: String(format: "%.0f GFLOP/s on one core (m = n = k = 512)", sgemmGigaflops()),
                ok: true, remedy: nil),
            Finding(what: "libzmq", value: ZeroMQContext.libraryVersion, ok: true, remedy: nil),
        ]
        let fashion = FileManager.default.fileExists(atPath: DatasetSpec.fashionMNISTPath)
        findings.append(
            Finding(
                what: "Fashion-MNIST", value: fashion ? DatasetSpec.fashionMNISTPath : "not found",
                ok: fashion,
                remedy: fashion ? nil : "apt-get install dataset-fashion-mnist"))
        let gnuplot = Self.find("gnuplot")
        findings.append(
            Finding(
                what: "gnuplot", value: gnuplot ?? "not found", ok: gnuplot != nil,
                remedy: gnuplot == nil ? "apt-get install gnuplot-nox" : nil))
        if json { return try printJSON(findings) }
        for finding in findings {
            let mark = finding.ok ? "ok " : "-- "
            let remedy = finding.remedy.map { "  (\($0))" } ?? ""
            try printText(
                mark + finding.what.padding(toLength: 16, withPad: " ", startingAt: 0) + finding.value
                    + remedy)
        }
    }

    private func sgemmGigaflops() -> Double {
        let n = 512
        let buffer = FloatBuffer(count: 3 * n * n)
        buffer.view.fill(0.5)
        func multiply() {
            gemm(
                false, false, m: n, n: n, k: n, alpha: 1, a: buffer.view.slice(0, n * n), lda: n,
                b: buffer.view.slice(n * n, n * n), ldb: n, beta: 0, c: buffer.view.slice(2 * n * n, n * n),
                ldc: n)
        }
        multiply()
        var best = Double.infinity
        for _ in 0..<20 {
            let start = MonotonicClock.now()
            multiply()
            best = min(best, Double(MonotonicClock.now() - start))
        }
        return 2 * Double(n * n * n) / best
    }

    /// A program on the search path.
    static func find(_ program: String) -> String? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        return path.split(separator: ":").map { "\($0)/\(program)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}

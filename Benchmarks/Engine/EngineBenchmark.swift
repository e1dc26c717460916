import Foundation
import TensorMath

/// What the training engine costs, as one JSON object a line. `Benchmarks/engine` makes tables of it.
///
///     engine-benchmark layers                 peaks of this machine, then every kind of layer
///     engine-benchmark training MODEL BATCH   samples a second of whole training steps
@main
enum EngineBenchmark {
    static func main() throws {
        chooseKernels()
        let arguments = CommandLine.arguments.dropFirst()
        switch (arguments.first, arguments.count) {
        case ("layers", 1):
            try report(Peaks.measured())
            for subject in LayerSubject.all { try report(subject.measured()) }
            for subject in VectorSubject.all { try report(subject.measured()) }
        case ("training", 3):
            guard let batch = Int(arguments[3]), batch > 0 else { fail("\(arguments[3]) is no batch size") }
            guard let subject = TrainingSubject(model: arguments[2], batch: batch) else {
                fail("the benchmark knows no model \(arguments[2])")
            }
            try report(subject.measured())
        default: fail("usage: engine-benchmark layers | training MODEL BATCH")
        }
    }

    /// OpenBLAS reads its kernels from the environment when it is loaded, so this program executes itself once
    /// more unless they are chosen already. `TRIBUTARY_KERNELS` names another family than the best one.
    private static func chooseKernels() {
        let family = getenv("TRIBUTARY_KERNELS").flatMap { KernelFamily(rawValue: String(cString: $0)) }
        let coreType = (family ?? .supported).openBLASCoreType
        if let chosen = getenv("OPENBLAS_CORETYPE"), String(cString: chosen) == coreType { return }
        setenv("OPENBLAS_CORETYPE", coreType, 1)
        setenv("OPENBLAS_NUM_THREADS", "1", 1)
        var arguments: [UnsafeMutablePointer<CChar>?] = CommandLine.arguments.map { strdup($0) } + [nil]
        execv("/proc/self/exe", &arguments)
        fail("cannot execute this program again: \(String(cString: strerror(errno)))")
    }

    private static func report(_ figures: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = .sortedKeys
        print(String(decoding: try encoder.encode(figures), as: UTF8.self))
        fflush(nil)
    }

    private static func fail(_ reason: String) -> Never {
        FileHandle.standardError.write(Data("engine-benchmark: \(reason)\n".utf8))
        exit(64)
    }
}

// swift-tools-version: 6.2
import PackageDescription

/// C loops are compiled with full optimisation and without contraction, so that a product and a sum are rounded
/// the same way in every family of kernels unless a kernel asks for a fused one itself.
let kernelFlags: [CSetting] = [.unsafeFlags(["-O3", "-ffp-contract=off", "-fno-math-errno"])]

let package = Package(
    name: "tributary",
    products: [.executable(name: "tributary", targets: ["tributary"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", exact: "2.1.1"),
    ],
    targets: [
        .systemLibrary(name: "CZeroMQ", providers: [.apt(["libzmq3-dev"])]),
        .systemLibrary(name: "CProtobufC", providers: [.apt(["libprotobuf-c-dev"])]),
        .systemLibrary(name: "CBLAS", providers: [.apt(["libblas-dev"])]),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CSodium", providers: [.apt(["libsodium-dev"])]),
        .systemLibrary(name: "CXXHash", providers: [.apt(["libxxhash-dev"])]),
        .systemLibrary(name: "CTurboJPEG", providers: [.apt(["libturbojpeg0-dev"])]),
        .target(
            name: "CWire", dependencies: ["CProtobufC"], exclude: ["wire.proto"],
            linkerSettings: [.linkedLibrary("protobuf-c")]),
        .target(name: "CKernels", exclude: [], cSettings: kernelFlags),
        .target(name: "TensorMath", dependencies: ["CKernels", "CBLAS", "CSodium", "CXXHash"]),
        .target(name: "Devices"),
        .target(name: "Networks", dependencies: ["TensorMath", "Devices", "CKernels"]),
        .target(
            name: "Datasets", dependencies: ["TensorMath", "CKernels", "CZlib", "CXXHash", "CTurboJPEG"]),
        .target(name: "Methods", dependencies: ["Networks", "Datasets", "CKernels"]),
        .target(
            name: "Experiment",
            dependencies: ["Methods", "CKernels", "Yams", .product(name: "GRDB", package: "GRDB.swift")],
            resources: [.embedInCode("Devices/Profiles")]),
        .target(name: "Wire", dependencies: ["TensorMath", "CWire", "CZeroMQ"]),
        .target(
            name: "Runtime",
            dependencies: ["Experiment", "Wire", .product(name: "Logging", package: "swift-log")]),
        .target(
            name: "Report",
            dependencies: ["Experiment", .product(name: "Mustache", package: "swift-mustache")]),
        .executableTarget(
            name: "tributary",
            dependencies: [
                "Runtime", "Report", "Wire",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        .executableTarget(
            name: "engine-benchmark", dependencies: ["Networks", "TensorMath"], path: "Benchmarks/Engine"),
        .target(name: "CAllocations", path: "Tests/CAllocations"),
        .testTarget(name: "TensorMathTests", dependencies: ["TensorMath", "CKernels"]),
        .testTarget(
            name: "NetworksTests", dependencies: ["Networks", "CKernels", "CAllocations"],
            resources: [.copy("Fixtures")]),
        .testTarget(name: "DevicesTests", dependencies: ["Devices"]),
        .testTarget(name: "DatasetsTests", dependencies: ["Datasets", "TensorMath", "CZlib"]),
        .testTarget(name: "MethodsTests", dependencies: ["Methods", "CKernels"]),
        .testTarget(name: "ExperimentTests", dependencies: ["Experiment"]),
        .testTarget(name: "WireTests", dependencies: ["Wire"]),
        .testTarget(name: "SimulationTests", dependencies: ["Runtime"]),
        .testTarget(name: "ReportTests", dependencies: ["Report"]),
        .testTarget(
            name: "EndToEndTests",
            dependencies: ["Runtime", "Report", .product(name: "GRDB", package: "GRDB.swift")]),
    ],
    swiftLanguageModes: [.v6]
)

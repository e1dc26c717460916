import Devices

/// The keys of a device profile.
enum DeviceSection {
    /// Stands in while a document is read.
    static let placeholder = DeviceProfile(
        name: "", processor: "", runtime: "", precision: .float32, threads: 1,
        speed: DeviceProfile.Speed(
            peakFLOPS: 1e9, efficiency: LayerKind.allCases.map { _ in 1 }, activationBytesPerSecond: 1e9,
            weightBytesPerSecond: 1e9, source: ""),
        training: .init(backwardFactor: 2, source: ""), memory: .init(bytes: 1 << 30, source: ""),
        power: .init(activeWatts: 0, idleWatts: 0, source: ""))

    static func visit(_ section: Section, _ value: inout DeviceProfile) {
        section.field("name", &value.name, .text(1...100), .required, "What scenarios call the device.")
        section.field(
            "processor", &value.processor, .text(1...200), .required, "What computes, with its clock.")
        section.field(
            "runtime", &value.runtime, .text(1...200), .required, "What executes networks, such as ncnn.")
        section.field(
            "precision", &value.precision, .word(DeviceProfile.Precision.self), .value(.float32),
            "Of values in inference; training is in float32.")
        section.field(
            "threads", &value.threads, .integer(1...1_000_000), .value(1), unit: "threads",
            "Threads that a pass runs on.")
        section.section("speed", required: true, "What a forward pass takes.") { visit($0, &value.speed) }
        section.section("training", "What the way back takes.") { section in
            section.field(
                "backward_factor", &value.training.backwardFactor, .number(0...1000), .value(2),
                "Time of a layer's backward pass, with the gradients of weights and input, over that of its "
                    + "forward pass.")
            source(section, &value.training.source, fallback: "assumed")
        }
        section.section("memory", required: true, "What programs can have.") { section in
            section.field(
                "mib", &value.memory.bytes, .mebibytes, .required, unit: "MiB of 2^20 bytes",
                "Memory for weights and activations.")
            source(section, &value.memory.source)
        }
        section.section("power", required: true, "What the whole device draws.") { section in
            section.field(
                "active_watts", &value.power.activeWatts, .number(0...1_000_000), .required, unit: "W",
                "While it computes.")
            section.field(
                "idle_watts", &value.power.idleWatts, .number(0...1_000_000), .required, unit: "W",
                "While it waits, without its radio.")
            source(section, &value.power.source)
        }
    }

    static func visit(_ section: Section, _ value: inout DeviceProfile.Speed) {
        section.field(
            "peak_gflops", &value.peakFLOPS, .scaled(1e9), .required, unit: "10^9 operations/s",
            "Floating point operations a second at most; a multiply-accumulate is two.")
        section.section(
            "efficiency", required: true,
            "Share of the peak that layers of a kind reach, above 1 for algorithms that do with fewer operations."
        ) { section in
            for (index, kind) in LayerKind.allCases.enumerated() {
                section.field(
                    kind.rawValue, &value.efficiency[index], .scaledOrFree(1), .required, Self.meaning(kind))
            }
        }
        section.field(
            "activation_gb_per_second", &value.activationBytesPerSecond, .scaledOrFree(1e9), .required,
            unit: "10^9 bytes/s", "Of values that go into and out of layers.")
        section.field(
            "weight_gb_per_second", &value.weightBytesPerSecond, .scaledOrFree(1e9), .required,
            unit: "10^9 bytes/s", "Of weights, read once a pass.")
        section.optional(
            "kernel_gb_per_second", &value.kernelBytesPerSecond, .scaledOrFree(1e9),
            absence: "as `weight_gb_per_second`", unit: "10^9 bytes/s",
            "Of convolutions' weights, where a runtime rearranges them in each pass.")
        section.field(
            "layer_us", &value.secondsPerLayer, .duration(1e-6), .value(0), unit: "microseconds",
            "For each layer of a pass.")
        section.field(
            "pass_us", &value.secondsPerPass, .duration(1e-6), .value(0), unit: "microseconds",
            "For each pass.")
        section.field(
            "combination", &value.combination, .word(DeviceProfile.Combination.self), .value(.sum),
            "Whether the times to compute and to move bytes add up, or the greater hides the other.")
        section.optional(
            "error_percent", &value.errorPercent, .number(0...1000), absence: "not known", unit: "%",
            "Mean absolute error for networks that were left out of the fit.")
        source(section, &value.source)
    }

    /// Where the figures of a group come from.
    static func source(_ section: Section, _ text: inout String, fallback: String? = nil) {
        section.field(
            "source", &text, .text(1...2000), fallback.map { .value($0) } ?? .required,
            "Where these figures come from.")
    }

    private static func meaning(_ kind: LayerKind) -> String {
        switch kind {
        case .conv3x3: "Of 3 x 3 convolutions."
        case .convolution: "Of convolutions of other sizes."
        case .pointwise: "Of 1 x 1 convolutions."
        case .depthwise: "Of depthwise convolutions."
        case .dense: "Of dense layers."
        case .elementwise: "Of operations in pools and norms."
        }
    }
}

extension Codec where Value == Double {
    /// A number above 0 of `unit`s.
    static func scaled(_ unit: Double) -> Codec {
        let number = Codec.number(0...1e12, above: true)
        return Codec(type: number.type) { (node) throws(Problem) in
            try number.read(node) * unit
        } write: {
            .plain(shortest(inverse(of: $0, unit)))
        }
    }

    /// The same, or `free`: without end, so that what is counted costs nothing.
    static func scaledOrFree(_ unit: Double) -> Codec {
        let number = Codec.scaled(unit)
        return Codec(type: "\(number.type), or free") { (node) throws(Problem) in
            if case .scalar("free", _) = node.content { return .infinity }
            do throws(Problem) {
                return try number.read(node)
            } catch {
                throw Problem(message: error.message, remedy: error.remedy + ", or write free")
            }
        } write: {
            $0 == .infinity ? .plain("free") : number.write($0)
        }
    }

    /// Seconds, written in `unit`s of a second.
    static func duration(_ unit: Double) -> Codec {
        let number = Codec.number(0...1e12)
        return Codec(type: number.type) { (node) throws(Problem) in
            try number.read(node) * unit
        } write: {
            .plain(shortest(inverse(of: $0, unit)))
        }
    }

    /// The number of `unit`s that gives `value` again when it is read.
    private static func inverse(of value: Double, _ unit: Double) -> Double {
        let quotient = value / unit
        return [quotient, quotient.nextUp, quotient.nextDown].first { $0 * unit == value } ?? quotient
    }
}

extension Codec where Value == UInt64 {
    /// Bytes, written in MiB.
    static var mebibytes: Codec {
        let number = Codec<Double>.number(0...1e12, above: true)
        return Codec(type: number.type) { (node) throws(Problem) in
            do throws(Codec<Double>.Problem) {
                return UInt64((try number.read(node) * 0x1p20).rounded())
            } catch {
                throw Problem(message: error.message, remedy: error.remedy)
            }
        } write: {
            .plain(shortest(Double($0) * 0x1p-20))
        }
    }
}

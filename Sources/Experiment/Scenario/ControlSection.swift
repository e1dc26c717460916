import Methods

/// `controller` of split computing: a device that chooses anew for every image.
enum ControlSection {
    static func visit(_ section: Section, _ value: inout ControlSpec) {
        let standard = ControlSpec()
        section.section(
            "controller",
            "A device that chooses among the run's modes while the link's rate changes, in simulation."
        ) { section in
            visitTrace(section, &value)
            var milliseconds = inMilliseconds(value.deadlineSeconds)
            section.field(
                "deadline_ms", &milliseconds, .number(0...1e7, above: true),
                .value(standard.deadlineSeconds * 1000), unit: "milliseconds",
                "From an image until its answer.")
            value.deadlineSeconds = milliseconds / 1000
            section.field(
                "accuracy_floor", &value.accuracyFloor, .number(0...1), .value(standard.accuracyFloor),
                "Modes with less accuracy on the test images are not chosen.")
            section.field(
                "latency_weight", &value.latencyWeight, .number(0...1e6), .value(standard.latencyWeight),
                "Of an image's seconds over those of computing locally.")
            section.field(
                "energy_weight", &value.energyWeight, .number(0...1e6), .value(standard.energyWeight),
                "Of an image's joules over those of computing locally.")
            section.field(
                "hysteresis", &value.hysteresis, .number(0...1, below: true), .value(standard.hysteresis),
                "A mode stays unless another is better by more than this share.")
        }
    }

    static func checkAcrossFields(_ section: Section, _ value: ControlSpec) {
        guard section.walk.isSound("controller") else { return }
        if value.latencyWeight == 0 && value.energyWeight == 0 {
            let path = "controller.latency_weight"
            section.walk.report(
                section.place(at: path), path, value: "0",
                "leaves nothing to choose by beside controller.energy_weight 0", "raise one of them")
        }
        if let outage = value.outage, outage.first > value.windows {
            let path = "controller.trace.outage"
            section.walk.report(
                section.place(at: path), path, value: "\(outage.first)",
                "begins after the last of \(value.windows) windows", "begin earlier, or raise windows")
        }
    }

    private static func visitTrace(_ section: Section, _ value: inout ControlSpec) {
        var (kind, decibels, correlation, path) = ("fading", 10.0, 0.9, "")
        switch value.trace {
        case .fading(let ratio, let share): (decibels, correlation) = (ratio, share)
        case .constant: kind = "constant"
        case .file(let name): (kind, path) = ("file", name)
        }
        section.section("trace", "How the uplink's rate changes from window to window.") { section in
            section.choice(
                "kind", current: kind, ["fading", "constant", "file"], .value("fading"),
                "`fading` is a Rayleigh channel whose mean gain gives the run's own rate; `constant` is that rate; `file` "
                    + "a recording."
            ) { kind in
                switch kind {
                case "fading":
                    section.field(
                        "snr_db", &decibels, .number(-30...60), .value(10), unit: "dB",
                        "Mean signal to noise ratio.")
                    section.field(
                        "correlation", &correlation, .number(0...1, below: true), .value(0.9),
                        "Of the gains of one window and the next.")
                    value.trace = .fading(signalToNoiseDecibels: decibels, correlation: correlation)
                case "file":
                    section.field(
                        "path", &path, .text(1...4096, "a path"), .required,
                        "A CSV file with the header seconds,rate_mbps; each rate holds until the next line's time."
                    )
                    value.trace = .file(path)
                default: value.trace = .constant
                }
            }
            section.field(
                "windows", &value.windows, .integer(1...100_000), .value(300), unit: "windows",
                "Of one image each; of a file at most.")
            section.field(
                "window_seconds", &value.windowSeconds, .number(1e-6...1e6), .value(1),
                unit: "seconds", "In which the rate stays.")
            var outage = value.outage.map { [$0.first, $0.windows] }
            section.optional(
                "outage", &outage, .list(of: .integer(1...100_000), count: 2...2), absence: "none",
                unit: "windows", "The first window without a connection, from 1, and how many there are.")
            value.outage = outage.map { ControlSpec.Outage(first: $0[0], windows: $0[1]) }
        }
    }
}

/// The shortest number of milliseconds that gives `seconds` again when it is divided by 1000.
func inMilliseconds(_ seconds: Double) -> Double {
    let product = seconds * 1000
    let near = [product.nextDown.nextDown, product.nextDown, product, product.nextUp, product.nextUp.nextUp]
    return near.filter { $0 / 1000 == seconds }.min { "\($0)".utf8.count < "\($1)".utf8.count } ?? product
}

import Methods

/// `compression`: what travels instead of float32 tensors.
enum CompressionSection {
    private static let kinds = ["quantize", "top_k", "random_k", "float16", "sign"]
    private static let standardFraction = 0.1

    static func visit(_ section: Section, _ value: inout CompressionSpec) {
        section.section("compression", "What travels instead of float32 tensors, in each direction.") {
            section in
            visitStages(
                section, "uplink", &value.uplink,
                "How a client's change of the model is compressed. At most one of `top_k` and `random_k`, then at most one of the"
                    + " others.")
            visitStages(
                section, "downlink", &value.downlink,
                "How the global model is compressed: only by `quantize` or `float16`, because a client that sat out"
                    + " some rounds has nothing that a part of a change could be added to. One of them at most."
            )
            section.field(
                "error_feedback", &value.errorFeedback, .flag, .value(false),
                "Whether senders add to each payload what the last one lacked. Then `quantize` rounds to the nearest"
                    + " level and `random_k` does not scale.")
        }
    }

    private static func visitStages(
        _ section: Section, _ key: String, _ stages: inout [CompressionStage], _ meaning: String
    ) {
        section.list(
            key, &stages, count: 0...2, standard: [], standardText: "[]", placeholder: .float16,
            meaning
        ) { stage, section in
            visit(section, &stage)
        }
    }

    private static func visit(_ section: Section, _ stage: inout CompressionStage) {
        var read = stage
        section.choice(
            "kind", current: stage.name, kinds, .required,
            "`quantize` is QSGD's levels with random rounding (Alistarh et al. 2017); `top_k` keeps the greatest values"
                + " of each tensor, `random_k` random ones, scaled up; `float16` is IEEE half precision; `sign` sends"
                + " signs and each tensor's mean magnitude (Karimireddy et al. 2019)."
        ) { kind in
            var (bits, bucket, fraction) = (8, CompressionStage.standardBucket as Int?, standardFraction)
            switch stage {
            case .quantize(let count, let size): (bits, bucket) = (count, size)
            case .topK(let share), .randomK(let share): fraction = share
            case .float16, .sign: break
            }
            switch kind {
            case "quantize":
                section.field(
                    "bits", &bits, .bits, .value(8), unit: "bits", "Bits of a value, its sign among them.")
                section.field(
                    "bucket", &bucket, .bucket, .value(CompressionStage.standardBucket), unit: "values",
                    "Values in a row that share a scale, their greatest magnitude; `tensor`: all of a tensor."
                )
                read = .quantize(bits: bits, bucket: bucket)
            case "top_k", "random_k":
                section.field(
                    "fraction", &fraction, .number(0...1, above: true), .value(standardFraction),
                    "Share of a tensor's values that travels; at least one does.")
                read = kind == "top_k" ? .topK(fraction: fraction) : .randomK(fraction: fraction)
            case "float16": read = .float16
            default: read = .sign
            }
        }
        stage = read
    }

    static func checkAcrossFields(_ section: Section, _ value: CompressionSpec) {
        guard section.walk.isSound("compression") else { return }
        for (key, stages) in [("uplink", value.uplink), ("downlink", value.downlink)] {
            guard let index = CompressionStage.misplaced(in: stages) else { continue }
            let (stage, before) = (stages[index], stages[index - 1])
            let (message, remedy) =
                switch (before.isSparsifier, stage.isSparsifier) {
                case (true, _): ("chooses values a second time", "keep one of top_k and random_k")
                case (false, true):
                    ("comes after \(before.name)", "write it first: values are chosen, then coded")
                case (false, false):
                    ("codes values a second time", "keep one of quantize, float16 and sign")
                }
            let path = "compression.\(key).\(index).kind"
            section.walk.report(section.place(at: path), path, value: stage.name, message, remedy)
        }
        for (index, stage) in value.downlink.enumerated() where !stage.keepsEveryValue {
            let path = "compression.downlink.\(index).kind"
            section.walk.report(
                section.place(at: path), path, value: stage.name,
                stage.isSparsifier
                    ? "leaves values out that a client which sat out some rounds does not have"
                    : "keeps signs alone, which do for a change of the model but not for the model itself",
                "use quantize or float16")
        }
        if value.errorFeedback, value.uplink.isEmpty, value.downlink.isEmpty {
            let path = "compression.error_feedback"
            section.walk.report(
                section.place(at: path), path, value: "true", "has nothing to feed back",
                "write compression.uplink, such as [{kind: top_k}]")
        }
    }
}

extension Codec where Value == Int {
    fileprivate static var bits: Codec {
        Codec(type: "8, 4 or 2") { (node) throws(Problem) in
            guard let bits = Decimal(node)?.exactInteger, [8, 4, 2].contains(bits) else {
                throw Problem(message: "is not 8, 4 or 2", remedy: "write one of them")
            }
            return bits
        } write: {
            .plain(String($0))
        }
    }
}

extension Codec where Value == Int? {
    fileprivate static var bucket: Codec {
        let number = Codec<Int>.integer(1...1_000_000_000)
        return Codec(type: "\(number.type), or tensor") { (node) throws(Problem) in
            if case .scalar("tensor", _) = node.content { return nil }
            do throws(Codec<Int>.Problem) {
                return try number.read(node)
            } catch {
                throw Problem(message: error.message, remedy: error.remedy + ", or write tensor")
            }
        } write: {
            $0.map(number.write) ?? .plain("tensor")
        }
    }
}

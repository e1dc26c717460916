import Networks

/// Layers to which planes are nothing special, or only what shares statistics.
extension LayerSection {
    func dense(_ section: Section, _ layer: LayerSpec?) -> LayerSpec {
        var units = 1
        if case .dense(let it) = layer { units = it }
        section.field(
            "dense", &units, .outputs(1...100_000, classes: classes), .required, unit: "outputs",
            "A dense layer with this many outputs; `classes` stands for those of the data set.")
        return .dense(units: units)
    }

    func dropout(_ section: Section, _ layer: LayerSpec?) -> LayerSpec {
        var rate: Float = 0
        if case .dropout(let it) = layer { rate = it }
        section.field(
            "dropout", &rate, .float(0...1, below: true), .required,
            "Probability with which training sets a value to 0; the others are divided by 1 less it.")
        return .dropout(rate: rate)
    }

    func batchNorm(_ section: Section, _ layer: LayerSpec?) -> LayerSpec {
        var (epsilon, momentum) = (1e-5, 0.1)
        if case .batchNorm(let e, let m) = layer { (epsilon, momentum) = (e, m) }
        section.section(
            "batch_norm", required: true,
            "Each plane to mean 0 and variance 1 over the batch, in evaluation by running statistics, then scaled and"
                + " shifted (Ioffe and Szegedy 2015); the word alone stands for the defaults."
        ) { section in
            section.field(
                "epsilon", &epsilon, .number(0...1, above: true), .value(1e-5), "Added to the variance.")
            section.field(
                "momentum", &momentum, .number(0...1), .value(0.1),
                "Share of the batch in the new running statistics.")
        }
        return .batchNorm(epsilon: epsilon, momentum: momentum)
    }

    func groupNorm(_ section: Section, _ layer: LayerSpec?) -> LayerSpec {
        var groups = 1
        if case .groupNorm(let it) = layer { groups = it }
        section.field(
            "group_norm", &groups, .integer(1...16_384), .required, unit: "groups",
            "Each of so many groups of a sample's planes to mean 0 and variance 1, then scaled and shifted (Wu and He"
                + " 2018).")
        return .groupNorm(groups: groups)
    }
}

extension Codec where Value == Int {
    /// A number of outputs, or `classes` for those of the data set.
    static func outputs(_ range: ClosedRange<Int>, classes: Int) -> Codec {
        let number = integer(range)
        return Codec(type: "\(number.type), or classes") { (node) throws(Problem) in
            if case .scalar("classes", _) = node.content { return classes }
            return try number.read(node)
        } write: {
            number.write($0)
        }
    }
}

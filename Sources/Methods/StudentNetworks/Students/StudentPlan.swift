import Networks

extension NetworkPlan {
    /// A model of the zoo as a plan for `input`, where its name stands for its trunk.
    package static func zoo(_ name: String, input: Shape, classes: Int) throws(StudentError) -> NetworkPlan {
        guard let spec = ModelSpec.named(name, classes: classes) else { throw .unknownModel(name) }
        return try build(spec, input: input, classes: classes)
    }

    /// The student of a part with `filters` filters: the model's layers up to its last maps, and a bridge to the
    /// part's features: a 1 x 1 convolution without bias, batch norm, relu and the mean over planes. Its outputs are
    /// the features.
    package static func student(of model: NetworkPlan, filters: Int) throws(StudentError) -> NetworkPlan {
        precondition(filters > 0, "a student of \(filters) filters")
        let bridge: [LayerSpec] = [
            .conv(channels: filters, kernel: 1, bias: false), .batchNorm(), .relu, .globalAveragePool,
        ]
        let layers = try FeatureStage(model).layers + bridge
        return try build(
            ModelSpec(name: model.spec.name, layers: layers), input: model.input, classes: filters)
    }

    /// The model's layers up to its last maps, and the mean over their planes: with the head of an ensemble it is the
    /// whole model, with one dense layer for its classifier.
    package static func trunk(of model: NetworkPlan) throws(StudentError) -> NetworkPlan {
        let stage = try FeatureStage(model)
        return try build(
            ModelSpec(name: model.spec.name, layers: stage.layers + [.globalAveragePool]), input: model.input,
            classes: stage.filters)
    }

    /// The trunk cut channel-wise into `parts` that have no links to each other (Split-KD of Bhardwaj et al. 2019):
    /// every convolution has its share of the output channels and reads those that its own part made. Together the
    /// parts give as many features as the trunk, for the head of an ensemble.
    package static func split(_ model: NetworkPlan, into parts: Int) throws(StudentError) -> [NetworkPlan] {
        precondition(parts > 0, "\(parts) parts")
        let stage = try FeatureStage(model)
        var plans: [NetworkPlan] = []
        for part in 0..<parts {
            let share = ChannelShare(part: part, of: parts, model: model.spec.name)
            let layers = try share.layers(stage.layers) + [.globalAveragePool]
            plans.append(
                try build(
                    ModelSpec(name: "\(model.spec.name)/\(parts)", layers: layers), input: model.input,
                    classes: share.channels(stage.filters)))
        }
        return plans
    }

    private static func build(_ spec: ModelSpec, input: Shape, classes: Int) throws(StudentError)
        -> NetworkPlan
    {
        do {
            return try NetworkPlan(spec: spec, input: input, classes: classes)
        } catch {
            throw .unbuildable(model: spec.name, error)
        }
    }
}

/// One of several parts of all channels: part i of n takes those from i c / n to before (i + 1) c / n, rounded down.
private struct ChannelShare {
    let part: Int
    let parts: Int
    let model: String

    init(part: Int, of parts: Int, model: String) {
        self.part = part
        self.parts = parts
        self.model = model
    }

    func channels(_ all: Int) -> Int { all * (part + 1) / parts - all * part / parts }

    func layers(_ layers: [LayerSpec]) throws(StudentError) -> [LayerSpec] {
        var own: [LayerSpec] = []
        for layer in layers { own.append(try self.layer(layer)) }
        return own
    }

    private func layer(_ layer: LayerSpec) throws(StudentError) -> LayerSpec {
        switch layer {
        case .conv(let all, let kernel, let stride, let padding, let groups, let bias):
            let depthwise = groups > 1 && groups == all
            guard all >= parts, groups == 1 || depthwise else { throw objection(layer) }
            return .conv(
                channels: channels(all), kernel: kernel, stride: stride, padding: padding,
                groups: depthwise ? channels(all) : 1, bias: bias)
        case .batchNorm, .relu, .relu6, .dropout, .maxPool, .averagePool: return layer
        case .sequence(let body): return .sequence(try layers(body))
        case .residual(let body, let shortcut):
            return .residual(body: try layers(body), shortcut: try layers(shortcut))
        default: throw objection(layer)
        }
    }

    private func objection(_ layer: LayerSpec) -> StudentError {
        if case .conv(let channels, _, _, _, let groups, _) = layer {
            let grouped = groups > 1 ? " in \(groups) groups" : ""
            return .indivisible(
                model: model, layer: "a convolution of \(channels) channels\(grouped)", parts: parts)
        }
        return .indivisible(model: model, layer: "a layer of kind \(layer.family)", parts: parts)
    }
}

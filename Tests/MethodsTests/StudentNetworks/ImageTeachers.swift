import Methods
import Networks
import TensorMath

/// Teachers that tests dream of.
enum ImageTeachers {
    static func plan(
        _ layers: [LayerSpec], input: Shape, classes: Int = 3, name: String = "teacher"
    ) throws -> NetworkPlan {
        try NetworkPlan(spec: ModelSpec(name: name, layers: layers), input: input, classes: classes)
    }

    static func view(_ values: [Float]) -> FloatView {
        let view = FloatBuffer(count: values.count).view
        view.copy(from: values)
        return view
    }

    /// Batch norms on the input, behind a convolution and in a residual block: 275 values, which follow from their
    /// places, as do the images [3, 2, 6, 6]. The same numbers are given to PyTorch.
    struct Reference {
        let teacher: FrozenTeacher
        let labels: [UInt8] = [2, 0, 1]

        init() throws {
            let plan = try plan(
                [
                    .batchNorm(), .conv(channels: 4, kernel: 3, padding: .same), .batchNorm(), .relu,
                    .residual(body: [
                        .conv(channels: 4, kernel: 3, padding: .same, bias: false), .batchNorm(),
                    ]), .relu, .globalAveragePool, .dense(units: 3),
                ], input: Shape(channels: 2, height: 6, width: 6))
            precondition(plan.layout.count == 275)
            let parameters = FloatBuffer(count: plan.layout.count).view
            for segment in plan.layout.segments {
                let isVariance = segment.name.hasSuffix("running_var")
                for index in segment.offset..<(segment.offset + segment.count) {
                    let value = Float(index * 37 % 101 - 50) / 100
                    parameters[index] = isVariance ? value.magnitude + 0.5 : value
                }
            }
            teacher = FrozenTeacher(plan: plan, parameters: parameters, images: 3)
            for index in 0..<216 { teacher.network.input[index] = Float(index * 53 % 97 - 48) / 50 }
        }
    }

    /// Three patterns of 8 x 8 pixels in 0...1 under noise.
    static func patterns(_ count: Int, stream: inout RandomStream) -> (images: [Float], labels: [UInt8]) {
        var images: [Float] = []
        let labels = (0..<count).map { UInt8($0 % 3) }
        for label in labels {
            for place in 0..<64 {
                let (row, column) = (place / 8, place % 8)
                let isLit = [row % 4 < 2, column % 4 < 2, (row + column) % 4 < 2][Int(label)]
                images.append(min(max((isLit ? 0.8 : 0.2) + Float(stream.normal()) * 0.15, 0), 1))
            }
        }
        return (images, labels)
    }

    /// A plan with two batch norms for these patterns, and parameters that know them.
    static func trained() throws -> (plan: NetworkPlan, parameters: FloatView) {
        let plan = try plan(
            [
                .conv(channels: 8, kernel: 3, padding: .same, bias: false), .batchNorm(), .relu,
                .conv(channels: 12, kernel: 3, stride: 2, padding: .same, bias: false), .batchNorm(), .relu,
                .globalAveragePool, .flatten, .dense(units: 3),
            ], input: Shape(channels: 1, height: 8, width: 8))
        var stream = RandomStream(RandomKey(seed: 3, purpose: .test))
        let network = Network(plan: plan, batch: 48)
        plan.initialParameters(.uniformFanIn, stream: &stream, into: network.parameters)
        var optimizer = SGDState(SGD(learningRate: 0.1, momentum: 0.9), count: plan.layout.count)
        for _ in 0..<60 {
            let (images, labels) = patterns(48, stream: &stream)
            network.input.copy(from: images)
            _ = network.trainStep(labels: labels.span, samples: 48, optimizer: &optimizer)
        }
        return (plan, network.parameters)
    }
}

/// The greatest difference between what `loss` finds for its gradient along some directions and central differences, as a
/// part of the gradient's norm. The first direction is the gradient's own.
func gradientError(_ loss: any ImageLoss, step: Float = 4e-3) -> Double {
    let input = loss.teacher.network.input
    let start = input.array
    _ = loss.evaluate()
    let gradient = loss.teacher.gradient.array
    let norm = gradient.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    var stream = RandomStream(RandomKey(seed: 8, purpose: .test))
    var worst = 0.0
    for direction in 0..<5 {
        let raw = direction == 0 ? gradient.map { Double($0) } : gradient.map { _ in stream.normal() }
        let length = raw.reduce(0) { $0 + $1 * $1 }.squareRoot()
        let unit = raw.map { Float($0 / length) }
        func value(_ side: Float) -> Double {
            input.copy(from: zip(start, unit).map { $0 + side * step * $1 })
            return loss.evaluate().total
        }
        let slope = (value(1) - value(-1)) / Double(2 * step)
        let due = zip(gradient, unit).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
        worst = max(worst, (slope - due).magnitude / norm)
    }
    input.copy(from: start)
    return worst
}

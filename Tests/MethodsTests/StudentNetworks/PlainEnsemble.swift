import Foundation
import Methods
import Networks
import TensorMath

/// Students of one hidden layer and their head in double, with no more calculus than differences, and the real ones
/// beside it: 4 values in, 3 hidden units, features after a relu, 3 classes.
struct PlainEnsemble {
    static let (inputs, hidden, classes) = (4, 3, 3)

    let widths: [Int]
    let parts: Int

    /// Of students with so many features; there are as many parts as students unless twins are wanted.
    init(_ widths: [Int], parts: Int? = nil) {
        self.widths = widths
        self.parts = parts ?? widths.count
    }

    var plan: EnsemblePlan {
        get throws {
            EnsemblePlan(
                students: try widths.map { width in
                    try NetworkPlan(
                        spec: ModelSpec(
                            name: "plain",
                            layers: [
                                .flatten, .dense(units: Self.hidden), .relu, .dense(units: width), .relu,
                            ]),
                        input: Shape(channels: Self.inputs), classes: width)
                }, parts: parts, classes: Self.classes)
        }
    }

    /// The teacher's filters of each part, in some order.
    var filters: [[Int]] {
        var next = 0
        return widths.prefix(parts).map { width in
            defer { next += width }
            return Array((next..<next + width).reversed())
        }
    }

    var allFilters: Int { widths.prefix(parts).reduce(0, +) + 1 }

    private static func dense(_ x: [Double], _ p: inout ArraySlice<Double>, _ units: Int) -> [Double] {
        let w = Array(p.prefix(units * x.count))
        p = p.dropFirst(w.count)
        let b = Array(p.prefix(units))
        p = p.dropFirst(units)
        return (0..<units).map { u in x.indices.reduce(b[u]) { $0 + w[u * x.count + $1] * x[$1] } }
    }

    /// Features of each student, and logits without the lost ones.
    func forward(_ p: [Double], _ x: [Double], lost: Set<Int>) -> (features: [[Double]], logits: [Double]) {
        var rest = p[...]
        let features = widths.map { width in
            let hidden = Self.dense(x, &rest, Self.hidden).map { max(0, $0) }
            return Self.dense(hidden, &rest, width).map { max(0, $0) }
        }
        let joined = (0..<parts).flatMap { part -> [Double] in
            let present = stride(from: part, to: widths.count, by: parts).filter { !lost.contains($0) }
            let zero = [Double](repeating: 0, count: widths[part])
            return present.isEmpty
                ? zero : 1 / Double(present.count) * present.reduce(zero) { $0 .+ features[$1] }
        }
        return (features, Self.dense(joined, &rest, Self.classes))
    }

    struct Sample {
        var x: [Double]
        var label: Int
        var teacherLogits: [Double]
        var teacherFeatures: [Double]
    }

    /// The loss of a batch as stated.
    func loss(_ p: [Double], _ samples: [Sample], _ settings: DistillationSettings, lost: Set<Int>) -> Double
    {
        let present = widths.indices.filter { !lost.contains($0) }
        let own = present.map { filters[$0 % parts] }
        var features = present.map { _ in [Double]() }
        var sum = 0.0
        for sample in samples {
            let found = forward(p, sample.x, lost: lost)
            let t = settings.temperature
            let q = PlainNet.softmax(found.logits.map { $0 / t })
            let r = PlainNet.softmax(sample.teacherLogits.map { $0 / t })
            let divergence = zip(r, q).reduce(0) { $0 + $1.0 * log($1.0 / $1.1) }
            let labels = -log(PlainNet.softmax(found.logits)[sample.label])
            sum +=
                settings.alpha * t * t * 2 * divergence / Double(Self.classes) + (1 - settings.alpha) * labels
            for (index, student) in present.enumerated() { features[index] += found.features[student] }
        }
        let distance = DistillationLossTests.distance(
            features, samples.flatMap(\.teacherFeatures), filters: own,
            perPart: settings.normalization == .perPart, divisor: Double(own.joined().count))
        return sum / Double(samples.count) + settings.beta * distance
    }

    func samples(_ count: Int) -> [Sample] {
        var stream = RandomStream(RandomKey(seed: 23, purpose: .test))
        func draw(_ count: Int) -> [Double] { (0..<count).map { _ in Double(Float(stream.normal())) } }
        return (0..<count).map { index in
            Sample(
                x: draw(Self.inputs), label: index % Self.classes, teacherLogits: 3 * draw(Self.classes),
                teacherFeatures: draw(allFilters).map(abs))
        }
    }

    /// Weights with which few features are zero.
    func parameters(_ plan: EnsemblePlan) -> [Float] {
        var stream = RandomStream(RandomKey(seed: 29, purpose: .test))
        return (0..<plan.layout.count).map { _ in Float(0.5 * stream.normal() + 0.3) }
    }
}

extension JointDistillation {
    func step(_ samples: [PlainEnsemble.Sample]) -> DistillationLosses {
        ensemble.input.slice(0, samples.count * PlainEnsemble.inputs)
            .copy(from: samples.flatMap { $0.x.map { Float($0) } })
        let labels = samples.map { UInt8($0.label) }
        return step(
            labels: labels.span,
            teacher: TeacherOutputs(
                logits: DistillationLossTests.view(samples.flatMap { $0.teacherLogits.map { Float($0) } }),
                features: DistillationLossTests.view(
                    samples.flatMap { $0.teacherFeatures.map { Float($0) } })),
            samples: samples.count)
    }
}

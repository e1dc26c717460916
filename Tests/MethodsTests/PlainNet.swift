import Foundation

/// A dense network with one hidden layer of rectified units, in double, with no more calculus than differences:
/// weights [hidden, features], biases, weights [classes, hidden], biases.
enum PlainNet {
    static let (features, hidden, classes) = (4, 5, 3)
    static let count = hidden * features + hidden + classes * hidden + classes

    typealias Sample = (x: [Double], label: Int)

    /// What the last layer reads.
    static func activations(_ p: [Double], _ x: [Double]) -> [Double] {
        (0..<hidden).map { h in
            max(0, (0..<features).reduce(p[hidden * features + h]) { $0 + p[h * features + $1] * x[$1] })
        }
    }

    static func logits(_ p: [Double], _ a: [Double]) -> [Double] {
        let start = hidden * features + hidden
        return (0..<classes).map { c in
            (0..<hidden).reduce(p[start + classes * hidden + c]) { $0 + p[start + c * hidden + $1] * a[$1] }
        }
    }

    /// Mean cross-entropy, with a prior on the activations of all samples.
    static func loss(
        _ p: [Double], _ samples: [Sample], prior: ([[Double]]) -> Double = { _ in 0 }
    ) -> Double {
        let activations = samples.map { Self.activations(p, $0.x) }
        let sum = zip(samples, activations).reduce(0.0) { sum, pair in
            let logits = logits(p, pair.1)
            return sum + log(logits.reduce(0) { $0 + exp($1) }) - logits[pair.0.label]
        }
        return sum / Double(samples.count) + prior(activations)
    }

    /// Central differences.
    static func gradient(at p: [Double], of f: ([Double]) -> Double) -> [Double] {
        let step = 1e-6
        return p.indices.map { index in
            var (above, below) = (p, p)
            above[index] += step
            below[index] -= step
            return (f(above) - f(below)) / (2 * step)
        }
    }

    /// Of the mean cross-entropy.
    static func gradient(_ p: [Double], _ samples: [Sample]) -> [Double] {
        gradient(at: p) { loss($0, samples) }
    }

    static func softmax(_ a: [Double]) -> [Double] {
        let powers = a.map { exp($0) }
        let sum = powers.reduce(0, +)
        return powers.map { $0 / sum }
    }
}

/// Arrays as vectors, value by value; with a point, as plain + joins arrays.
infix operator .+ : AdditionPrecedence

func .+ (a: [Double], b: [Double]) -> [Double] {
    precondition(a.count == b.count)
    return zip(a, b).map { $0 + $1 }
}

func - (a: [Double], b: [Double]) -> [Double] {
    precondition(a.count == b.count)
    return zip(a, b).map { $0 - $1 }
}

func * (a: Double, b: [Double]) -> [Double] { b.map { a * $0 } }

/// The mean of `values` weighted by `weights`.
func mean(_ values: [[Double]], weights: [Int]) -> [Double] {
    let total = Double(weights.reduce(0, +))
    return zip(values, weights).reduce([Double](repeating: 0, count: values[0].count)) {
        $0 .+ Double($1.1) / total * $1.0
    }
}

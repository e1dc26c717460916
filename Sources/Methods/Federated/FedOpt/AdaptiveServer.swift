import Networks
import TensorMath

/// The server's half of FedOpt: what the aggregation gives, less the last model, is a pseudo-gradient Delta on which the
/// server takes a step of its own (Reddi et al., Adaptive Federated Optimization, ICLR 2021, algorithms 1 and 2).
///
/// Trainable values take the step; running statistics become what the aggregation gives. Arithmetic in double, kept as
/// Float32. As in the paper there is no correction of the first steps' bias, and v begins at tau^2.
struct AdaptiveServer: FederatedServer {
    /// How a step follows from Delta, the first moment m and the second moment v.
    enum Rule {
        /// m = momentum m + Delta; w += rate m (Hsu et al. 2019, FedAvgM).
        case momentum(rate: Double, momentum: Double)
        /// m = beta1 m + (1 - beta1) Delta; v as the kind says; w += rate m / (sqrt(v) + tau).
        case adaptive(Kind, rate: Double, beta1: Double, beta2: Double, tau: Double)
    }

    enum Kind { case adagrad, yogi, adam }

    private let rule: Rule
    private let payload: ParameterLayout
    private var aggregator: any Aggregator
    private let mean: FloatBuffer
    private let first: FloatBuffer
    private let second: FloatBuffer?

    init(_ context: ServerContext, rule: Rule) {
        self.rule = rule
        payload = context.exchange.payload
        aggregator = context.aggregator(payload)
        mean = FloatBuffer(count: payload.count)
        first = FloatBuffer(count: payload.count)
        if case .adaptive(_, _, _, _, let tau) = rule {
            second = FloatBuffer(count: payload.count)
            second?.view.fill(Float(tau * tau))
        } else {
            second = nil
        }
    }

    var memory: [ServerVector] {
        [ServerVector("momentum", layout: payload, values: first.view)]
            + (second.map { [ServerVector("second_moment", layout: payload, values: $0.view)] } ?? [])
    }

    mutating func begin(global: FloatView, cohort: [CohortMember]) {
        aggregator.begin(reference: global, cohort: cohort)
    }

    mutating func accept(_ update: FloatView, of member: CohortMember) throws(Rejection) {
        try aggregator.add(update, of: member)
    }

    var factors: [Int: Double]? { aggregator.factors }

    mutating func finish(into global: FloatView) {
        aggregator.finish(into: mean.view)
        for segment in payload.segments {
            let values = mean.view.slice(segment.offset, segment.count)
            if segment.role == .buffer {
                global.slice(segment.offset, segment.count).copy(from: values)
            } else {
                step(segment.offset..<segment.offset + segment.count, global)
            }
        }
    }

    private func step(_ range: Range<Int>, _ global: FloatView) {
        let (w, target, m) = (global.pointer, mean.view.pointer, first.view.pointer)
        switch rule {
        case .momentum(let rate, let momentum):
            for i in range {
                let next = momentum * Double(m[i]) + (Double(target[i]) - Double(w[i]))
                m[i] = Float(next)
                w[i] = Float(Double(w[i]) + rate * next)
            }
        case .adaptive(let kind, let rate, let beta1, let beta2, let tau):
            let v = second!.view.pointer
            for i in range {
                let delta = Double(target[i]) - Double(w[i])
                let next = beta1 * Double(m[i]) + (1 - beta1) * delta
                let square = Self.secondMoment(kind, Double(v[i]), delta * delta, beta2)
                m[i] = Float(next)
                v[i] = Float(square)
                w[i] = Float(Double(w[i]) + rate * next / (square.squareRoot() + tau))
            }
        }
    }

    private static func secondMoment(_ kind: Kind, _ v: Double, _ square: Double, _ beta2: Double) -> Double {
        switch kind {
        case .adagrad: v + square
        case .adam: beta2 * v + (1 - beta2) * square
        case .yogi: v - (1 - beta2) * square * (v > square ? 1 : v < square ? -1 : 0)
        }
    }
}

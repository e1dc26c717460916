import CKernels
import TensorMath

/// The synthetic(alpha, beta) task of Li et al., "Federated optimization in heterogeneous networks" (MLSys 2020),
/// as their published generator defines it.
///
/// For client k:
/// - u_k ~ N(0, alpha) and B_k ~ N(0, beta), where alpha and beta are *standard deviations*, as in the generator
///   (the paper's text leaves it open; for 0 and 1 there is no difference);
/// - W_k in R^(60 x 10) and b_k in R^10, every entry ~ N(u_k, 1); v_k in R^60, every entry ~ N(B_k, 1);
/// - n_k = floor(exp(4 + 2 z)) + 50 samples, z ~ N(0, 1);
/// - x ~ N(v_k, diag(j^-1.2)), j = 1...60 (variances); y = argmax(W_k^T x + b_k), the first of equals.
///
/// The first floor(0.9 n_k) samples of a client are its training samples; the others go, client by client, into
/// the global test set. alpha makes the clients' models differ, beta their data.
///
/// Deviations: the generator shuffles a client's samples before it cuts them, which changes nothing about draws
/// that are independent; it takes the argmax of a softmax, which is the argmax of its argument; it draws all
/// clients from one stream, we give each client a stream of its own, so that client k's data depend on the seed
/// and k alone and not on the number of clients. Labels are computed in double precision from features already
/// rounded to Float32, so that the task is exact as stored.
struct SyntheticGenerator {
    static let dimension = 60
    static let classes = 10
    static let shape = SampleShape(channels: dimension, height: 1, width: 1)
    /// Most samples of all clients together: 4 GiB of features.
    static let maximumSamples = (1 << 30) / dimension

    let alpha: Double
    let beta: Double
    let clients: Int
    let seed: UInt64
    /// Without features they are drawn, as labels follow from them, and forgotten.
    let keepFeatures: Bool

    /// Everything, in client order.
    struct Output {
        var trainLabels: [UInt8] = []
        var trainValues: [Float] = []
        var testLabels: [UInt8] = []
        var testValues: [Float] = []
        var owners = Owners(train: [], test: [])
    }

    func generate() throws(DatasetError) -> Output {
        let deviations = (1...Self.dimension).map { ck_exp(-0.6 * ck_log(Double($0))) }
        var output = Output()
        try checkSize()
        for client in 0..<clients {
            var (stream, task, samples) = begin(client)
            let kept = samples * 9 / 10
            let first = UInt32(output.trainLabels.count)
            let firstTest = UInt32(output.testLabels.count)
            output.owners.train.append(Array(first..<first + UInt32(kept)))
            output.owners.test.append(Array(firstTest..<firstTest + UInt32(samples - kept)))
            for sample in 0..<samples {
                let x = task.features(&stream, deviations)
                let label = task.label(of: x)
                if sample < kept {
                    output.trainLabels.append(label)
                    if keepFeatures { output.trainValues += x }
                } else {
                    output.testLabels.append(label)
                    if keepFeatures { output.testValues += x }
                }
            }
        }
        return output
    }

    /// What a client draws first: its task, then the number of its samples.
    private func begin(_ client: Int) -> (stream: RandomStream, task: Task, samples: Int) {
        var stream = RandomStream(RandomKey(seed: seed, purpose: .synthetic, client: UInt32(client)))
        let task = Task(&stream, alpha: alpha, beta: beta)
        let count = min(ck_exp(4 + 2 * stream.normal()), 1e12)
        return (stream, task, Int(count) + 50)
    }

    /// Before samples are drawn, which takes long.
    private func checkSize() throws(DatasetError) {
        var total = 0
        for client in 0..<clients {
            total += begin(client).samples
            guard total <= Self.maximumSamples else { throw tooLarge(client) }
        }
    }

    private func tooLarge(_ client: Int) -> DatasetError {
        DatasetError(
            .badSpecification, source: "dataset synthetic",
            found: "more than \(Self.maximumSamples) samples up to client \(client) of \(clients)",
            expected: "data that fit in memory", remedy: "ask for fewer clients")
    }

    /// What one client draws before its samples.
    private struct Task {
        private var weights: [Double]
        private var biases: [Double]
        private var center: [Double]

        init(_ stream: inout RandomStream, alpha: Double, beta: Double) {
            let modelMean = alpha * stream.normal()
            let dataMean = beta * stream.normal()
            center = (0..<dimension).map { _ in dataMean + stream.normal() }
            weights = (0..<dimension * classes).map { _ in modelMean + stream.normal() }
            biases = (0..<classes).map { _ in modelMean + stream.normal() }
        }

        func features(_ stream: inout RandomStream, _ deviations: [Double]) -> [Float] {
            (0..<dimension).map { Float(center[$0] + deviations[$0] * stream.normal()) }
        }

        func label(of x: [Float]) -> UInt8 {
            var scores = biases
            for (feature, value) in x.enumerated() {
                for label in scores.indices {
                    scores[label] += Double(value) * weights[feature * scores.count + label]
                }
            }
            var best = 0
            for label in scores.indices where scores[label] > scores[best] { best = label }
            return UInt8(best)
        }
    }
}

import TensorMath

/// Noise-based feature imbalance of NIID-Bench (Li et al., ICDE 2022): samples are dealt as by `iid`, and client i
/// of N sees its own, to train and to test, with Gaussian noise of standard deviation level * i / (N - 1) added to
/// every feature. Pixels lie in 0...1 before; nothing is clipped. The global test set is clean.
///
/// Deviations: NIID-Bench draws new noise at every look at a sample; here a sample has one noise for the whole
/// experiment, keyed by (seed, noise, client, sample), as data of a client do not change. The paper calls
/// level * i / N a variance; its program uses the standard deviation above. One client alone has none.
public struct FeatureNoise: Sendable, Equatable {
    public let level: Double
    /// Number of clients, N.
    public let clients: Int
    /// Of the experiment.
    public let seed: UInt64

    /// Largest level: features lie near 1.
    static let maximumLevel = 1000.0

    init(level: Double, clients: Int, seed: UInt64) throws(PartitionError) {
        guard level >= 0 && level <= FeatureNoise.maximumLevel else { throw .badLevel(level) }
        self.level = level
        self.clients = clients
        self.seed = seed
    }

    /// Standard deviation of the noise on the features of `client`.
    public func deviation(of client: Int) -> Double {
        clients == 1 ? 0 : level * Double(client) / Double(clients - 1)
    }
}

/// Whose noise every training sample has.
public struct SampleNoise: Sendable, Equatable {
    public let noise: FeatureNoise
    /// Owner of each sample; `nobody` where it has none.
    private var owners: [UInt32]
    private static let nobody = UInt32.max

    init(_ noise: FeatureNoise, samples: Int, of clients: [[UInt32]]) {
        self.noise = noise
        owners = [UInt32](repeating: Self.nobody, count: samples)
        for (client, list) in clients.enumerated() {
            for sample in list { owners[Int(sample)] = UInt32(client) }
        }
    }

    /// Adds the noise of `sample` to its features.
    func add(to features: FloatView, of sample: UInt32) {
        let client = owners[Int(sample)]
        guard client != Self.nobody else { return }
        let deviation = noise.deviation(of: Int(client))
        guard deviation > 0 else { return }
        features.addGaussianNoise(
            deviation: deviation,
            key: RandomKey(seed: noise.seed, purpose: .noise, client: client, participation: sample))
    }
}

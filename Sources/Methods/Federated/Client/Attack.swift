import TensorMath

/// Clients that do not play by the rules, for experiments with robust aggregation.
public struct AttackSpec: Sendable, Equatable {
    public enum Kind: String, Sendable, CaseIterable {
        /// Sends model - scale x its difference instead of model + its difference.
        case signFlip = "sign_flip"
        /// Sends the model with normal noise of deviation `scale` instead of what it learnt.
        case scaledNoise = "scaled_noise"
        /// Trains on labels that are turned round: class c becomes classes - 1 - c.
        case labelFlip = "label_flip"
    }

    public var kind: Kind
    /// Share of all clients; they are drawn from the seed once.
    public var share: Double
    public var scale: Double

    public init(kind: Kind, share: Double, scale: Double = 1) {
        self.kind = kind
        self.share = share
        self.scale = scale
    }

    /// The attackers among `clients`: the nearest whole number to share x clients of them.
    package func attackers(of clients: Int, seed: UInt64) -> Set<Int> {
        var stream = RandomStream(RandomKey(seed: seed, purpose: .attack))
        return Set(stream.sample(Int((share * Double(clients)).rounded()), of: clients))
    }

    /// Turns an honest update into the attacker's, within `runs`: what training moves. Running statistics stay honest, as
    /// noise would make variances negative, which no server would take.
    func distort(_ update: FloatView, received: FloatView, runs: [Range<Int>], stream: inout RandomStream) {
        switch kind {
        case .labelFlip: break
        case .signFlip:
            for index in runs.joined() {
                let from = Double(received.pointer[index])
                update.pointer[index] = Self.sent(from - scale * (Double(update.pointer[index]) - from))
            }
        case .scaledNoise:
            for index in runs.joined() {
                update.pointer[index] = Self.sent(Double(received.pointer[index]) + scale * stream.normal())
            }
        }
    }

    /// The greatest magnitude that an attacker sends: beyond it the exact mean would refuse the update, and a clever
    /// attacker stays inside.
    static let greatest = 4096.0

    private static func sent(_ value: Double) -> Float { Float(min(greatest, max(-greatest, value))) }
}

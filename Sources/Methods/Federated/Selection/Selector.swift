import TensorMath

/// What a client's training says about it, for selections that learn.
package struct ClientReport: Sendable {
    package let client: Int
    package let samples: Int
    /// Mean loss over the samples of its training.
    package let meanLoss: Double
    /// Root of the mean squared loss.
    package let rootMeanSquareLoss: Double

    package init(client: Int, samples: Int, meanLoss: Double, rootMeanSquareLoss: Double) {
        self.client = client
        self.samples = samples
        self.meanLoss = meanLoss
        self.rootMeanSquareLoss = rootMeanSquareLoss
    }
}

/// Draws the cohorts of a run: a function of the seed, the round and what the clients reported before.
package struct Selector {
    private let spec: SelectionSpec
    private let seed: UInt64
    /// Clients that hold training samples, ascending, and how many.
    package let eligible: [Int]
    private let samples: [Int]
    private let size: Int
    /// Selections that learn keep what they know as Float32, so that a resumed run knows exactly the same.
    private let loss: FloatBuffer
    private let lastRound: FloatBuffer
    private let layout: ParameterLayout

    /// `counts` are the training samples of every client; `size` clients are drawn, fewer where fewer hold any.
    package init(_ spec: SelectionSpec, seed: UInt64, counts: [Int], size: Int) {
        self.spec = spec
        self.seed = seed
        eligible = counts.indices.filter { counts[$0] > 0 }
        samples = counts
        self.size = min(size, eligible.count)
        var layout = ParameterLayout()
        layout.append(name: "client", shape: [max(counts.count, 1)], role: .buffer, layer: 0)
        self.layout = layout
        loss = FloatBuffer(count: layout.count)
        lastRound = FloatBuffer(count: layout.count)
        loss.view.fill(-1)
    }

    /// Whether cohorts depend on what clients reported; otherwise they follow from seed and round alone.
    package var learns: Bool {
        switch spec {
        case .uniform, .roundRobin: false
        case .powerOfChoice, .oort: true
        }
    }

    package var memory: [ServerVector] {
        guard learns else { return [] }
        return [
            ServerVector("selection_loss", layout: layout, values: loss.view),
            ServerVector("selection_round", layout: layout, values: lastRound.view),
        ]
    }

    /// The cohort of a round, counted from 1, in the order drawn.
    package func cohort(round: Int) -> [Int] { cohort(round: round, size: size) }

    /// `size` clients of those that are there. `duration`: what each one's part takes in simulated
    /// time, the same for all where there is none.
    package func cohort(
        round: Int, size: Int, duration: (Int) -> Nanoseconds = { _ in 1 }, isThere: ((Int) -> Bool)? = nil
    ) -> [Int] {
        let eligible = isThere.map { self.eligible.filter($0) } ?? self.eligible
        let size = min(size, eligible.count)
        var stream = RandomStream(
            RandomKey(seed: seed, purpose: .selection, participation: UInt32(round)))
        switch spec {
        case .uniform: return stream.sample(size, of: eligible.count).map { eligible[$0] }
        case .roundRobin:
            // Everybody has a turn; who is not there when it comes is passed over.
            let there = Set(eligible)
            let first = (round - 1) * self.size
            let turns = (first..<first + self.eligible.count).lazy.map {
                self.eligible[$0 % self.eligible.count]
            }
            return Array(turns.filter { there.contains($0) }.prefix(size))
        case .powerOfChoice(let candidates):
            return PowerOfChoice.cohort(
                size, of: eligible, candidates: candidates, samples: samples, loss: loss.view, &stream)
        case .oort(let settings):
            return settings.cohort(
                size, of: eligible, round: round, utility: loss.view, lastRound: lastRound.view,
                duration: duration, &stream)
        }
    }

    /// A uniform cohort of clients that are there, asking few others; nil where another selection draws, or where too few
    /// are there to be found that way. Every one that is there is as likely.
    package func sample(round: Int, size: Int, isThere: (Int) -> Bool) -> [Int]? {
        guard spec == .uniform else { return nil }
        var stream = RandomStream(RandomKey(seed: seed, purpose: .selection, participation: UInt32(round)))
        var cohort: [Int] = []
        for index in stream.sample(min(4 * size + 32, eligible.count), of: eligible.count) {
            if cohort.count == size { break }
            if isThere(eligible[index]) { cohort.append(eligible[index]) }
        }
        return cohort.count == size ? cohort : nil
    }

    /// Takes note of a finished round.
    package func observe(_ reports: [ClientReport], round: Int) {
        guard learns else { return }
        for report in reports {
            lastRound.view[report.client] = Float(round)
            switch spec {
            case .oort:
                loss.view[report.client] = finite(Double(report.samples) * report.rootMeanSquareLoss)
            default: loss.view[report.client] = finite(report.meanLoss)
            }
        }
    }
}

/// As Float32, at most its greatest.
private func finite(_ value: Double) -> Float { Float(min(value, Double(Float.greatestFiniteMagnitude))) }

/// Draws `count` of `items` without replacement, each time with probability proportional to its weight; where all
/// weights that are left are 0, the first.
func draw(_ count: Int, of items: [Int], weights: [Double], _ stream: inout RandomStream) -> [Int] {
    var (items, weights) = (items, weights)
    var drawn: [Int] = []
    while drawn.count < count, !items.isEmpty {
        let total = weights.reduce(0, +)
        var place = 0
        if total > 0 {
            var left = stream.uniformDouble() * total
            while place < items.count - 1, left >= weights[place] {
                left -= weights[place]
                place += 1
            }
        }
        drawn.append(items.remove(at: place))
        weights.remove(at: place)
    }
    return drawn
}

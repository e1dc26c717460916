import CKernels
import TensorMath

/// Lai et al., Oort: Efficient Federated Learning via Guided Participant Selection, OSDI 2021, algorithm 1.
///
/// A client's statistical utility is |B| sqrt(mean of its squared losses); a bonus sqrt(0.1 ln r / L), L the round of
/// its last part, is added for what is out of date (section 4.3); utilities beyond the 95th percentile count as that
/// percentile. In simulated time the sum is multiplied by the system utility (T / t)^penalty of a client whose part takes
/// t > T. A share epsilon of the cohort, which shrinks from round to round, is drawn from clients never tried, in simulated
/// time with probability proportional to 1 / t, else evenly.
///
/// Deviations: squared losses are those of batches, not of single samples; utilities are divided by their greatest before
/// the bonus, as in the authors' code; T is `preferred` of the durations of all who may be drawn, as their code begins,
/// and no pacer moves it; durations are known before a client's first part, because they are simulated.
public struct Oort: Sendable, Equatable {
    /// Share of untried clients in the first round, its factor per round and its least value.
    public var exploration: Double
    public var explorationDecay: Double
    public var explorationMinimum: Double
    /// Clients at or above this share of the last chosen one's utility may be chosen.
    public var cutoff: Double
    /// Share of clients that are not slower than T.
    public var preferred: Double
    /// Exponent of the system utility; 0: speed does not matter to clients that were tried.
    public var penalty: Double

    public init(
        exploration: Double = 0.9, explorationDecay: Double = 0.98, explorationMinimum: Double = 0.2,
        cutoff: Double = 0.95, preferred: Double = 0.3, penalty: Double = 2
    ) {
        self.exploration = exploration
        self.explorationDecay = explorationDecay
        self.explorationMinimum = explorationMinimum
        self.cutoff = cutoff
        self.preferred = preferred
        self.penalty = penalty
    }

    /// `utility` is below 0 for clients never tried; `duration` is what a client's part takes in simulated time,
    /// the same for all where there is none.
    func cohort(
        _ size: Int, of eligible: [Int], round: Int, utility: FloatView, lastRound: FloatView,
        duration: (Int) -> Nanoseconds, _ stream: inout RandomStream
    ) -> [Int] {
        guard !eligible.isEmpty else { return [] }
        let speeds = speeds(eligible, duration)
        var share = exploration
        for _ in 1..<round where share > explorationMinimum { share *= explorationDecay }
        share = max(share, explorationMinimum)
        let untried = eligible.filter { utility[$0] < 0 }
        let tried = eligible.filter { utility[$0] >= 0 }
        let wanted = min(Int((share * Double(size)).rounded()), untried.count)
        let exploited = exploit(
            min(size - wanted, tried.count), of: tried, round: round, utility: utility, lastRound: lastRound,
            speeds, &stream)
        let explored = draw(
            size - exploited.count, of: untried, weights: untried.map { speeds[$0]! }, &stream)
        let rest = tried.filter { !exploited.contains($0) }
        let missing = size - exploited.count - explored.count
        return exploited + explored + rest.prefix(missing)
    }

    /// T / t of each client; 1 where all take the same time.
    private func speeds(_ clients: [Int], _ duration: (Int) -> Nanoseconds) -> [Int: Double] {
        let times = clients.map { Double(max(duration($0), 1)) }
        let limit = times.sorted()[min(times.count - 1, Int(preferred * Double(times.count)))]
        return Dictionary(uniqueKeysWithValues: zip(clients, times.map { limit / $0 }))
    }

    private func systemUtility(_ speed: Double) -> Double {
        speed < 1 ? ck_exp(penalty * ck_log(speed)) : 1
    }

    private func exploit(
        _ count: Int, of tried: [Int], round: Int, utility: FloatView, lastRound: FloatView,
        _ speeds: [Int: Double], _ stream: inout RandomStream
    ) -> [Int] {
        guard count > 0 else { return [] }
        let sorted = tried.map { Double(utility[$0]) }.sorted()
        let clip = sorted[min(sorted.count - 1, Int(0.95 * Double(sorted.count)))]
        let scale = clip > 0 ? 1 / clip : 1
        let values = tried.map { client in
            let bonus = (0.1 * ck_log(Double(max(round, 1))) / Double(max(lastRound[client], 1))).squareRoot()
            return (min(Double(utility[client]), clip) * scale + bonus) * systemUtility(speeds[client]!)
        }
        let threshold = values.sorted(by: >)[count - 1] * cutoff
        let pool = tried.indices.filter { values[$0] >= threshold }
        return draw(count, of: pool.map { tried[$0] }, weights: pool.map { values[$0] }, &stream)
    }
}

/// Seconds of a forward pass as a sum of prices for what it consists of.
public struct CostModel: Sendable, Equatable {
    public let deadPaths: DeadPaths
    public let terms: [CostTerm]
    /// Seconds for one of each term, 0 or more.
    public let prices: [Double]

    /// What an error is divided by before it is squared.
    public enum Weighting: Sendable {
        /// The measured time. Where the terms say little, predictions come out low, because one of zero is never
        /// further off than 100 %.
        case measured
        /// The geometric mean of measured and predicted time, in a few rounds: they come out less low.
        case geometric
    }

    /// The prices that make the sum of squared relative errors least. What all samples have the same amount of is part
    /// of the pass, if that has a price.
    public init(
        _ samples: [CostSample], terms: [CostTerm], deadPaths: DeadPaths, weighting: Weighting = .measured
    ) {
        precondition(!samples.isEmpty && !terms.isEmpty, "nothing to fit")
        self.terms = terms
        self.deadPaths = deadPaths
        let isPriced = terms.map { term in
            let first = samples[0].amount(of: term, deadPaths)
            return term == .passes || !terms.contains(.passes)
                || samples.contains { $0.amount(of: term, deadPaths) != first }
        }
        let amounts = samples.map { sample in
            zip(terms, isPriced).map { $1 ? sample.amount(of: $0, deadPaths) : 0 }
        }
        var scales = samples.map(\.seconds)
        var prices: [Double] = []
        for _ in 0..<(weighting == .measured ? 1 : 20) {
            prices = nonNegativeLeastSquares(
                zip(amounts, scales).map { row, scale in row.map { $0 / scale } },
                zip(samples, scales).map { $0.seconds / $1 })
            scales = zip(samples, amounts).map { sample, row in
                let predicted = zip(prices, row).reduce(0) { $0 + $1.0 * $1.1 }
                return (sample.seconds * max(predicted, 0.1 * sample.seconds)).squareRoot()
            }
        }
        self.prices = prices
    }

    public func seconds(_ sample: CostSample) -> Double {
        zip(terms, prices).reduce(0) { $0 + $1.1 * sample.amount(of: $1.0, deadPaths) }
    }

    /// |predicted - measured| / measured.
    func relativeError(_ sample: CostSample) -> Double {
        (seconds(sample) - sample.seconds).magnitude / sample.seconds
    }

    /// Terms and dead paths as cross-validation on `samples` chooses them, prices from all of `samples`.
    ///
    /// Dead paths are as in the best of all models. Of the terms the fewest are taken whose error is not clearly above
    /// that of the best with these paths: by no more than its standard error (Breiman et al. 1984).
    public static func calibrated(
        _ samples: [CostSample], candidates: [[CostTerm]] = CostTerm.candidates,
        deadPaths: [DeadPaths] = DeadPaths.allCases, weighting: Weighting = .measured
    ) -> CostModel {
        precondition(samples.count > 1 && !candidates.isEmpty && !deadPaths.isEmpty, "nothing to choose by")
        let scored = deadPaths.map { paths in
            candidates.map { (terms: $0, errors: crossValidated(samples, $0, paths, weighting)) }
        }
        func least(_ choices: [(terms: [CostTerm], errors: [Double])]) -> Int {
            choices.indices.min { choices[$0].errors.mean < choices[$1].errors.mean }!
        }
        let best = scored.map { $0[least($0)].errors.mean }
        let chosen = best.indices.min { best[$0] < best[$1] }!
        let errors = scored[chosen][least(scored[chosen])].errors
        let limit = errors.mean + errors.standardErrorOfMean
        let simplest = scored[chosen].first { $0.errors.mean <= limit }!
        return CostModel(
            samples, terms: simplest.terms, deadPaths: deadPaths[chosen], weighting: weighting)
    }

    /// Error of each sample where it was left out, in ten parts or one by one when there are fewer than ten.
    private static func crossValidated(
        _ samples: [CostSample], _ terms: [CostTerm], _ deadPaths: DeadPaths, _ weighting: Weighting
    ) -> [Double] {
        let parts = min(10, samples.count)
        return (0..<parts).flatMap { part in
            let kept = samples.indices.filter { $0 % parts != part }.map { samples[$0] }
            let model = CostModel(kept, terms: terms, deadPaths: deadPaths, weighting: weighting)
            return samples.indices.filter { $0 % parts == part }.map { model.relativeError(samples[$0]) }
        }
    }
}

extension [Double] {
    var mean: Double { reduce(0, +) / Double(count) }

    fileprivate var standardErrorOfMean: Double {
        let mean = mean
        let squares = reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return (squares / Double(count - 1) / Double(count)).squareRoot()
    }
}

extension DeviceProfile.Speed {
    /// The same prices as figures of a profile; a price of zero becomes a figure without end.
    ///
    /// - Parameter peakFLOPS: what efficiencies relate to; nil for the fastest kind of layer.
    public init(_ model: CostModel, peakFLOPS: Double? = nil, errorPercent: Double?, source: String) {
        func price(_ term: CostTerm) -> Double {
            zip(model.terms, model.prices).first { $0.0 == term }?.1 ?? 0
        }
        let rates = LayerKind.allCases.map { kind in
            1 / (kind == .elementwise ? price(.operations) : price(.products) + price(.productsOf(kind)))
        }
        let fastest = rates.dropLast().filter(\.isFinite).max() ?? 1e9
        let peak = peakFLOPS ?? fastest
        self.init(
            peakFLOPS: peak, efficiency: rates.map { $0 / peak },
            activationBytesPerSecond: 1 / price(.activationBytes),
            weightBytesPerSecond: 1 / (price(.weightBytes) + price(.matrixBytes)),
            kernelBytesPerSecond: model.terms.contains(.kernelBytes) ? 1 / price(.kernelBytes) : nil,
            secondsPerLayer: price(.layers),
            secondsPerPass: price(.passes), errorPercent: errorPercent, source: source)
    }
}

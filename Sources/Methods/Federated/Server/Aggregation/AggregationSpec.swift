import TensorMath

/// How the server combines what a cohort sent.
public enum AggregationSpec: Sendable, Equatable {
    /// Weighted by samples.
    case mean
    /// Of each coordinate; see `CoordinateRule`.
    case median
    /// Of each coordinate without its `fraction` greatest and least.
    case trimmedMean(fraction: Double)
    /// The update nearest to the others; see `Krum`.
    case krum(byzantine: Int)
    /// The mean of the `selected` updates nearest to the others.
    case multiKrum(byzantine: Int, selected: Int)
    /// The weighted mean of updates shortened to at most `norm`; see `NormClipping`.
    case normClipping(norm: Double)

    /// The names that scenarios use.
    public static let names = ["mean", "median", "trimmed_mean", "krum", "multi_krum", "norm_clipping"]

    public var name: String {
        switch self {
        case .mean: "mean"
        case .median: "median"
        case .trimmedMean: "trimmed_mean"
        case .krum: "krum"
        case .multiKrum: "multi_krum"
        case .normClipping: "norm_clipping"
        }
    }

    package func aggregator(_ layout: ParameterLayout) -> any Aggregator {
        switch self {
        case .mean: ExactMean(layout)
        case .median: CoordinateRule(layout, trim: nil)
        case .trimmedMean(let fraction): CoordinateRule(layout, trim: fraction)
        case .krum(let byzantine): Krum(layout, byzantine: byzantine, selected: 1)
        case .multiKrum(let byzantine, let selected): Krum(layout, byzantine: byzantine, selected: selected)
        case .normClipping(let norm): NormClipping(layout, norm: norm)
        }
    }

    /// Why this rule cannot work with so many updates a round, of which `key` is the number; nil when it can.
    package func objection(
        updates: Int, key: String = "training.clients_per_round"
    ) -> (message: String, remedy: String)? {
        switch self {
        case .mean, .median, .normClipping: return nil
        case .trimmedMean(let fraction):
            guard 2 * CoordinateRule.trimmed(fraction, of: updates) >= updates else { return nil }
            return ("leaves none of \(updates) updates", "give a fraction below 0.5")
        case .krum(let byzantine), .multiKrum(let byzantine, _):
            guard updates < 2 * byzantine + 3 else {
                guard case .multiKrum(_, let selected) = self, selected > updates - byzantine else {
                    return nil
                }
                return (
                    "selects \(selected) of \(updates) updates, of which \(byzantine) may be false",
                    "select at most \(updates - byzantine), or raise \(key)"
                )
            }
            return (
                "needs at least 2 x byzantine + 3 = \(2 * byzantine + 3) updates a round, there are \(updates)",
                "raise \(key) or lower byzantine"
            )
        }
    }
}

/// The updates of a cohort, kept until all are there: for rules that need every one of them. They take O(cohort)
/// memory, and are handed on in the order of clients.
struct KeptUpdates {
    private var updates: [(member: CohortMember, values: FloatBuffer)] = []

    mutating func removeAll() { updates = [] }

    /// Copies the values, which must be finite.
    mutating func keep(_ values: FloatView, of member: CohortMember) throws(Rejection) {
        guard values.maximumMagnitude.isFinite else {
            let index = (0..<values.count).first { !values[$0].isFinite } ?? 0
            throw Rejection(.notFinite, "\(member.place), value \(index) = \(values[index])")
        }
        let copy = FloatBuffer(count: values.count)
        copy.view.copy(from: values)
        updates.append((member, copy))
    }

    /// In order.
    var clients: [Int] { updates.map(\.member.client).sorted() }

    var inOrder: [FloatView] { updates.sorted { $0.member.client < $1.member.client }.map(\.values.view) }
}

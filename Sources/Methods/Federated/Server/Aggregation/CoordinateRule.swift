import TensorMath

/// Median or trimmed mean of every coordinate, unweighted (Yin et al., Byzantine-Robust Distributed Learning, ICML 2018,
/// definitions 1 and 2). The median of an even number is the mean of the two in the middle; of n values the trimmed mean
/// leaves out the floor(fraction n) least and greatest.
struct CoordinateRule: Aggregator {
    private let trim: Double?
    private var updates = KeptUpdates()

    init(_ layout: ParameterLayout, trim: Double?) { self.trim = trim }

    /// How many of `count` values `fraction` leaves out on each side.
    static func trimmed(_ fraction: Double, of count: Int) -> Int { Int(fraction * Double(count)) }

    var factors: [Int: Double]? { nil }

    mutating func begin(reference: FloatView, cohort: [CohortMember]) { updates.removeAll() }

    mutating func add(_ values: FloatView, of member: CohortMember) throws(Rejection) {
        try updates.keep(values, of: member)
    }

    mutating func finish(into values: FloatView) {
        let updates = updates.inOrder
        let count = updates.count
        let cut = trim.map { Self.trimmed($0, of: count) } ?? (count - 1) / 2
        precondition(count > 2 * cut, "nothing is left of \(count) updates")
        var column = [Float](repeating: 0, count: count)
        for index in 0..<values.count {
            for (row, update) in updates.enumerated() { column[row] = update.pointer[index] }
            column.sort()
            var sum = 0.0
            for place in cut..<(count - cut) { sum += Double(column[place]) }
            values.pointer[index] = Float(sum / Double(count - 2 * cut))
        }
        self.updates.removeAll()
    }
}

import TensorMath

/// A rule that makes one vector of those of a cohort. Calls come in the order begin, add..., finish; the order of the
/// adds does not matter.
package protocol Aggregator {
    /// Starts a round around the values that were sent out.
    mutating func begin(reference: FloatView, cohort: [CohortMember])

    /// Takes one client's values. Throws, and changes nothing, when they cannot be used.
    mutating func add(_ values: FloatView, of member: CohortMember) throws(Rejection)

    mutating func finish(into values: FloatView)

    /// By client how much of its difference the last round took, where it did not take the whole: 0 of one that was not
    /// chosen. Nil where every value has a choice of its own. Until the next `begin`.
    var factors: [Int: Double]? { get }
}

/// The mean weighted by samples, as an exact sum.
package struct ExactMean: Aggregator {
    private let sum: ExactSum
    private let isWeighted: Bool

    /// `isWeighted`: by samples; else every client counts the same.
    package init(_ layout: ParameterLayout, isWeighted: Bool = true) {
        sum = ExactSum(layout: layout)
        self.isWeighted = isWeighted
    }

    private func weight(_ member: CohortMember) -> UInt64 { isWeighted ? UInt64(member.samples) : 1 }

    package mutating func begin(reference: FloatView, cohort: [CohortMember]) {
        sum.begin(reference: reference, plannedWeight: cohort.reduce(0) { $0 + weight($1) })
    }

    /// Throws what `add` would throw, and adds nothing.
    package func check(_ values: FloatView, of member: CohortMember) throws(Rejection) {
        do throws(ExactSum.RangeError) { try sum.check(values) } catch {
            throw Rejection(error, place: member.place)
        }
    }

    package mutating func add(_ values: FloatView, of member: CohortMember) throws(Rejection) {
        try check(values, of: member)
        addChecked(values, of: member)
    }

    /// The same for values that `check` has let pass.
    mutating func addChecked(_ values: FloatView, of member: CohortMember) {
        sum.addChecked(values, weight: weight(member))
    }

    package mutating func finish(into values: FloatView) { sum.mean(into: values) }

    package var factors: [Int: Double]? { [:] }
}

extension Rejection {
    /// A value that an exact sum refused.
    init(_ error: ExactSum.RangeError, place: String) {
        let found = "\(place), \(error.segment)[\(error.index)] = \(error.value)"
        self =
            error.value.isFinite
            ? Rejection(.outOfRange, "\(found) is beyond \(error.bound)") : Rejection(.notFinite, found)
    }
}

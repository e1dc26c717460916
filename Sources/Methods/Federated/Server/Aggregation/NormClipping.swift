import Networks
import TensorMath

/// The weighted mean of updates whose difference to the model that was sent out is shortened to at most `norm` (Sun et
/// al., Can You Really Backdoor Federated Learning?, 2019, section 3: norm thresholding).
///
/// The difference is that of what training moves. Running statistics, which the paper's networks do not have, go into the
/// mean as they are: in the first rounds they move so far that the weights would hardly be let move at all.
struct NormClipping: Aggregator {
    private let norm: Double
    private let runs: [Range<Int>]
    private let reference: FloatBuffer
    private var mean: ExactMean
    private(set) var factors: [Int: Double]? = [:]

    init(_ layout: ParameterLayout, norm: Double) {
        self.norm = norm
        runs = layout.trainableRuns
        reference = FloatBuffer(count: layout.count)
        mean = ExactMean(layout)
    }

    mutating func begin(reference: FloatView, cohort: [CohortMember]) {
        factors = [:]
        self.reference.view.copy(from: reference)
        mean.begin(reference: reference, cohort: cohort)
    }

    mutating func add(_ values: FloatView, of member: CohortMember) throws(Rejection) {
        let reference = reference.view
        let length = values.squaredDistance(to: reference, within: runs).squareRoot()
        let factor = length > norm && length.isFinite ? norm / length : 1
        if factor < 1 {
            for index in runs.joined() {
                let from = Double(reference.pointer[index])
                values.pointer[index] = Float(from + factor * (Double(values.pointer[index]) - from))
            }
        }
        try mean.add(values, of: member)
        if factor < 1 { factors?[member.client] = factor }
    }

    mutating func finish(into values: FloatView) { mean.finish(into: values) }
}

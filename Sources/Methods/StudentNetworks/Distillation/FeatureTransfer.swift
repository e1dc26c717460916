import TensorMath

/// The distance between students' and teacher's features, as unit vectors.
package struct FeatureTransfer {
    /// For each student the teacher's filters that it stands for, in the order of its features.
    package let filters: [[Int]]
    package let normalization: DistillationSettings.Normalization
    package let reduction: DistillationSettings.Reduction
    package let beta: Double

    /// Vectors shorter than this have no direction: they stay as short as they are divided by it, and their gradient is
    /// zero. PyTorch's `normalize` divides by as much; its gradient there is 10^12 times that of the unit vector, which
    /// only the relu before keeps from doing harm.
    package static let shortest = 1e-12

    package init(
        filters: [[Int]], normalization: DistillationSettings.Normalization = .joint,
        reduction: DistillationSettings.Reduction = .elementMean, beta: Double
    ) {
        self.filters = filters
        self.normalization = normalization
        self.reduction = reduction
        self.beta = beta
    }

    /// beta / (samples x divisor) times the sum over images of |v_S / |v_S| - v_T / |v_T||^2 over the students that are
    /// not lost: filters of a lost one are left out on both sides.
    ///
    /// - Parameters:
    ///   - features: of each student, [samples, |P_k|].
    ///   - teacher: [samples, all filters].
    ///   - gradients: where those with respect to `features` go; those of lost students are not written.
    package func loss(
        features: [FloatView], teacher: FloatView, samples: Int, lost: Set<Int>, gradients: [FloatView]
    ) -> Double {
        let present = filters.indices.filter { !lost.contains($0) }
        let all = teacher.count / samples
        let count = present.reduce(0) { $0 + filters[$1].count }
        let weight = beta / (Double(samples) * reduction.divisor(features: count))
        let vectors =
            switch normalization {
            case .joint: [present]
            case .perPart: present.map { [$0] }
            }
        var sum = 0.0
        for sample in 0..<samples {
            let taught = teacher.slice(sample * all, all)
            for vector in vectors {
                sum += distance(
                    of: vector, features, taught, sample: sample, scale: 2 * weight, gradients: gradients)
            }
        }
        return sum * weight
    }

    /// The squared distance of one image's vectors over some students; `scale` times half its gradient is written.
    private func distance(
        of students: [Int], _ features: [FloatView], _ teacher: FloatView, sample: Int, scale: Double,
        gradients: [FloatView]
    ) -> Double {
        var (own, taught) = (0.0, 0.0)
        for student in students {
            let start = sample * filters[student].count
            for (index, filter) in filters[student].enumerated() {
                let value = Double(features[student].pointer[start + index])
                let target = Double(teacher.pointer[filter])
                own += value * value
                taught += target * target
            }
        }
        let length = max(own.squareRoot(), Self.shortest)
        let targetLength = max(taught.squareRoot(), Self.shortest)
        var (distance, inner) = (0.0, 0.0)
        for student in students {
            let start = sample * filters[student].count
            for (index, filter) in filters[student].enumerated() {
                let unit = Double(features[student].pointer[start + index]) / length
                let difference = unit - Double(teacher.pointer[filter]) / targetLength
                distance += difference * difference
                inner += unit * difference
            }
        }
        let slope = own.squareRoot() < Self.shortest ? 0 : scale / length
        for student in students {
            let start = sample * filters[student].count
            for (index, filter) in filters[student].enumerated() {
                let unit = Double(features[student].pointer[start + index]) / length
                let difference = unit - Double(teacher.pointer[filter]) / targetLength
                gradients[student].pointer[start + index] = Float(slope * (difference - unit * inner))
            }
        }
        return distance
    }
}

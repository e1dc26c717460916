import Networks
import TensorMath

/// Zagoruyko and Komodakis 2017, Paying More Attention to Attention: a stage's attention map is the mean over channels
/// of its squared activations, flattened to a vector of length 1; the loss is the sum over stages of the mean squared
/// difference of student's and teacher's maps.
package struct AttentionTransfer: Sendable, Equatable {
    /// Stages of a teacher and a student with planes of one size.
    package struct Stage: Sendable, Equatable {
        /// Indices of blocks.
        package let teacher: Int
        package let student: Int
        /// Of the two blocks' outputs.
        package let teacherShape: Shape
        package let studentShape: Shape

        /// Values of a map: positions of a plane.
        package var area: Int { studentShape.height * studentShape.width }
    }

    package let stages: [Stage]

    /// Pairs stages by the size of their planes, which no network has twice.
    package init(teacher: NetworkPlan, student: NetworkPlan) throws(StudentError) {
        let taught = teacher.endsOfStages
        stages = student.endsOfStages.compactMap { end in
            let shape = student.blocks[end].output
            let match = taught.first {
                let other = teacher.blocks[$0].output
                return other.height == shape.height && other.width == shape.width
            }
            return match.map {
                Stage(
                    teacher: $0, student: end, teacherShape: teacher.blocks[$0].output, studentShape: shape)
            }
        }
        guard !stages.isEmpty else {
            throw .noCommonMaps(student: student.spec.name, teacher: teacher.spec.name)
        }
    }

    /// Writes the maps of activations [samples, C, H, W] to `maps`, [samples, H x W].
    package static func map(_ activations: FloatView, shape: Shape, samples: Int, into maps: FloatView) {
        let area = shape.height * shape.width
        precondition(maps.count >= samples * area, "no room for \(samples) maps")
        var squares = [Double](repeating: 0, count: area)
        for sample in 0..<samples {
            let length = squareMeans(activations, shape, sample: sample, into: &squares)
            for place in 0..<area { maps.pointer[sample * area + place] = Float(squares[place] / length) }
        }
    }

    /// weight x the mean over samples and positions of the squared difference between the map of `activations`,
    /// [samples, C, H, W], and `target`, [samples, H x W]; its gradient with respect to the activations is written.
    package static func loss(
        _ activations: FloatView, shape: Shape, target: FloatView, samples: Int, weight: Double,
        gradient: FloatView
    ) -> Double {
        let area = shape.height * shape.width
        let scale = weight / Double(samples * area)
        var squares = [Double](repeating: 0, count: area)
        var slopes = [Float](repeating: 0, count: area)
        var sum = 0.0
        for sample in 0..<samples {
            let length = squareMeans(activations, shape, sample: sample, into: &squares)
            var inner = 0.0
            for place in 0..<area {
                squares[place] /= length
                let difference = squares[place] - Double(target.pointer[sample * area + place])
                sum += difference * difference
                inner += squares[place] * difference
            }
            // Of the loss by the square mean, and of that by an activation: 2 x / C.
            let slope =
                length > FeatureTransfer.shortest ? 2 * scale / length * 2 / Double(shape.channels) : 0
            for place in 0..<area {
                let difference = squares[place] - Double(target.pointer[sample * area + place])
                slopes[place] = Float(slope * (difference - squares[place] * inner))
            }
            for channel in 0..<shape.channels {
                let start = (sample * shape.channels + channel) * area
                for place in 0..<area {
                    gradient.pointer[start + place] = slopes[place] * activations.pointer[start + place]
                }
            }
        }
        return sum * scale
    }

    /// Means over channels of one sample's squares; returns their length, which is never zero.
    private static func squareMeans(
        _ activations: FloatView, _ shape: Shape, sample: Int, into means: inout [Double]
    ) -> Double {
        let area = means.count
        for place in 0..<area { means[place] = 0 }
        for channel in 0..<shape.channels {
            let start = (sample * shape.channels + channel) * area
            for place in 0..<area {
                let value = Double(activations.pointer[start + place])
                means[place] += value * value
            }
        }
        var squares = 0.0
        for place in 0..<area {
            means[place] /= Double(shape.channels)
            squares += means[place] * means[place]
        }
        return max(squares.squareRoot(), FeatureTransfer.shortest)
    }
}

extension NetworkPlan {
    /// For each size of planes the block that ends the stage: the last composite block, with the relu right behind it,
    /// or else the last layer, among the outermost layers before planes become vectors. Sizes at which nothing is
    /// computed, such as that behind a last pool, have none.
    fileprivate var endsOfStages: [Int] {
        var ends: [Int] = []
        var size: (height: Int, width: Int)?
        var end: Int?
        var endsInComposite = false
        func close() { if let end { ends.append(end) } }
        for (layer, spec) in spec.layers.enumerated() {
            guard let index = indexOfOutermost(layer) else { continue }
            let output = blocks[index].output
            if output.height * output.width == 1 { break }
            if size.map({ $0 != (output.height, output.width) }) ?? true {
                close()
                (size, end, endsInComposite) = ((output.height, output.width), nil, false)
            }
            if spec.isComposite {
                (end, endsInComposite) = (index, true)
            } else if spec == .relu && end == index - 1 {
                end = index
            } else if spec.computes && !endsInComposite || !endsInComposite && end != nil {
                end = index
            }
        }
        close()
        return ends
    }
}

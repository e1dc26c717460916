import CKernels
import Networks
import TensorMath

/// How far the input of one batch norm is from what the teacher saw in training: ||mean - running mean|| + ||variance -
/// running variance||, Euclidean norms over the channels, with the batch's biased variance (Yin et al. 2020).
final class NormStatistics {
    /// Index of the block that the norm reads; -1 for the network's input.
    let source: Int
    /// [samples, C, H, W], where `evaluate` leaves the gradient of its input.
    let gradient: FloatView
    private let samples: Int
    private let channels: Int
    private let plane: Int
    private let means: [Float]
    private let variances: [Float]
    private let ones: FloatView
    private let centre: FloatView

    /// For the batch norm at `index` of the network's plan.
    init(_ index: Int, of network: Network) {
        let block = network.plan.blocks[index]
        guard let mean = block.runningMean, let variance = block.runningVariance, block.sources.count == 1
        else {
            preconditionFailure("\(block.name) has no statistics")
        }
        source = block.sources[0]
        samples = network.batch
        channels = block.input.channels
        plane = block.input.height * block.input.width
        means = network.parameters.slice(mean.offset, mean.count).array
        variances = network.parameters.slice(variance.offset, variance.count).array
        gradient = FloatBuffer(count: samples * block.input.count).view
        ones = FloatBuffer(count: plane).view
        ones.fill(1)
        centre = FloatBuffer(count: plane).view
    }

    /// The distance of `values`, [samples, C, H, W]; `weight` times its gradient goes to `gradient`.
    func evaluate(_ values: FloatView, weight: Double) -> Double {
        precondition(values.count >= gradient.count, "\(values.count) of \(gradient.count) activations")
        let count = Double(samples * plane)
        var found: [(mean: Double, variance: Double)] = []
        for channel in 0..<channels {
            let mean = sum(over: channel) { ck_inner(values.pointer + $0, nil, ones.pointer, plane) } / count
            centre.fill(Float(mean))
            // About the rounded mean the squares are larger by the square of what rounding took.
            let off = mean - Double(Float(mean))
            let squares =
                sum(over: channel) { ck_squares(values.pointer + $0, centre.pointer, plane) } / count
            found.append((mean, max(0, squares - off * off)))
        }
        let shifts = zip(found, means).map { $0.mean - Double($1) }
        let spreads = zip(found, variances).map { $0.variance - Double($1) }
        let (shift, spread) = (Self.norm(shifts), Self.norm(spreads))
        for channel in 0..<channels {
            let constant = shift > 0 ? Float(weight * shifts[channel] / (shift * count)) : 0
            let slope = spread > 0 ? Float(2 * weight * spreads[channel] / (spread * count)) : 0
            let mean = Float(found[channel].mean)
            for sample in 0..<samples {
                let start = (sample * channels + channel) * plane
                let (from, to) = (values.pointer + start, gradient.pointer + start)
                for pixel in 0..<plane { to[pixel] = constant + slope * (from[pixel] - mean) }
            }
        }
        return shift + spread
    }

    /// The sum over all samples of what `value` makes of the place where `channel` begins.
    private func sum(over channel: Int, _ value: (_ start: Int) -> Double) -> Double {
        var sum = 0.0
        for sample in 0..<samples { sum += value((sample * channels + channel) * plane) }
        return sum
    }

    private static func norm(_ values: [Double]) -> Double {
        values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    }
}

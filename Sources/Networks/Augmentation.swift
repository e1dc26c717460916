import TensorMath

/// Changes to a batch of images [samples, C, H, W] before they go in.
public struct ImageBatch {
    public let view: FloatView
    public let shape: Shape
    private let row: FloatView

    /// Zeros on each side of an image of 32 x 32 (He et al. 2016).
    public static let usualPadding = 4

    /// `view` holds whole images of `shape`.
    public init(_ view: FloatView, shape: Shape) {
        precondition(view.count % shape.count == 0, "\(view.count) values in images of \(shape)")
        self.view = view
        self.shape = shape
        row = FloatBuffer(count: shape.count).view
    }

    /// The usual augmentation of 32 x 32 images (He et al. 2016): each of the first `samples` images is
    /// padded with `padding` zeros on each side, cut back to its size at a random place, and mirrored with
    /// probability 1/2. Takes two numbers for the place and one for the mirror from `stream`, image by image.
    public func cropAndFlip(samples: Int, padding: Int = Self.usualPadding, stream: inout RandomStream) {
        precondition(padding >= 0, "\(padding) zeros")
        for n in 0..<samples {
            let down = stream.index(below: 2 * padding + 1) - padding
            let right = stream.index(below: 2 * padding + 1) - padding
            let mirrored = stream.index(below: 2) == 1
            let image = view.slice(n * shape.count, shape.count)
            row.copy(from: image)
            let (from, to) = (row.pointer, image.pointer)
            for line in 0..<(shape.channels * shape.height) {
                let (channel, y) = (line / shape.height, line % shape.height)
                let origin = y + down
                let inside = origin >= 0 && origin < shape.height
                let start = (channel * shape.height + origin) * shape.width
                for x in 0..<shape.width {
                    let column = (mirrored ? shape.width - 1 - x : x) + right
                    let isImage = inside && column >= 0 && column < shape.width
                    to[line * shape.width + x] = isImage ? from[start + column] : 0
                }
            }
        }
    }

    /// (x - mean) / deviation for each channel of the first `samples` images.
    public func normalize(samples: Int, by values: ChannelStatistics) {
        precondition(values.means.count == shape.channels, "\(values.means.count) means for \(shape)")
        let plane = shape.height * shape.width
        for n in 0..<samples {
            for channel in 0..<shape.channels {
                let part = view.slice((n * shape.channels + channel) * plane, plane).pointer
                let mean = values.means[channel]
                let factor = 1 / values.deviations[channel]
                for i in 0..<plane { part[i] = (part[i] - mean) * factor }
            }
        }
    }
}

/// Mean and standard deviation of each channel over a training set, of pixels in 0...1.
public struct ChannelStatistics: Sendable, Equatable {
    public let means: [Float]
    public let deviations: [Float]

    /// As many of each as channels; deviations above 0.
    public init(means: [Float], deviations: [Float]) {
        precondition(means.count == deviations.count, "\(means.count) means, \(deviations.count) deviations")
        precondition(deviations.allSatisfy { $0 > 0 }, "deviations \(deviations)")
        self.means = means
        self.deviations = deviations
    }

    /// The figures in common use for a data set of that name; nil where there are none.
    public static func named(_ dataset: String) -> ChannelStatistics? {
        switch dataset {
        case "mnist": ChannelStatistics(means: [0.1307], deviations: [0.3081])
        case "emnist": ChannelStatistics(means: [0.1307], deviations: [0.3081])
        case "fashion_mnist": ChannelStatistics(means: [0.2860], deviations: [0.3530])
        case "cifar10":
            ChannelStatistics(means: [0.4914, 0.4822, 0.4465], deviations: [0.2470, 0.2435, 0.2616])
        case "cifar100":
            ChannelStatistics(means: [0.5071, 0.4865, 0.4409], deviations: [0.2673, 0.2564, 0.2762])
        default: nil
        }
    }
}

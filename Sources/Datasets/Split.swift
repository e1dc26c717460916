/// A run of labelled samples: the training part of a data set, its test part, or the shard of one client.
///
/// Features are kept as they came, one byte per pixel or one Float32 per value, and become Float32 in the batch.
public struct Split: Sendable, Equatable {
    /// How features are kept.
    public enum Storage: UInt32, Sendable {
        /// One byte per value, which stands for byte / 255 in 0...1.
        case pixels = 1
        /// One Float32 per value.
        case values = 2
    }

    enum Features: Sendable, Equatable {
        case pixels([UInt8])
        case values([Float])
    }

    /// Shape of one sample; its features lie channels first, row by row.
    public let shape: SampleShape
    /// Number of classes; labels lie in 0..<classes.
    public let classes: Int
    /// One label per sample.
    public let labels: [UInt8]
    let features: Features
    /// Added to features when a batch is filled; nil for none.
    private(set) var noise: SampleNoise?

    /// Number of samples.
    public var count: Int { labels.count }

    public var storage: Storage {
        switch features {
        case .pixels: .pixels
        case .values: .values
        }
    }

    /// Samples of one byte per value.
    /// - Precondition: `pixels` has `labels.count * shape.count` values, and every label is below `classes`,
    ///   which is at most 256.
    public init(shape: SampleShape, classes: Int, labels: [UInt8], pixels: [UInt8]) {
        self.init(shape: shape, classes: classes, labels: labels, features: .pixels(pixels))
    }

    /// Samples of one Float32 per value.
    /// - Precondition: as for pixels.
    public init(shape: SampleShape, classes: Int, labels: [UInt8], values: [Float]) {
        self.init(shape: shape, classes: classes, labels: labels, features: .values(values))
    }

    init(shape: SampleShape, classes: Int, labels: [UInt8], features: Features) {
        precondition(classes >= 1 && classes <= 256, "\(classes) classes; labels are bytes")
        if let greatest = labels.max() {
            precondition(Int(greatest) < classes, "label \(greatest) of \(classes) classes")
        }
        let given: Int
        switch features {
        case .pixels(let pixels): given = pixels.count
        case .values(let values): given = values.count
        }
        precondition(
            given == labels.count * shape.count,
            "\(given) values for \(labels.count) samples of \(shape)")
        self.shape = shape
        self.classes = classes
        self.labels = labels
        self.features = features
    }

    /// The same samples, whose features get the noise of their owners whenever a batch is filled with them.
    /// Features are shared, not copied.
    func adding(_ noise: SampleNoise) -> Split {
        var split = self
        split.noise = noise
        return split
    }

    /// The samples with their features as they are stored.
    var withoutNoise: Split {
        var split = self
        split.noise = nil
        return split
    }

    /// The samples of this split and then those of `other`, which has the same shape and classes. Where only one of
    /// them keeps bytes, they become Float32 as in a batch.
    /// - Precondition: neither has noise.
    func appending(_ other: Split) -> Split {
        precondition(shape == other.shape && classes == other.classes, "splits of different data sets")
        precondition(noise == nil && other.noise == nil, "noise belongs to the numbers of samples")
        let joined: Features
        switch (features, other.features) {
        case (.pixels(let first), .pixels(let second)): joined = .pixels(first + second)
        case (.values(let first), .values(let second)): joined = .values(first + second)
        case (.pixels(let first), .values(let second)):
            joined = .values(first.map { Float($0) / 255 } + second)
        case (.values(let first), .pixels(let second)):
            joined = .values(first + second.map { Float($0) / 255 })
        }
        return Split(shape: shape, classes: classes, labels: labels + other.labels, features: joined)
    }

    /// The samples of `indices`, in that order, with features copied.
    /// - Precondition: every index is below `count`; there is no noise, which belongs to the numbers of samples.
    public func subset(_ indices: [UInt32]) -> Split {
        precondition(noise == nil, "noise belongs to the numbers of samples")
        let chosen = indices.map { self.labels[Int($0)] }
        switch features {
        case .pixels(let pixels):
            return Split(
                shape: shape, classes: classes, labels: chosen, pixels: gather(indices, from: pixels))
        case .values(let values):
            return Split(
                shape: shape, classes: classes, labels: chosen, values: gather(indices, from: values))
        }
    }

    /// The first `length` samples.
    /// - Precondition: `length` is at most `count`; there is no noise.
    public func prefix(_ length: Int) -> Split {
        precondition(noise == nil, "noise belongs to the numbers of samples")
        precondition(length >= 0 && length <= count, "the first \(length) of \(count) samples")
        let kept: Features
        switch features {
        case .pixels(let pixels): kept = .pixels(Array(pixels[..<(length * shape.count)]))
        case .values(let values): kept = .values(Array(values[..<(length * shape.count)]))
        }
        return Split(shape: shape, classes: classes, labels: Array(labels[..<length]), features: kept)
    }

    private func gather<Value>(_ indices: [UInt32], from source: [Value]) -> [Value] {
        var gathered: [Value] = []
        gathered.reserveCapacity(indices.count * shape.count)
        for index in indices {
            precondition(Int(index) < count, "sample \(index) of \(count)")
            let start = Int(index) * shape.count
            gathered.append(contentsOf: source[start..<(start + shape.count)])
        }
        return gathered
    }
}

import Networks
import TensorMath

/// Images that were made, normalised as the teacher reads them; image i is of class i modulo their number.
final class MadeImages: TrainingImages {
    /// Images of a task.
    static let batch = 200

    let count: Int
    private let values: FloatView
    private let shape: Shape
    private let classes: Int
    private let augments: Bool

    /// `values`: [images, C, H, W].
    init(_ values: FloatView, shape: Shape, classes: Int, augments: Bool) {
        count = values.count / shape.count
        self.values = values
        self.shape = shape
        self.classes = classes
        self.augments = augments
    }

    static func labels(_ range: Range<Int>, classes: Int) -> [UInt8] { range.map { UInt8($0 % classes) } }

    func fill(
        _ input: FloatView, positions: ArraySlice<UInt32>, labels: inout [UInt8],
        augmentation: inout RandomStream?
    ) {
        labels.removeAll(keepingCapacity: true)
        for (row, position) in positions.enumerated() {
            labels.append(UInt8(Int(position) % classes))
            input.slice(row * shape.count, shape.count).copy(
                from: values.slice(Int(position) * shape.count, shape.count))
        }
        if augments, augmentation != nil {
            ImageBatch(input, shape: shape).cropAndFlip(samples: positions.count, stream: &augmentation!)
        }
    }
}

extension DistillationSpec {
    /// Images that are made: whole batches.
    var madeCount: Int { (count + MadeImages.batch - 1) / MadeImages.batch * MadeImages.batch }
}

import Networks
import TensorMath

/// A batch of images on its way from noise to what a loss asks for: Adam on the pixels, which stay in the data's range.
/// Before each step all images are shifted together, around the edges, by the same random number of rows and columns, and
/// the step is shifted back.
///
/// The images after so many steps are the same bits however the steps are sliced. They are no private summary: what they
/// show comes from the teacher, which may remember its data.
package final class ImageSynthesis {
    /// [images, C, H, W].
    package let images: FloatView
    /// [images].
    package var labels: [UInt8] { loss.labels }
    /// Steps taken.
    package private(set) var steps = 0
    /// The loss before the last step; nil before the first.
    package private(set) var terms: ImageLossTerms?
    private let loss: any ImageLoss
    private let range: PixelRange
    private let shift: Int
    private var adam: AdamState
    private var stream: RandomStream
    private let gradient: FloatView
    private let shape: Shape

    /// Begins with normal noise about the middle of the range, a quarter of it wide as a deviation. `shift`: most
    /// pixels of a random shift. `key` numbers the stream of noise and shifts; no two batches may share one.
    package init(_ loss: any ImageLoss, range: PixelRange, adam: Adam, shift: Int, key: RandomKey) {
        shape = loss.teacher.network.plan.input
        precondition(range.lowest.count == shape.channels, "a range for \(range.lowest.count) channels")
        precondition(shift >= 0, "a shift of \(shift) pixels")
        self.loss = loss
        self.range = range
        self.shift = shift
        images = FloatBuffer(count: loss.teacher.images * shape.count).view
        gradient = FloatBuffer(count: images.count).view
        self.adam = AdamState(adam, count: images.count)
        stream = RandomStream(key)
        let plane = shape.height * shape.width
        for pixel in 0..<images.count {
            let channel = pixel / plane % shape.channels
            let (lowest, highest) = (range.lowest[channel], range.highest[channel])
            images[pixel] = (lowest + highest) / 2 + Float(stream.normal()) * (highest - lowest) / 4
        }
        clamp()
    }

    /// DeepInversion with its own way of learning.
    package convenience init(
        _ teacher: FrozenTeacher, labels: [UInt8], deepInversion settings: DeepInversion, range: PixelRange,
        key: RandomKey
    ) throws(ImageSynthesisError) {
        self.init(
            try DeepInversionLoss(teacher, labels: labels, settings: settings), range: range,
            adam: settings.adam, shift: settings.shift, key: key)
    }

    /// Dream Distillation with its own way of learning; `targets` as `DreamMetadata` draws them.
    package convenience init(
        _ teacher: FrozenTeacher, labels: [UInt8], targets: FloatView, dream settings: DreamDistillation,
        range: PixelRange, key: RandomKey
    ) throws(ImageSynthesisError) {
        self.init(
            try DreamLoss(teacher, targets: targets, labels: labels, settings: settings), range: range,
            adam: settings.adam, shift: settings.shift, key: key)
    }

    /// Takes `count` more steps. A step costs one pass forward and the images' part of one back.
    package func advance(steps count: Int) {
        for _ in 0..<count {
            let down = shift == 0 ? 0 : stream.index(below: 2 * shift + 1) - shift
            let right = shift == 0 ? 0 : stream.index(below: 2 * shift + 1) - shift
            Self.roll(images, shape: shape, down: down, right: right, into: loss.teacher.network.input)
            terms = loss.evaluate()
            Self.roll(loss.teacher.gradient, shape: shape, down: -down, right: -right, into: gradient)
            adam.step(parameters: images, gradients: gradient, runs: [0..<images.count])
            clamp()
            steps += 1
        }
    }

    private func clamp() {
        let plane = shape.height * shape.width
        for start in stride(from: 0, to: images.count, by: plane) {
            let channel = start / plane % shape.channels
            let (lowest, highest) = (range.lowest[channel], range.highest[channel])
            let pixels = images.pointer + start
            for pixel in 0..<plane { pixels[pixel] = min(max(pixels[pixel], lowest), highest) }
        }
    }

    /// Every plane of `images` with its rows moved down and its columns to the right, around the edges.
    package static func roll(_ images: FloatView, shape: Shape, down: Int, right: Int, into target: FloatView)
    {
        precondition(target.count == images.count, "\(images.count) pixels into \(target.count)")
        let (height, width) = (shape.height, shape.width)
        let columns = (right % width + width) % width
        for plane in 0..<(images.count / (height * width)) {
            for row in 0..<height {
                let moved = ((row + down) % height + height) % height
                let from = images.slice((plane * height + row) * width, width)
                let to = target.slice((plane * height + moved) * width, width)
                to.slice(columns, width - columns).copy(from: from.slice(0, width - columns))
                to.slice(0, columns).copy(from: from.slice(width - columns, columns))
            }
        }
    }
}

import Datasets
import Networks
import TensorMath

/// A student that answers images: what a device does in a deployment.
///
/// A message has `batch` images, the last perhaps fewer, as pixels in the order of the data set; or none, where the
/// device senses images itself. The answer is their features, [images, |P_k|], as `FeatureCoding` says.
final class ServedStudent: StreamExecution {
    private let network: Network
    private let greatest: Float
    private let deployment: DeploymentSpec
    private let test: Split
    private let count: Int
    private let normalization: ChannelStatistics?
    private var labels: [UInt8] = []

    init(
        plan: NetworkPlan, parameters: ObjectBytes, greatest: Float,
        configuration: DistributedInferenceConfiguration,
        test: Split
    ) throws(TaskFailure) {
        deployment = configuration.deployment
        network = Network(plan: plan, batch: deployment.batch, mode: .evaluation)
        guard parameters.copy(into: network.parameters) else {
            throw TaskFailure("\(parameters.count) bytes of parameters, not \(4 * plan.layout.count)")
        }
        self.greatest = greatest
        self.test = test
        count = deployment.images(of: test.count)
        normalization = configuration.preprocessing.normalization
    }

    func answer(_ input: ObjectBytes?, item: Int) throws(TaskFailure) -> ObjectBytes {
        let range = deployment.range(item: item, images: count)
        guard !range.isEmpty else {
            throw TaskFailure("message \(item) of \(deployment.items(images: count))")
        }
        if let input {
            guard
                deployment.decode(input, images: range.count, shape: network.plan.input, into: network.input)
            else { throw TaskFailure("message \(item) has \(input.count) bytes of images") }
        } else {
            test.fillBatch(range, into: network.input, labels: &labels)
        }
        if let normalization {
            ImageBatch(network.input, shape: network.plan.input)
                .normalize(samples: range.count, by: normalization)
        }
        network.forward(samples: range.count)
        let features = network.logits.slice(0, range.count * network.plan.classes)
        return deployment.values.encode(features, greatest: greatest)
    }
}

extension DeploymentSpec {
    /// Test images that are asked, of `count`.
    package func images(of count: Int) -> Int { min(images ?? count, count) }

    /// Messages to each student.
    package func items(images: Int) -> Int { (images + batch - 1) / batch }

    /// Images of message `item`, from 1; empty for any that there is none of.
    package func range(item: Int, images: Int) -> Range<Int> {
        guard 1...max(1, items(images: images)) ~= item else { return images..<images }
        let start = (item - 1) * batch
        return start..<min(start + batch, images)
    }

    /// The images of a message as they travel.
    package func encode(_ test: Split, _ range: Range<Int>) -> ObjectBytes {
        switch pixels {
        case .uint8: return ObjectBytes(test.pixels(range))
        case .float32:
            let values = FloatBuffer(count: range.count * test.shape.count).view
            var labels: [UInt8] = []
            test.fillBatch(range, into: values, labels: &labels)
            return ObjectBytes(values)
        }
    }

    /// Images as networks read them, before normalisation; false for another number of bytes.
    func decode(_ object: ObjectBytes, images: Int, shape: Shape, into view: FloatView) -> Bool {
        let values = view.slice(0, images * shape.count)
        switch pixels {
        case .uint8: return Split.convert(object, into: values)
        case .float32: return object.copy(into: values)
        }
    }
}

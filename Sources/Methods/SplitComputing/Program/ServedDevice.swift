import CKernels
import Datasets
import Networks
import TensorMath

/// What a device does for a mode: it senses images, the test samples in their order, one by one, and sends what the server
/// needs of each.
///
/// Answers: of a divided network the code, as `CodeFormat` says; of one with an early exit a byte before it, 0 where a code
/// follows and 1 where only the class does, as another byte; of one behind a filter the same, with nothing after 1, which
/// stands for an image that is not sent; of edge offloading a JPEG, or the pixels. Without a link the
/// device answers with the teacher, which it has, too: one byte, the class.
final class ServedDevice: StreamExecution {
    private enum Work {
        case head(Network)
        case exiting(Network, exit: Network, threshold: Double)
        case filtered(Network, stem: Network, classifier: Network, threshold: Float)
        case jpeg(JPEGCodec, quality: Int)
        case pixels
    }

    private let work: Work
    private let format: CodeFormat
    private let whole: Network
    private let images: ImageSet
    private let count: Int
    let continues: Bool
    let window: Int
    private var labels: [UInt8] = []

    /// `own`: parameters of `SplitMode.onDevice`, one behind the other, a filter's threshold, and `index`.
    init(
        _ mode: SplitMode, _ index: Int, _ divided: [DividedNetwork], own: ObjectBytes, teacher: NetworkPlan,
        teacherParameters: ObjectBytes, configuration: SplitComputingConfiguration, images: ImageSet
    ) throws(TaskFailure) {
        self.images = images
        format = configuration.bottleneck.format
        count = configuration.deployment.images(of: images.dataset.test.count)
        window = configuration.deployment.window
        continues = configuration.deployment.onDisconnect == .continue
        whole = Network(plan: teacher, batch: 1, mode: .evaluation)
        guard teacherParameters.copy(into: whole.parameters) else {
            throw TaskFailure("\(teacherParameters.count) bytes of the teacher's parameters")
        }
        switch mode.kind {
        case .local, .small: throw TaskFailure("\(mode.name) needs no server")
        case .edge(let quality?): work = .jpeg(JPEGCodec(), quality: quality)
        case .edge(nil): work = .pixels
        case .divided, .exiting, .filtered: work = try Self.heads(mode, index, divided, own)
        }
    }

    private static func heads(
        _ mode: SplitMode, _ index: Int, _ divided: [DividedNetwork], _ own: ObjectBytes
    ) throws(TaskFailure) -> Work {
        let all = FloatBuffer(count: mode.deviceBytes(divided) / 4).view
        guard own.copy(into: all), all[all.count - 1] == Float(index) else {
            throw TaskFailure("\(own.count) bytes for \(mode.name), not \(4 * all.count), or another mode's")
        }
        var offset = 0
        let parts = mode.onDevice(divided).map { plan in
            defer { offset += plan.layout.count }
            return Network(
                plan: plan, batch: 1, mode: .evaluation, parameters: all.slice(offset, plan.layout.count))
        }
        if case .exiting(_, let threshold) = mode.kind {
            return .exiting(parts[0], exit: parts[1], threshold: threshold)
        }
        guard let filter = mode.filter else { return .head(parts[0]) }
        // The stem is the encoder's own, whose parameters stand first.
        let plan = divided[filter].head
        let stem = Network(
            plan: plan, batch: 1, mode: .evaluation, parameters: all.slice(0, plan.layout.count))
        return .filtered(parts[0], stem: stem, classifier: parts[1], threshold: all[offset])
    }

    var items: Int { count }

    func answer(_ input: ObjectBytes?, item: Int) throws(TaskFailure) -> ObjectBytes {
        guard input == nil, 1...count ~= item else {
            throw TaskFailure("image \(item) of \(count), or one that was sent")
        }
        switch work {
        case .head(let head):
            sense(item, into: head)
            return try payload(head, item)
        case .exiting(let head, let exit, let threshold):
            sense(item, into: head)
            exit.input.copy(from: head.logits.slice(0, head.plan.classes))
            exit.forward(samples: 1)
            let (best, probability) = exit.logits.slice(0, exit.plan.classes).mostProbable
            if probability >= threshold { return ObjectBytes([1, UInt8(best)]) }
            return ObjectBytes([0] + (try payload(head, item)).bytes)
        case .filtered(let head, let stem, let classifier, let threshold):
            sense(item, into: stem)
            classifier.input.copy(from: stem.logits.slice(0, stem.plan.classes))
            classifier.forward(samples: 1)
            guard FilterThreshold.score(classifier.logits.slice(0, 2)) >= threshold else {
                return ObjectBytes([1])
            }
            head.input.copy(from: stem.input.slice(0, head.plan.input.count))
            head.forward(samples: 1)
            return ObjectBytes([0] + (try payload(head, item)).bytes)
        case .jpeg(let codec, let quality):
            let test = images.dataset.test
            return ObjectBytes(
                codec.encode(test.pixels(item - 1..<item).span, shape: test.shape, quality: quality))
        case .pixels: return ObjectBytes(images.dataset.test.pixels(item - 1..<item))
        }
    }

    private func payload(_ head: Network, _ item: Int) throws(TaskFailure) -> ObjectBytes {
        guard let payload = format.encode(head.logits.slice(0, head.plan.classes)) else {
            throw TaskFailure("the code of image \(item) has values that are no numbers")
        }
        return payload
    }

    func answerLocally(item: Int) throws(TaskFailure) -> ObjectBytes {
        guard 1...count ~= item else { throw TaskFailure("image \(item) of \(count)") }
        sense(item, into: whole)
        return ObjectBytes([UInt8(whole.logits.slice(0, whole.plan.classes).mostProbable.index)])
    }

    /// Puts an image through a network.
    private func sense(_ item: Int, into network: Network) {
        var none: RandomStream?
        images.fill(
            network.input, images.dataset.test, [UInt32(item - 1)], labels: &labels, augmentation: &none)
        network.forward(samples: 1)
    }
}

extension FloatView {
    /// The first of the greatest of some logits, and its probability.
    var mostProbable: (index: Int, probability: Double) {
        var best = 0
        for index in 1..<max(count, 1) where self[index] > self[best] { best = index }
        let sum = (0..<count).reduce(0.0) { $0 + ck_exp(Double(self[$1]) - Double(self[best])) }
        return (best, 1 / sum)
    }
}

extension SplitDeploymentSpec {
    /// Test images that are asked, of `count`.
    package func images(of count: Int) -> Int { min(images ?? count, count) }
}

import CKernels
import Datasets
import Networks
import TensorMath

/// What a device does for a mode: it senses images, the test samples in their order, one by one, and sends what the server
/// needs of each.
///
/// Answers: of a divided network the code, as `CodeFormat` says; of one with an early exit a byte before it, 0 where a code
/// follows and 1 where only the class does, as another byte; of edge offloading a JPEG, or the pixels. Without a link the
/// device answers with the teacher, which it has, too: one byte, the class.
final class ServedDevice: StreamExecution {
    private enum Work {
        case head(Network, exit: (network: Network, threshold: Double)?)
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

    /// `own`: parameters of head and exit, one behind the other; `divided`: nil for edge offloading.
    init(
        _ mode: SplitMode, divided: DividedNetwork?, own: ObjectBytes, teacher: NetworkPlan,
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
        case .local: throw TaskFailure("\(mode.name) needs no server")
        case .edge(let quality?): work = .jpeg(JPEGCodec(), quality: quality)
        case .edge(nil): work = .pixels
        case .divided, .exiting:
            guard let divided else { preconditionFailure("\(mode.name) without its network") }
            work = try Self.head(mode, divided, own)
        }
    }

    private static func head(
        _ mode: SplitMode, _ divided: DividedNetwork, _ own: ObjectBytes
    ) throws(TaskFailure) -> Work {
        let counts = (head: divided.head.layout.count, exit: divided.exit?.layout.count ?? 0)
        let all = FloatBuffer(count: counts.head + counts.exit).view
        guard own.copy(into: all) else {
            throw TaskFailure("\(own.count) bytes of a head, not \(4 * all.count)")
        }
        let head = Network(
            plan: divided.head, batch: 1, mode: .evaluation, parameters: all.slice(0, counts.head))
        guard case .exiting(_, let threshold) = mode.kind, let plan = divided.exit else {
            return .head(head, exit: nil)
        }
        let exit = Network(
            plan: plan, batch: 1, mode: .evaluation, parameters: all.slice(counts.head, counts.exit))
        return .head(head, exit: (exit, threshold))
    }

    var items: Int { count }

    func answer(_ input: ObjectBytes?, item: Int) throws(TaskFailure) -> ObjectBytes {
        guard input == nil, 1...count ~= item else {
            throw TaskFailure("image \(item) of \(count), or one that was sent")
        }
        switch work {
        case .head(let head, let exit): return try answer(item, head, exit)
        case .jpeg(let codec, let quality):
            let test = images.dataset.test
            return ObjectBytes(
                codec.encode(test.pixels(item - 1..<item).span, shape: test.shape, quality: quality))
        case .pixels: return ObjectBytes(images.dataset.test.pixels(item - 1..<item))
        }
    }

    private func answer(
        _ item: Int, _ head: Network, _ exit: (network: Network, threshold: Double)?
    ) throws(TaskFailure) -> ObjectBytes {
        sense(item, into: head)
        let code = head.logits.slice(0, head.plan.classes)
        if let exit {
            exit.network.input.copy(from: code)
            exit.network.forward(samples: 1)
            let (best, probability) = exit.network.logits.slice(0, exit.network.plan.classes).mostProbable
            if probability >= exit.threshold { return ObjectBytes([1, UInt8(best)]) }
        }
        guard let payload = format.encode(code) else {
            throw TaskFailure("the code of image \(item) has values that are no numbers")
        }
        return exit == nil ? payload : ObjectBytes([0] + payload.bytes)
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

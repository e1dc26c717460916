import Datasets
import Networks
import TensorMath

/// The server's side of a mode: from what a device sent to a class.
final class EdgeServer {
    /// What became of an image.
    struct Answer {
        /// nil where a filter withheld the image.
        let label: Int?
        /// [classes]; nil where the device was done with the image itself. Overwritten by the next answer.
        let logits: FloatView?

        var byDevice: Bool { logits == nil }
    }

    private enum Work {
        case tail(Network, code: FloatView, flags: Flags)
        case jpeg(JPEGCodec)
        case pixels
    }

    /// What a device's first byte is about, if anything.
    private enum Flags { case none, exit, filter }

    private let work: Work
    private let format: CodeFormat
    private let shape: SampleShape
    private let normalization: ChannelStatistics?
    /// The teacher, of edge offloading.
    private let whole: Network?
    let classes: Int

    /// - Parameters:
    ///   - parameters: of the divided network as a whole, or of the teacher.
    ///   - shape: of an image as the data set has it.
    init(
        _ mode: SplitMode, divided: DividedNetwork?, teacher: NetworkPlan, parameters: ObjectBytes,
        shape: SampleShape, configuration: SplitComputingConfiguration
    ) {
        format = configuration.bottleneck.format
        normalization = configuration.preprocessing.normalization
        self.shape = shape
        classes = teacher.classes
        let plan = divided?.whole ?? teacher
        let all = FloatBuffer(count: plan.layout.count).view
        let fits = parameters.copy(into: all)
        precondition(fits, "parameters of another network")
        if let divided, let plan = divided.tail, let own = divided.parametersOfTail(in: all) {
            let tail = Network(plan: plan, batch: 1, mode: .evaluation, parameters: own)
            let code = FloatBuffer(count: divided.code.count).view
            let flags: Flags = mode.filter != nil ? .filter : divided.exit != nil ? .exit : .none
            work = .tail(tail, code: code, flags: flags)
            whole = nil
        } else {
            whole = Network(plan: teacher, batch: 1, mode: .evaluation, parameters: all)
            if case .edge(quality: _?) = mode.kind { work = .jpeg(JPEGCodec()) } else { work = .pixels }
        }
    }

    /// nil for anything that no device of this run sends.
    func answer(_ payload: ObjectBytes) -> Answer? {
        switch work {
        case .tail(let tail, let code, let flags):
            guard flags != .none else { return classify(payload, tail, code) }
            guard payload.count > 0 else { return nil }
            let flag = payload.bytes[0]
            if flag == 1 {
                if flags == .filter {
                    return payload.count == 1 ? Answer(label: nil, logits: nil) : nil
                }
                guard payload.count == 2, Int(payload.bytes[1]) < classes else { return nil }
                return Answer(label: Int(payload.bytes[1]), logits: nil)
            }
            guard flag == 0 else { return nil }
            return classify(payload.part(1..<payload.count), tail, code)
        case .jpeg(let codec):
            guard let pixels = try? codec.decode(payload.bytes, shape: shape) else { return nil }
            return classify(pixels: ObjectBytes(pixels))
        case .pixels: return classify(pixels: payload)
        }
    }

    /// Of an answer that the device gave without a link.
    func localAnswer(_ payload: ObjectBytes) -> Answer? {
        guard payload.count == 1, Int(payload.bytes[0]) < classes else { return nil }
        return Answer(label: Int(payload.bytes[0]), logits: nil)
    }

    private func classify(_ payload: ObjectBytes, _ tail: Network, _ code: FloatView) -> Answer? {
        guard format.decode(payload, into: code) else { return nil }
        tail.input.copy(from: code)
        tail.forward(samples: 1)
        return answer(tail)
    }

    private func classify(pixels: ObjectBytes) -> Answer? {
        guard let whole, pixels.count == shape.count, Split.convert(pixels, into: whole.input) else {
            return nil
        }
        if let normalization {
            ImageBatch(whole.input, shape: whole.plan.input).normalize(samples: 1, by: normalization)
        }
        whole.forward(samples: 1)
        return answer(whole)
    }

    private func answer(_ network: Network) -> Answer {
        let logits = network.logits.slice(0, classes)
        return Answer(label: logits.mostProbable.index, logits: logits)
    }
}

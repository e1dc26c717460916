import Networks
import TensorMath

/// Layers drawn at random that fit each other: blocks within them keep the size of planes, which need at least one
/// value, and know how many planes there are.
struct RandomLayers {
    private(set) var layers: [LayerSpec] = []
    private(set) var channels: Int

    /// `depth`: how many blocks may stand within each other.
    init(channels: Int, depth: Int, _ stream: inout RandomStream) {
        self.channels = channels
        for _ in 0..<stream.index(below: 7) { append(depth: depth, &stream) }
    }

    /// A list that ends in `channels` planes.
    private static func list(
        from inputs: Int, to channels: Int, depth: Int, _ stream: inout RandomStream
    ) -> [LayerSpec] {
        if inputs == channels && stream.index(below: 3) == 0 { return [] }
        let list = RandomLayers(channels: inputs, depth: depth, &stream)
        return list.layers + [.conv(channels: channels, kernel: 1, bias: stream.index(below: 2) == 0)]
    }

    private func divisor(_ stream: inout RandomStream) -> Int {
        let all = (1...channels).filter { channels.isMultiple(of: $0) }
        return all[stream.index(below: all.count)]
    }

    private mutating func append(depth: Int, _ stream: inout RandomStream) {
        switch stream.index(below: depth > 0 && channels < 64 ? 17 : 13) {
        case 0: convolve(&stream)
        case 1: layers.append(.relu)
        case 2: layers.append(.relu6)
        case 3: layers.append(.batchNorm())
        case 4:
            layers.append(
                .batchNorm(epsilon: 1 - stream.uniformDouble(), momentum: stream.uniformDouble()))
        case 5: layers.append(.groupNorm(groups: divisor(&stream)))
        case 6: layers.append(.dropout(rate: stream.uniform()))
        case 7:
            layers.append(
                .maxPool(kernel: 3, stride: 1, padding: 1, ceiling: stream.index(below: 2) == 0))
        case 8: layers.append(.averagePool(kernel: 3, stride: 1, padding: 1))
        case 9:
            let first = stream.index(below: channels)
            let count = 1 + stream.index(below: channels - first)
            layers.append(.slice(channels: first..<(first + count)))
            channels = count
        case 10:
            let (before, after) = (stream.index(below: 4), stream.index(below: 4))
            layers.append(.padChannels(before: before, after: after))
            channels += before + after
        case 11: layers.append(.shuffle(groups: divisor(&stream)))
        case 12:
            channels = 1 + stream.index(below: 8)
            layers.append(
                .transposedConv(
                    channels: channels, kernel: 3, padding: 1, bias: stream.index(below: 2) == 0))
        case 13:
            let inner = RandomLayers(channels: channels, depth: depth - 1, &stream)
            layers.append(.sequence(inner.layers))
            channels = inner.channels
        case 14:
            let target = stream.index(below: 2) == 0 ? channels : 1 + stream.index(below: 8)
            let body = Self.list(from: channels, to: target, depth: depth - 1, &stream)
            let shortcut = Self.list(from: channels, to: target, depth: depth - 1, &stream)
            layers.append(.residual(body: body, shortcut: shortcut))
            channels = target
        case 15:
            let branches = (0...stream.index(below: 3)).map { _ in
                RandomLayers(channels: channels, depth: depth - 1, &stream)
            }
            layers.append(.concatenate(branches: branches.map(\.layers)))
            channels = branches.reduce(0) { $0 + $1.channels }
        default: layers.append(cell(depth: depth, &stream))
        }
    }

    private mutating func convolve(_ stream: inout RandomStream) {
        let groups = divisor(&stream)
        let kernel = 2 * stream.index(below: 4) + 1
        channels = groups * (1 + stream.index(below: 3))
        layers.append(
            .conv(
                channels: channels, kernel: kernel,
                padding: stream.index(below: 2) == 0 ? .same : .explicit(kernel / 2), groups: groups,
                bias: stream.index(below: 2) == 0))
    }

    /// Up to three nodes behind the input, of whose edges some are none.
    private func cell(depth: Int, _ stream: inout RandomStream) -> LayerSpec {
        let edges = (1...(1 + stream.index(below: 3))).map { node in
            (0..<stream.index(below: node + 1)).map { _ -> [LayerSpec]? in
                if stream.index(below: 3) == 0 { return nil }
                return Self.list(from: channels, to: channels, depth: depth - 1, &stream)
            }
        }
        return .cell(edges: edges)
    }
}

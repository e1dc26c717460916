import CKernels
import TensorMath

/// How payloads travel in an experiment, both ways: as float32, or through the stages of its compression.
///
/// Up goes the difference to what the client received, through the uplink's stages. Down goes the payload itself: a
/// client that sat out some rounds has nothing to which a difference could be added, so only stages that keep every
/// value (`quantize`, `float16`) are allowed there. The server's own values stay exact: it adds the differences to
/// them, not to what the clients received.
package struct UpdateCoding: Sendable {
    package let uplink: UpdateCodec?
    package let downlink: UpdateCodec?
    private let layout: ParameterLayout
    private let seed: UInt64

    package init(_ configuration: FederatedConfiguration, layout: ParameterLayout) {
        let compression = configuration.compression
        func codec(_ stages: [CompressionStage]) -> UpdateCodec? {
            guard !stages.isEmpty, layout.count > 0, configuration.method.isFederated else { return nil }
            return UpdateCodec(stages, layout: layout, errorFeedback: compression.errorFeedback)
        }
        uplink = codec(compression.uplink)
        downlink = codec(compression.downlink)
        self.layout = layout
        seed = configuration.seed
    }

    package var upBytes: Int { uplink?.encodedBytes ?? layout.count * 4 }
    package var downBytes: Int { downlink?.encodedBytes ?? layout.count * 4 }

    /// Bytes of the segment with this index, up and down.
    package func bytes(segment index: Int) -> (up: Int, down: Int) {
        let plain = layout.segments[index].count * 4
        return (
            uplink?.encodedBytes(segment: index) ?? plain, downlink?.encodedBytes(segment: index) ?? plain
        )
    }

    private func upStream(client: Int, participation: Int) -> RandomStream {
        RandomStream(
            RandomKey(
                seed: seed, purpose: .uplink, client: UInt32(client), participation: UInt32(participation)))
    }

    private func downStream(round: Int) -> RandomStream {
        RandomStream(RandomKey(seed: seed, purpose: .downlink, participation: UInt32(round)))
    }

    // MARK: - Down

    /// What the server sends in a round, and what clients make of it, in `received`. `residual` is the server's memory
    /// of what earlier payloads lacked, nil without error feedback.
    package func broadcast(
        _ global: FloatView, round: Int, residual: FloatView?, received: FloatView
    ) throws(CompressionError) -> ObjectBytes {
        guard let downlink else {
            received.copy(from: global)
            return ObjectBytes(global)
        }
        var stream = downStream(round: round)
        return try downlink.encode(global, residual: residual, received: received, stream: &stream)
    }

    /// A client's side of `broadcast`.
    package func receive(
        _ payload: ObjectBytes, round: Int, into received: FloatView
    ) throws(CompressionError) {
        guard let downlink else {
            guard payload.copy(into: received) else {
                throw CompressionError(
                    segment: nil, problem: .size(payload.count, expected: received.count * 4))
            }
            return
        }
        try downlink.decode(payload, stream: downStream(round: round), into: received)
    }

    // MARK: - Up

    /// What a client sends for `update`, given what it received. `residual` is part of its state, nil without error
    /// feedback; `scratch` has the payload's size.
    package func send(
        _ update: FloatView, received: FloatView, client: Int, participation: Int, residual: FloatView?,
        scratch: FloatView?
    ) throws(CompressionError) -> ObjectBytes {
        guard let uplink, let scratch else { return ObjectBytes(update) }
        ck_difference(update.pointer, received.pointer, 1, scratch.pointer, update.count)
        var stream = upStream(client: client, participation: participation)
        return try uplink.encode(scratch, residual: residual, received: scratch, stream: &stream)
    }

    /// The server's side of `send`: the client's payload on the server's values, `global`, of which the clients had
    /// `received`.
    package func accept(
        _ object: ObjectBytes, global: FloatView, received: FloatView, client: Int, participation: Int,
        into update: FloatView
    ) throws(CompressionError) {
        guard let uplink else {
            guard object.copy(into: update) else {
                throw CompressionError(
                    segment: nil, problem: .size(object.count, expected: update.count * 4))
            }
            guard downlink != nil else { return }
            ck_difference(update.pointer, received.pointer, 1, update.pointer, update.count)
            ck_axpy(1, global.pointer, update.pointer, update.count)
            return
        }
        try uplink.decode(
            object, stream: upStream(client: client, participation: participation), into: update)
        ck_axpy(1, global.pointer, update.pointer, update.count)
    }
}

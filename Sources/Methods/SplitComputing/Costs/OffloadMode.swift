import Devices
import Networks

/// One way to have an image classified: what the device computes, what crosses the link, and what the server computes.
///
/// Local computing (LC) sends nothing, edge offloading (EC) computes nothing on the device but an encoded image, split
/// computing (SC) sends the code of a bottleneck (Matsubara et al. 2022, BottleFit).
package struct OffloadMode: Sendable, Equatable {
    package let name: String
    /// Network on the device; empty where it computes none.
    package let head: [LayerCost]
    /// What the device then makes of values or pixels before they are sent.
    package let preparation: [LayerCost]
    /// Payload of the message to the server, without its header; 0: nothing is sent.
    package let uplinkBytes: UInt64
    /// Payload of its answer.
    package let answerBytes: UInt64
    /// What the server makes of the payload before it computes.
    package let restoration: [LayerCost]
    /// Network on the server.
    package let tail: [LayerCost]

    /// The number of a class and its probability, four bytes each.
    package static let answerBytes: UInt64 = 8

    package init(
        name: String, head: [LayerCost], preparation: [LayerCost] = [], uplinkBytes: UInt64 = 0,
        answerBytes: UInt64 = OffloadMode.answerBytes, restoration: [LayerCost] = [], tail: [LayerCost] = []
    ) {
        precondition(uplinkBytes > 0 || tail.isEmpty, "\(name): a server without input")
        precondition(uplinkBytes == 0 || answerBytes > 0, "\(name): a server without an answer")
        self.name = name
        self.head = head
        self.preparation = preparation
        self.uplinkBytes = uplinkBytes
        self.answerBytes = uplinkBytes > 0 ? answerBytes : 0
        self.restoration = restoration
        self.tail = tail
    }

    package var isLocal: Bool { uplinkBytes == 0 }

    /// The device computes all of `network`.
    package static func local(_ network: NetworkPlan, name: String = "local") -> OffloadMode {
        OffloadMode(name: name, head: network.deviceLayers().map(\.cost))
    }

    /// The device sends the image as a JPEG file of `bytes` bytes.
    package static func jpeg(_ network: NetworkPlan, bytes: UInt64, name: String = "edge_jpeg") -> OffloadMode
    {
        let coding = [jpegCost(of: network.input, bytes: bytes)]
        return OffloadMode(
            name: name, head: [], preparation: coding, uplinkBytes: bytes, restoration: coding,
            tail: network.deviceLayers().map(\.cost))
    }

    /// The device sends the image as it is, a byte for each value.
    package static func raw(_ network: NetworkPlan, name: String = "edge_raw") -> OffloadMode {
        OffloadMode(
            name: name, head: [], uplinkBytes: UInt64(network.input.count),
            tail: network.deviceLayers().map(\.cost))
    }

    /// The device computes the networks `device`, a head and perhaps an exit, and sends the head's output in `payload`
    /// bytes, of which the server computes the answer.
    package static func split(
        name: String, device: [NetworkPlan], tail: NetworkPlan, payload: UInt64
    ) -> OffloadMode {
        OffloadMode(
            name: name, head: device.flatMap { $0.deviceLayers().map(\.cost) },
            preparation: [quantizingCost(values: tail.input.count, payload: payload)], uplinkBytes: payload,
            restoration: [restoringCost(values: tail.input.count, payload: payload)],
            tail: tail.deviceLayers().map(\.cost))
    }

    /// Values are read twice, for their extremes and to be quantised: two comparisons, a product, a sum and a rounding
    /// each.
    private static func quantizingCost(values: Int, payload: UInt64) -> LayerCost {
        LayerCost(
            kind: .elementwise, macs: 0, operations: UInt64(5 * values), inputBytes: UInt64(8 * values),
            outputBytes: payload, weightBytes: 0)
    }

    /// A difference and a product for each value.
    private static func restoringCost(values: Int, payload: UInt64) -> LayerCost {
        LayerCost(
            kind: .elementwise, macs: 0, operations: UInt64(2 * values), inputBytes: payload,
            outputBytes: UInt64(4 * values), weightBytes: 0)
    }

    /// Operations that coding a pixel of a JPEG file is as long as, at the rate of convolutions. Transform and
    /// quantisation take about fifty; this many stand for Huffman coding, which runs on one core and not on vectors. So a
    /// Raspberry Pi 4 codes 50 million pixels a second. An assumption, unverified; decoding is taken to be as long.
    package static let jpegOperationsPerPixel = 1000

    private static func jpegCost(of image: Shape, bytes: UInt64) -> LayerCost {
        LayerCost(
            kind: .convolution, macs: UInt64(jpegOperationsPerPixel / 2 * image.height * image.width),
            inputBytes: UInt64(image.count), outputBytes: bytes, weightBytes: 0)
    }
}

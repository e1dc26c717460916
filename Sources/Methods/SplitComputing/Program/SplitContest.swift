import TensorMath

/// A mode at the test images.
struct SplitContest {
    /// Of the modes.
    let index: Int
    let server: EdgeServer?
    /// Of a filter.
    let threshold: FilterThreshold?
    var filtered = FilterCounts()
    var correct = 0
    /// Images that the device was done with itself because of an early exit or a filter, and because there was no link.
    var exits = 0
    var local = 0
    /// Images whose answers never came.
    var lost = 0
    /// Images whose payload crossed the link.
    var sent = 0
    /// [images, classes], where a server answers.
    let logits: FloatView?
    /// Of each image that crossed the link, in the order of images; nil for others.
    var payloads: [Int?]

    init(index: Int, server: EdgeServer?, threshold: FilterThreshold?, images: Int) {
        self.index = index
        self.server = server
        self.threshold = threshold
        logits = server.map { FloatBuffer(count: images * $0.classes).view }
        payloads = .init(repeating: nil, count: images)
    }

    var settled: Int { sent + exits + local + lost }

    var traffic: SplitTraffic {
        let (images, sent) = (payloads.count, payloads.compactMap(\.self).sorted())
        return SplitTraffic(
            images: images, sent: sent.count, exits: exits, total: UInt64(sent.reduce(0, +)),
            least: sent.first ?? 0,
            greatest: sent.last ?? 0)
    }
}

/// Bytes that a mode sent for the test images, without headers.
package struct SplitTraffic: Sendable, Equatable {
    package let images: Int
    /// Images of which something more than an answer crossed the link.
    package let sent: Int
    /// That the device was done with because of an early exit or a filter.
    package let exits: Int
    package let total: UInt64
    package let least: Int
    package let greatest: Int

    package init(images: Int, sent: Int, exits: Int, total: UInt64, least: Int, greatest: Int) {
        (self.images, self.sent, self.exits) = (images, sent, exits)
        (self.total, self.least, self.greatest) = (total, least, greatest)
    }

    /// Of images, those that cross the link as the mode would have it: all but exits, among those of which it is known. What
    /// the device answered without a link, and what was lost, is a fault of this run and not a cost of the mode.
    package var share: Double { sent + exits == 0 ? 1 : Double(sent) / Double(sent + exits) }

    /// Of an image that was sent.
    package var mean: Double { sent == 0 ? 0 : Double(total) / Double(sent) }
}

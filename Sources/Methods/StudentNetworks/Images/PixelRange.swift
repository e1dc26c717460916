import Networks

/// What values the pixels of each channel can have.
package struct PixelRange: Sendable, Equatable {
    /// [channels] each.
    package let lowest: [Float]
    package let highest: [Float]

    package init(lowest: [Float], highest: [Float]) {
        precondition(lowest.count == highest.count, "\(lowest.count) ends below, \(highest.count) above")
        precondition(zip(lowest, highest).allSatisfy { $0 < $1 }, "pixels from \(lowest) to \(highest)")
        self.lowest = lowest
        self.highest = highest
    }

    /// Pixels of 0...1 after normalisation by `statistics`, if any.
    package init(channels: Int, normalizedBy statistics: ChannelStatistics?) {
        guard let statistics else {
            self.init(
                lowest: Array(repeating: 0, count: channels), highest: Array(repeating: 1, count: channels))
            return
        }
        precondition(statistics.means.count == channels, "statistics of \(statistics.means.count) channels")
        let parts = zip(statistics.means, statistics.deviations)
        self.init(lowest: parts.map { -$0 / $1 }, highest: parts.map { (1 - $0) / $1 })
    }
}

import Networks
import TensorMath

/// Batches of one pass that wait for each other, as many as fit into some tens of samples: a network that does not change
/// meanwhile can look at all of them at once, and one that trains apart takes its steps one after the other, so that each
/// reads its weights out of a near cache instead of pushing the other's out. Networks with many activations would
/// take much memory for it: there one batch is all, and is used where it stands.
package final class BatchWindow {
    /// Most samples at once.
    package let capacity: Int
    /// [capacity, C, H, W], batches one behind the other.
    package let input: FloatView
    private let client: LocalClient
    private let width: Int
    private var batches: [Range<Int>] = []
    /// Whether there is more than the client's own batch.
    private let waits: Bool
    private var labels: [UInt8]

    /// Values of activations that may wait, all layers together, which bounds time and memory.
    private static let values = 1 << 23

    /// For as many batches as `samples` and the activations allow, at least one.
    package init(_ client: LocalClient, samples: Int = 60) {
        self.client = client
        let batch = client.network.batch
        let values = client.plan.blocks.reduce(0) { $0 + $1.output.count }
        capacity = max(1, min(samples, Self.values / values) / batch) * batch
        waits = capacity > batch
        width = client.plan.input.count
        input = waits ? FloatBuffer(count: capacity * width).view : client.network.input
        labels = .init(repeating: 0, count: capacity)
        batches.reserveCapacity(capacity / batch)
    }

    /// Samples that wait.
    package var count: Int { batches.last?.upperBound ?? 0 }

    package func clear() { batches.removeAll(keepingCapacity: true) }

    /// Adds the client's batch; whether it is time for the steps, as there is no room for another one or none will come.
    package func add() -> Bool {
        let range = count..<count + client.samples
        precondition(range.upperBound <= capacity, "a window of \(capacity) samples is full")
        if waits { rows(range).copy(from: client.network.input.slice(0, range.count * width)) }
        for (place, row) in range.enumerated() { labels[row] = client.labels[place] }
        batches.append(range)
        return client.endsPass || capacity - range.upperBound < client.network.batch
    }

    /// Makes each batch the client's again, in order, and ends the wait. `body` is given its rows.
    package func forEach(_ body: (Range<Int>) -> Void) {
        let last = client.samples
        for range in batches {
            if waits { client.network.input.slice(0, range.count * width).copy(from: rows(range)) }
            client.samples = range.count
            client.labels.removeAll(keepingCapacity: true)
            client.labels.append(contentsOf: labels[range])
            body(range)
        }
        clear()
        precondition(client.samples == last, "the last batch is the client's own")
    }

    private func rows(_ range: Range<Int>) -> FloatView {
        input.slice(range.lowerBound * width, range.count * width)
    }
}

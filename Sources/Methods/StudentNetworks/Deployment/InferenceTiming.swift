import CKernels
import TensorMath

/// Images one after the other in simulated time: whose answers come, how long each takes, and what it costs.
///
/// A device is slower for an image by exp(sigma z), z standard normal, in a stream of its own; an answer is lost with a
/// probability, which the hub learns of when it would have come, or because it comes after the deadline, until which
/// the hub then waits.
package struct InferenceTiming: Sendable, Equatable {
    /// Seconds of each image.
    package private(set) var latencies: [Double] = []
    package private(set) var sequentialSeconds = 0.0
    /// Means over the images, by node.
    package private(set) var computeSeconds: [Double]
    package private(set) var waitingSeconds: [Double]
    package private(set) var computeJoules: [Double]
    package private(set) var radioJoules: [Double]
    package private(set) var idleJoules: [Double]
    /// Nodes whose answers are lost, by image; empty without losses.
    package private(set) var lost: [Int: Set<Int>] = [:]

    package init(_ cost: InferenceCost, losses: LossSpec, images: Int, seed: UInt64) {
        let nodes = cost.nodes
        computeSeconds = .init(repeating: 0, count: nodes.count)
        waitingSeconds = computeSeconds
        computeJoules = computeSeconds
        radioJoules = computeSeconds
        idleJoules = computeSeconds
        let varies = losses.slowdown > 0 || losses.probability > 0
        // Alike images are computed once.
        let distinct = varies ? images : min(1, images)
        for image in 0..<distinct { add(image, cost, losses, seed) }
        if let first = latencies.first { latencies += .init(repeating: first, count: images - distinct) }
        if !varies, let first = lost[0] { for image in 1..<max(images, 1) { lost[image] = first } }
        let share = 1 / Double(max(distinct, 1))
        sequentialSeconds = sequentialSeconds * share + cost.hubSeconds
        for index in nodes.indices {
            computeSeconds[index] *= share
            waitingSeconds[index] *= share
            computeJoules[index] *= share
            radioJoules[index] *= share
            idleJoules[index] *= share
        }
    }

    private mutating func add(_ image: Int, _ cost: InferenceCost, _ losses: LossSpec, _ seed: UInt64) {
        var end = 0.0
        var slowdowns: [Double] = []
        for (index, node) in cost.nodes.enumerated() {
            var stream = RandomStream(
                RandomKey(
                    seed: seed, purpose: .fault, client: UInt32(index), participation: UInt32(image)))
            let isLost = stream.uniformDouble() < losses.probability
            let slowdown = losses.slowdown > 0 ? ck_exp(losses.slowdown * stream.normal()) : 1
            slowdowns.append(slowdown)
            var seconds = node.seconds(slowdown: slowdown)
            let isLate = losses.deadline.map { seconds > $0 } ?? false
            if isLost || isLate { lost[image, default: []].insert(index) }
            if let deadline = losses.deadline, isLost || isLate { seconds = deadline }
            end = max(end, seconds)
        }
        latencies.append(end + cost.hubSeconds)
        for (index, node) in cost.nodes.enumerated() {
            let waiting = max(0, end - node.seconds(slowdown: slowdowns[index]))
            let joules = node.joules(slowdown: slowdowns[index], waiting: waiting)
            sequentialSeconds += node.seconds(slowdown: slowdowns[index])
            computeSeconds[index] += slowdowns[index] * node.computeSeconds
            waitingSeconds[index] += waiting
            computeJoules[index] += joules.compute
            radioJoules[index] += joules.radio
            idleJoules[index] += joules.idle
        }
    }

    package var meanSeconds: Double { latencies.reduce(0, +) / Double(max(latencies.count, 1)) }

    /// The latency that a share of the images does not exceed: the nearest rank.
    package func quantile(_ share: Double) -> Double {
        guard !latencies.isEmpty else { return 0 }
        let rank = Int((share * Double(latencies.count)).rounded(.up))
        return latencies.sorted()[max(0, min(latencies.count - 1, rank - 1))]
    }
}

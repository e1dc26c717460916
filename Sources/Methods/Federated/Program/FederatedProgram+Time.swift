import Devices
import TensorMath

// Simulated time: who takes part, what is kept for those that lag behind, and what a round cost on devices.
extension FederatedProgram {
    /// Bytes of what a client receives and sends in a round, headers included.
    private var messageBytes: (down: UInt64, up: UInt64) {
        guard configuration.method.isFederated else { return (0, 0) }
        return (UInt64(coding.downBytes) + overhead.down, UInt64(coding.upBytes) + overhead.up)
    }

    /// What a round takes on a client's device, as a function that holds nothing of this program but what it needs.
    private var demand: (Int) -> ClientDemand {
        guard let fleet = timeline?.fleet else { preconditionFailure("no devices") }
        let (bytes, counts) = (messageBytes, population.trainCounts)
        return { fleet.demand(client: $0, samples: counts[$0], down: bytes.down, up: bytes.up) }
    }

    /// The clients whose updates will count in this round, in the order drawn.
    mutating func drawCohort() throws(QuorumMissed) -> [Int] {
        guard timeline != nil else { return clients(round: round) }
        let demand = demand
        let plan = try timeline!.next(round: round, selector: selector, demand: demand)
        happening = plan
        return plan.accepted.map(\.client)
    }

    /// Clients whose updates do not count and that keep what they learnt all the same, because they finished.
    var latecomers: [Int] {
        guard exchange.state.count > 0, let happening else { return [] }
        return happening.parts.filter { $0.isFinished && $0.fate != .accepted }.map(\.client)
    }

    /// Which version of the payload a client of this round works on.
    func base(of client: Int) -> Int {
        happening?.parts.first { $0.client == client }?.base ?? round - 1
    }

    // MARK: - Older versions

    /// Keeps the payload that was made for the next round, and forgets what nobody may work on any more.
    mutating func keepVersion() {
        guard overlaps, let timeline else { return }
        versions[round] = globalObject
        versions = versions.filter { $0.key > round - timeline.versions }
    }

    /// Turns an update that was made on an older payload into one of the current: what the client changed, shortened by
    /// 1 / sqrt(1 + staleness) (Nguyen et al. 2022, section 5), is added to it. `staging` has the client's payload.
    ///
    /// Statistics that do not learn are drawn towards the client's by as much instead: sums of several clients' changes
    /// would leave their bounds, and a variance become negative.
    func refresh(_ client: Int) {
        let base = base(of: client)
        guard base < round - 1, let old = versions[base] else { return }
        let start = FloatBuffer(count: exchange.payload.count).view
        let fits = old.copy(into: start)
        precondition(fits, "a version of another layout")
        let (new, current) = (staging.view, global.view)
        // A compressed update is a difference, which was decoded onto the current payload.
        if coding.uplink != nil {
            for index in 0..<new.count { new[index] = start[index] + (new[index] - current[index]) }
        }
        let scale = Float(1 / Double(round - base).squareRoot())
        for segment in exchange.payload.segments {
            let from = segment.role == .trainable ? start : current
            for index in segment.offset..<segment.offset + segment.count {
                new[index] = current[index] + scale * (new[index] - from[index])
            }
        }
    }

    /// The slots of the versions, as many at any time, so that a snapshot always has the same layout.
    var versionMemory: [NamedVector] {
        guard overlaps, let timeline else { return [] }
        return (0..<timeline.versions).map { slot in
            // A slot that has not been used yet is never read.
            let version = versions.first { $0.key % timeline.versions == slot }?.value ?? globalObject
            return NamedVector(name: "version_\(slot)", layout: exchange.payload, values: version)
        }
    }

    // MARK: - Memory

    private static let timelineVector = "timeline"
    private static let wordParts = 3

    /// Room for the timeline's memory: whole numbers as Float32 values, 22 bits each, so that they are exact.
    static func timelineValues(_ timeline: Timeline?) -> FloatBuffer {
        FloatBuffer(count: wordParts * (timeline?.memoryCount ?? 0))
    }

    var timelineMemory: ServerVector? {
        guard timelineValues.count > 0 else { return nil }
        var layout = ParameterLayout()
        layout.append(
            name: "words", shape: [timelineValues.count / Self.wordParts, Self.wordParts], role: .buffer,
            layer: 0)
        return ServerVector(Self.timelineVector, layout: layout, values: timelineValues.view)
    }

    /// Brings the memory up to date after a round.
    func remember(_ words: [Int]) {
        guard let timeline else { return }
        for index in words {
            let word = timeline.word(index)
            for part in 0..<Self.wordParts {
                timelineValues.view[Self.wordParts * index + part] = Float(
                    word >> Int64(22 * part) & 0x3F_FFFF)
            }
        }
    }

    /// Brings simulated time to where the snapshot left it, and the versions that clients work on.
    mutating func resumeTimeline(_ snapshot: Snapshot) {
        guard timeline != nil else { return }
        var words: [Int64] = []
        if let saved = snapshot.memory.first(where: { $0.name == Self.timelineVector }) {
            let values = timelineValues.view
            let fits = saved.values.copy(into: values)
            precondition(fits, "a snapshot of another experiment")
            words = (0..<values.count / Self.wordParts).map { index in
                (0..<Self.wordParts).reduce(Int64(0)) { word, part in
                    word | Int64(values[Self.wordParts * index + part]) << Int64(22 * part)
                }
            }
        }
        let demand = demand
        do throws(QuorumMissed) {
            try timeline!.resume(after: round, memory: words, selector: selector, demand: demand)
        } catch { preconditionFailure("a snapshot after a round that cannot be: \(error.text)") }
        for version in stride(from: round, to: round - timeline!.versions, by: -1)
        where version >= 0 && overlaps {
            let name = "version_\(version % timeline!.versions)"
            versions[version] = snapshot.memory.first { $0.name == name }?.values
        }
    }

    // MARK: - Rows

    /// Rows of clients whose parts ended in this round and that nothing was computed for, in no order.
    func idleRows() -> [ClientRow] {
        guard let happening else { return [] }
        let known = Set(trained.map(\.client))
        return happening.parts.filter { !known.contains($0.client) }.map { part in
            ClientRow(
                round: round, client: part.client, samples: population.trainCounts[part.client], steps: 0,
                trainLossSum: 0, trainCorrect: 0, updateDigest: "", downPayloadBytes: 0, downOverheadBytes: 0,
                upPayloadBytes: 0, upOverheadBytes: 0, work: Work())
        }
    }

    /// Adds to a client's row what became of its part: times, energies, and what of its bytes was sent.
    func time(_ row: inout ClientRow) {
        let client = row.client
        guard let part = happening?.parts.first(where: { $0.client == client }), let timeline else { return }
        let (passage, group) = (part.passage, timeline.fleet.group(of: client))
        row.fate = part.fate
        row.timing = ClientTiming(
            device: group.device.name, link: group.link.name, startSeconds: passage.start.units,
            downloadSeconds: passage.download.units, computeSeconds: passage.compute.units,
            uploadSeconds: passage.upload.units, waitingSeconds: passage.waiting.units,
            computeJoules: passage.computeEnergy.units, radioJoules: passage.radioEnergy.units,
            idleJoules: passage.idleEnergy.units, staleness: part.staleness)
        guard part.fate != .accepted, configuration.method.isFederated else { return }
        func share(_ bytes: UInt64, _ billionths: Int64) -> UInt64 {
            billionths == 1_000_000_000 ? bytes : UInt64(Double(bytes) * billionths.units)
        }
        row.downPayloadBytes = share(UInt64(coding.downBytes), passage.received)
        row.downOverheadBytes = share(overhead.down, passage.received)
        row.upPayloadBytes = share(UInt64(coding.upBytes), passage.sent)
        row.upOverheadBytes = share(overhead.up, passage.sent)
    }

    /// Adds time, energy and waste to the row of the round.
    func total(_ row: inout RoundRow) {
        guard let happening else { return }
        let wasted = trained.filter { $0.fate != .accepted }
        row.drawn = happening.parts.count
        row.wastedUpBytes = wasted.reduce(0) { $0 + $1.upPayloadBytes + $1.upOverheadBytes }
        row.wastedDownBytes = wasted.reduce(0) { $0 + $1.downPayloadBytes + $1.downOverheadBytes }
        func joules(_ parts: [RoundPlan.Part]) -> Double {
            parts.reduce(Int64(0)) {
                $0 + $1.passage.computeEnergy + $1.passage.radioEnergy + $1.passage.idleEnergy
            }.units
        }
        row.simulatedSeconds = (happening.end - happening.start).units
        row.energyJoules = joules(happening.parts)
        row.wastedJoules = joules(happening.parts.filter { $0.fate != .accepted })
    }

    /// Bytes that were sent for nothing; by direction, because they belong to no segment.
    func wastedTraffic() -> [TrafficRow] {
        let wasted = trained.filter { $0.fate != .accepted }
        func row(
            _ direction: TrafficRow.Direction, _ part: TrafficRow.Part, _ bytes: (ClientRow) -> UInt64
        ) -> TrafficRow? {
            let sent = wasted.map(bytes).filter { $0 > 0 }
            guard !sent.isEmpty else { return nil }
            return TrafficRow(
                round: round, direction: direction, kind: "wasted", part: part, segment: "all",
                clients: sent.count, bytes: sent.reduce(0, +))
        }
        return [
            row(.down, .payload, \.downPayloadBytes), row(.down, .overhead, \.downOverheadBytes),
            row(.up, .payload, \.upPayloadBytes), row(.up, .overhead, \.upOverheadBytes),
        ].compactMap(\.self)
    }
}

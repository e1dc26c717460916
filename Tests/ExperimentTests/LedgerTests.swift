import Devices
import Experiment
import Foundation
import Methods
import TensorMath
import Testing

/// A directory of its own, gone when the test is.
final class Scratch {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent(
            "tributary-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            Issue.record("\(path) remains: \(error)")
        }
    }

    func file(_ name: String) -> String { path + "/" + name }

    func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: file(name))))
    }

    func write(_ bytes: [UInt8], to name: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
    }
}

/// What round `round` with two clients leaves behind.
func rows(ofRound round: Int) -> [Methods.Row] {
    var state = RoundRow(round: round, clients: 2, samples: 30, modelDigest: "digest-of-round-\(round)")
    state.trainLoss = 1.0 / Double(round)
    if round % 2 == 0 {
        state.globalTestAccuracy = 0.1 * Double(round)
        state.globalTestLoss = 0.25
        state.localTestAccuracyMean = 0.5
        state.localTestAccuracyStd = 0.25
        state.localTestAccuracyWorstTenth = 0.125
    }
    state.federatedUpBytes = 2048
    state.federatedDownBytes = 2050
    let work = Work(macs: [0, 10, 0, 0, 1 << 40, 0], forwardSamples: 30, backwardSamples: 15)
    let clients = [7, 3].map { client in
        var row = ClientRow(
            round: round, client: client, samples: 15, steps: 2, trainLossSum: 0.1 * Double(client),
            trainCorrect: 4, updateDigest: "update-\(client)", downPayloadBytes: 1000, downOverheadBytes: 25,
            upPayloadBytes: 1000, upOverheadBytes: 24, work: work)
        if client == 7 { (row.attacks, row.factor) = (true, 0.25 * Double(round)) }
        return Methods.Row.client(row)
    }
    return clients + [
        .round(state),
        .localTest(LocalTestRow(round: round, client: 3, samples: 5, correct: 2, lossSum: 3.5)),
        .traffic(
            TrafficRow(
                round: round, direction: .up, kind: "update", part: .payload, segment: "dense1.weight",
                clients: 2,
                bytes: 2000)),
        .traffic(
            TrafficRow(
                round: round, direction: .up, kind: "update", part: .overhead, segment: "header", clients: 2,
                bytes: 48)),
        .infrastructure(
            InfrastructureRow(
                round: round, trainingSeconds: 0.5, evaluationSeconds: 0.25, wallSeconds: Double(round),
                wireInBytes: 5000, wireOutBytes: 6000, simulationBytes: 7, retries: 1, workers: 2)),
    ]
}

/// Three rounds, a point after each.
func writeLedger(at file: String) throws -> [RecordedPoint] {
    let ledger = try Ledger.create(at: file, identity: ["version": "1.0", "scenario": "abc"])
    let points = try (1...3).map { round in
        try ledger.append(
            rows: rows(ofRound: round),
            notes: ["worker gone in round \(round)"],
            point: DurabilityPoint(
                round: round, files: [.init(name: "checkpoints/\(round)", digest: [1, 2, UInt8(round)])],
                state: ["program": [UInt8(round)]]))
    }
    try ledger.set(meta: ["status": "finished"])
    try ledger.close()
    return points
}

private func openError(_ file: String, verify: Bool = true) -> LedgerError? {
    do throws(LedgerError) {
        try Ledger.open(at: file, verify: verify).close()
        return nil
    } catch {
        return error
    }
}

@Suite struct LedgerTests {
    @Test func whatIsWrittenIsRead() throws {
        let scratch = try Scratch()
        let points = try writeLedger(at: scratch.file("run.sqlite"))
        let ledger = try Ledger.open(at: scratch.file("run.sqlite"))
        let expected = (1...3).flatMap(rows(ofRound:))
        let rounds = expected.compactMap { if case .round(let row) = $0 { row } else { nil } }
        let clients = expected.compactMap { if case .client(let row) = $0 { row } else { nil } }
        #expect(try ledger.rounds() == rounds)
        #expect(try ledger.clients() == clients.sorted { ($0.round, $0.client) < ($1.round, $1.client) })
        #expect(try ledger.localTests().map(\.lossSum) == [3.5, 3.5, 3.5])
        #expect(
            try ledger.traffic().map(\.part) == [
                .overhead, .payload, .overhead, .payload, .overhead, .payload,
            ])
        #expect(try ledger.infrastructure().map(\.wallSeconds) == [1, 2, 3])
        #expect(try ledger.meta() == ["version": "1.0", "scenario": "abc", "status": "finished"])
        #expect(try ledger.lastPoint() == points[2])
        #expect(points.map(\.number) == [1, 2, 3])
        #expect(Set(points.map(\.chain)).count == 3)
        #expect(try ledger.notes() == (1...3).map { "worker gone in round \($0)" })
        #expect(
            try ledger.trafficTotals() == [
                TrafficTotal(
                    direction: .up, kind: "update", part: .overhead, segment: "header", transfers: 6,
                    bytes: 144),
                TrafficTotal(
                    direction: .up, kind: "update", part: .payload, segment: "dense1.weight", transfers: 6,
                    bytes: 6000),
            ])
    }

    @Test func oneFileRemains() throws {
        let scratch = try Scratch()
        _ = try writeLedger(at: scratch.file("run.sqlite"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == ["run.sqlite"])
    }

    @Test func theChainDoesNotDependOnTheOrderOfArrival() throws {
        let scratch = try Scratch()
        var chains: [[UInt8]] = []
        for (name, order) in [("a", rows(ofRound: 1)), ("b", rows(ofRound: 1).reversed())] {
            let ledger = try Ledger.create(at: scratch.file(name), identity: ["version": "1"])
            chains.append(try ledger.append(rows: order, point: DurabilityPoint(round: 1)).chain)
            try ledger.close()
        }
        #expect(chains[0] == chains[1])
    }

    @Test func theChainLeavesInfrastructureOut() throws {
        let scratch = try Scratch()
        var chains: [[UInt8]] = []
        for (name, wall) in [("a", 1.0), ("b", 2.0)] {
            let ledger = try Ledger.create(at: scratch.file(name), identity: [:])
            let row = InfrastructureRow(
                round: 1, trainingSeconds: wall, evaluationSeconds: 0, wallSeconds: wall, wireInBytes: 0,
                wireOutBytes: 0, simulationBytes: 0, retries: 0, workers: 1)
            chains.append(
                try ledger.append(rows: [.infrastructure(row)], point: DurabilityPoint(round: 1)).chain)
            try ledger.close()
        }
        #expect(chains[0] == chains[1])
    }

    @Test func numbersThatAreNoneSurvive() throws {
        let scratch = try Scratch()
        let ledger = try Ledger.create(at: scratch.file("l"), identity: [:])
        var row = RoundRow(round: 1, clients: 1, samples: 1, modelDigest: "d")
        row.trainLoss = .nan
        row.globalTestLoss = .infinity
        row.globalTestAccuracy = -0.0
        try ledger.append(rows: [.round(row)], point: DurabilityPoint(round: 1))
        try ledger.close()
        let read = try Ledger.open(at: scratch.file("l")).rounds()[0]
        #expect(read.trainLoss?.isNaN == true)
        #expect(read.globalTestLoss == .infinity)
        #expect(read.globalTestAccuracy == 0)
        #expect(read.simulatedSeconds == nil)
    }

    @Test func aRefusedAppendLeavesNothing() throws {
        let scratch = try Scratch()
        _ = try writeLedger(at: scratch.file("l"))
        let ledger = try Ledger.open(at: scratch.file("l"))
        let before = try ledger.lastPoint()
        #expect(throws: LedgerError.self) {
            try ledger.append(rows: rows(ofRound: 4) + rows(ofRound: 3), point: DurabilityPoint(round: 4))
        }
        do throws(LedgerError) {
            try ledger.append(rows: [], point: DurabilityPoint(round: 2))
            Issue.record("went back to round 2")
        } catch {
            #expect(error.kind == .conflict)
            #expect(
                error.description
                    == "\(scratch.file("l")): is at round 3, behind which round 2 lies; resume from the last point"
            )
        }
        #expect(try ledger.rounds().count == 3)
        #expect(try ledger.lastPoint() == before)
        try ledger.append(rows: rows(ofRound: 4), point: DurabilityPoint(round: 4))
        try ledger.close()
        #expect(openError(scratch.file("l")) == nil)
    }

    @Test func theIdentityIsFixed() throws {
        let scratch = try Scratch()
        let ledger = try Ledger.create(at: scratch.file("l"), identity: ["version": "1"])
        try ledger.set(meta: ["status": "a"])
        try ledger.set(meta: ["status": "b"])
        #expect(throws: LedgerError.self) { try ledger.set(meta: ["version": "2"]) }
        #expect(try ledger.meta() == ["version": "1", "status": "b"])
    }

    @Test func filesThatAreNoLedgersAreNamed() throws {
        let scratch = try Scratch()
        #expect(openError(scratch.file("none"))?.kind == .missing)
        try scratch.write([], to: "empty")
        #expect(openError(scratch.file("empty"))?.kind == .foreign)
        try scratch.write(Array(repeating: 65, count: 9000), to: "text")
        let error = openError(scratch.file("text"))
        #expect(error?.kind == .foreign)
        #expect(
            error?.description
                == "\(scratch.file("text")): is not a ledger (file is not a database); name a run's directory"
        )
        _ = try writeLedger(at: scratch.file("l"))
        do throws(LedgerError) {
            _ = try Ledger.create(at: scratch.file("l"), identity: [:])
            Issue.record("written over")
        } catch {
            #expect(error.kind == .exists)
        }
        var bytes = try scratch.bytes("l")
        bytes[63] = 9  // The last byte of user_version in the file's header.
        try scratch.write(bytes, to: "other")
        #expect(openError(scratch.file("other"))?.kind == .otherVersion)
    }

    @Test func aTornFileIsRefused() throws {
        let scratch = try Scratch()
        _ = try writeLedger(at: scratch.file("l"))
        let bytes = try scratch.bytes("l")
        for count in stride(from: 0, to: bytes.count, by: 509) {
            try scratch.write(Array(bytes[..<count]), to: "torn")
            #expect(openError(scratch.file("torn")) != nil, "opened \(count) of \(bytes.count) bytes")
        }
    }

    /// A cell changed as another program would change it: the file stays sound, the chain does not.
    @Test(arguments: ["digest-of-round-2", "update-3", "dense1.weight", "abc", "checkpoints/3"])
    func changedTextBreaksTheChain(text: String) throws {
        let scratch = try Scratch()
        _ = try writeLedger(at: scratch.file("l"))
        var bytes = try scratch.bytes("l")
        let pattern = Array(text.utf8)
        let start = try #require(bytes.indices.first { bytes[$0...].starts(with: pattern) })
        bytes[start + pattern.count - 1] ^= 2
        try scratch.write(bytes, to: "changed")
        #expect(openError(scratch.file("changed"))?.kind == .tampered)
        #expect(openError(scratch.file("changed"), verify: false) == nil)
    }

    @Test func changedNumbersBreakTheChain() throws {
        let scratch = try Scratch()
        _ = try writeLedger(at: scratch.file("l"))
        let bytes = try scratch.bytes("l")
        let loss = withUnsafeBytes(of: (0.1 * 7.0).bitPattern.bigEndian) { Array($0) }
        let start = try #require(bytes.indices.first { bytes[$0...].starts(with: loss) })
        for bit in 0..<8 {
            var changed = bytes
            changed[start + 7] ^= 1 << UInt8(bit)
            try scratch.write(changed, to: "changed")
            #expect(openError(scratch.file("changed"))?.kind == .tampered)
        }
    }

    /// No flipped bit passes for another result, and none crashes the reader.
    @Test func flippedBitsAreFoundOrHarmless() throws {
        let scratch = try Scratch()
        _ = try writeLedger(at: scratch.file("l"))
        let bytes = try scratch.bytes("l")
        let original = try Ledger.open(at: scratch.file("l"))
        let (rounds, clients, traffic) = (
            try original.rounds(), try original.clients(), try original.traffic()
        )
        var stream = RandomStream(RandomKey(seed: 4, purpose: .test))
        var refused = 0
        for _ in 0..<600 {
            var changed = bytes
            changed[stream.index(below: bytes.count)] ^= 1 << UInt8(stream.index(below: 8))
            try scratch.write(changed, to: "changed")
            if openError(scratch.file("changed")) != nil {
                refused += 1
                continue
            }
            let ledger = try Ledger.open(at: scratch.file("changed"))
            #expect(try ledger.rounds() == rounds)
            #expect(try ledger.clients() == clients)
            #expect(try ledger.traffic() == traffic)
            try ledger.close()
        }
        #expect(refused > 20)
    }

    /// A crash within a transaction leaves a journal; whoever opens the ledger next undoes what was begun.
    @Test(arguments: [false, true])
    func anUnfinishedTransactionIsUndone(readOnly: Bool) throws {
        let scratch = try Scratch()
        let points = try writeLedger(at: scratch.file("l"))
        var bytes = try scratch.bytes("l")
        try scratch.write(hotJournal(ofPage: 2, in: bytes), to: "l-journal")
        for index in 4096..<8192 { bytes[index] = 0xAA }
        try scratch.write(bytes, to: "l")
        let ledger = try Ledger.open(at: scratch.file("l"), readOnly: readOnly)
        #expect(try ledger.lastPoint() == points[2])
        #expect(try ledger.rounds().count == 3)
        try ledger.close()
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == ["l"])
    }

    /// A rollback journal (https://www.sqlite.org/fileformat.html, section 3) that restores one page of 4096 bytes.
    private func hotJournal(ofPage page: Int, in database: [UInt8]) -> [UInt8] {
        func word(_ value: Int) -> [UInt8] {
            (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
        }
        let content = Array(database[(page - 1) * 4096..<page * 4096])
        let checksum = stride(from: 4096 - 200, to: 0, by: -200).reduce(0) { $0 + Int(content[$1]) }
        var journal: [UInt8] = [0xD9, 0xD5, 0x05, 0xF9, 0x20, 0xA1, 0x63, 0xD7]
        journal += word(1) + word(0) + word(database.count / 4096) + word(512) + word(4096)
        journal += [UInt8](repeating: 0, count: 512 - journal.count)
        return journal + word(page) + content + word(checksum)
    }

    @Test func aReaderMayLookWhileTheRunGoesOn() throws {
        let scratch = try Scratch()
        let ledger = try Ledger.create(at: scratch.file("l"), identity: [:])
        try ledger.append(rows: rows(ofRound: 1), point: DurabilityPoint(round: 1))
        let reader = try Ledger.open(at: scratch.file("l"), readOnly: true)
        try ledger.append(rows: rows(ofRound: 2), point: DurabilityPoint(round: 2))
        #expect(try reader.rounds().count == 2)
        #expect(throws: LedgerError.self) {
            try reader.append(rows: rows(ofRound: 3), point: DurabilityPoint(round: 3))
        }
    }
}

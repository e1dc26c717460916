import Foundation
import Methods
import Runtime
import TensorMath
import Testing

/// What clients keep between rounds: which versions stay, and what counts as a state in the file.
@Suite struct ClientStateTests {
    private static func state(_ number: Int) -> ObjectBytes {
        ObjectBytes([UInt8](repeating: UInt8(number % 251), count: 92) + [UInt8(number >> 8 & 255), 1, 2, 3])
    }

    private static let bytes = 96

    /// A durable round, one on its way to the disk and one that waits, as a coordinator has them; each may be missing.
    private struct Pins {
        private(set) var committed = 0
        private var inFlight: Int?
        private var waiting: Int?

        init() {}

        /// After a crash only the durable round is left.
        init(resuming round: Int) { committed = round }

        var all: [Int] { [committed] + [inFlight, waiting].compactMap(\.self) }

        mutating func finish(round: Int, _ stream: inout RandomStream) {
            waiting = round
            if inFlight != nil && stream.index(below: 3) == 0 {
                committed = inFlight!
                inFlight = nil
            }
            if inFlight == nil && stream.index(below: 2) == 0 { (inFlight, waiting) = (waiting, nil) }
        }
    }

    /// Against a model that keeps everything: what a run may resume from is where it was written, whole.
    @Test func noVersionThatAPinNeedsIsOverwritten() throws {
        var stream = RandomStream(RandomKey(seed: 4, purpose: .test))
        for _ in 0..<300 {
            var pins = Pins()
            var versions = StateVersions()
            var slots = [Int?](repeating: nil, count: StateVersions.slots)
            var history: [Int] = []
            for round in 1...40 {
                if stream.index(below: 3) > 0 {
                    let id = ObjectID(high: 1, low: UInt64(round))
                    let (slot, forgotten) = versions.add(round: round, id: id, pins: pins.all)
                    slots[slot] = round
                    history.append(round)
                    let newest = try #require(versions.newest)
                    #expect(newest.round == round && newest.id == id && newest.slot == slot)
                    #expect(!forgotten.contains { $0.round == round })
                }
                pins.finish(round: round, &stream)
                for pin in pins.all {
                    guard let needed = history.last(where: { $0 <= pin }) else { continue }
                    let version = try #require(versions.versions.first { $0.round == needed })
                    #expect(slots[version.slot] == needed, "round \(needed), pinned by \(pin)")
                }
                #expect(Set(versions.versions.map(\.slot)).count == versions.versions.count)
            }
        }
    }

    /// Runs that crash and go on from the durable round, on a file: every client has what it had then.
    @Test func aStoreResumesFromTheDurableRound() throws {
        var stream = RandomStream(RandomKey(seed: 6, purpose: .test))
        for _ in 0..<20 {
            let file = try TemporaryFile()
            var histories = [[(round: Int, state: ObjectBytes)]](repeating: [], count: 5)
            var pins = Pins()
            var store = ClientStateStore(medium: try StateFile(path: file.path, stateBytes: Self.bytes))
            var round = 0
            for _ in 0..<60 {
                round += 1
                for client in histories.indices where stream.index(below: 2) == 0 {
                    // Few different ones: clients may have the same state.
                    let state = Self.state(stream.index(below: 8))
                    let kept = ClientState(client: client, round: round, object: state)
                    try store.keep(kept, pins: pins.all)
                    histories[client].append((round, state))
                    #expect(try store.object(state.id)?.bytes == state.bytes)
                }
                pins.finish(round: round, &stream)
                guard stream.index(below: 8) == 0 else { continue }
                round = pins.committed
                for client in histories.indices { histories[client].removeAll { $0.round > round } }
                let ledger = histories.enumerated().compactMap { client, history in
                    history.last.map { (client: client, round: $0.round, id: $0.state.id) }
                }
                pins = Pins(resuming: round)
                store = try ClientStateStore(
                    medium: StateFile(path: file.path, stateBytes: Self.bytes), resuming: ledger)
                for (client, history) in histories.enumerated() {
                    #expect(try store.newest(of: client)?.bytes == history.last?.state.bytes)
                }
            }
        }
    }

    @Test func whatTheLedgerNamesAndTheMediumLacksIsAnError() throws {
        let medium = MemoryMedium()
        let store = ClientStateStore(medium: medium)
        try store.keep(ClientState(client: 2, round: 5, object: Self.state(1)), pins: [4])
        let whole = (client: 2, round: 5, id: Self.state(1).id)
        #expect(try ClientStateStore(medium: medium, resuming: [whole]).newest(of: 2)?.id == whole.id)
        for lacking in [(3, 5, whole.id), (2, 4, whole.id), (2, 5, Self.state(2).id)] {
            let error = #expect(throws: StateError.self) {
                try ClientStateStore(medium: medium, resuming: [lacking])
            }
            #expect(error?.kind == .damaged)
            #expect(error?.description.contains("client \(lacking.0) after round \(lacking.1)") == true)
            #expect(error?.description.contains("take the run from a copy") == true)
        }
    }

    // MARK: - The file

    @Test func aStateIsReadWhereItWasWrittenAndNowhereElse() throws {
        let file = try TemporaryFile()
        let medium = try StateFile(path: file.path, stateBytes: Self.bytes)
        try medium.write(Self.state(7), client: 3, round: 9, slot: 1)
        #expect(try medium.read(client: 3, round: 9, slot: 1)?.bytes == Self.state(7).bytes)
        for (client, round, slot) in [(3, 9, 0), (3, 9, 2), (3, 8, 1), (2, 9, 1), (4, 9, 1), (0, 0, 0)] {
            #expect(try medium.read(client: client, round: round, slot: slot) == nil)
        }
        // Another client's slot, copied to where this client's would stand.
        let stride = 4096
        var bytes = try #require(FileManager.default.contents(atPath: file.path))
        let slot = Array(bytes[13 * stride..<bytes.count])
        bytes.replaceSubrange(4 * stride..<4 * stride + slot.count, with: slot)
        try bytes.write(to: URL(fileURLWithPath: file.path))
        let reopened = try StateFile(path: file.path, stateBytes: Self.bytes)
        #expect(try reopened.read(client: 1, round: 9, slot: 0) == nil)
        #expect(try reopened.read(client: 3, round: 9, slot: 1)?.bytes == Self.state(7).bytes)
    }

    /// Every prefix of a slot, and every slot with one bit turned, is no state.
    @Test func tornAndTurnedSlotsAreNoStates() throws {
        let file = try TemporaryFile()
        try StateFile(path: file.path, stateBytes: Self.bytes)
            .write(Self.state(7), client: 0, round: 2, slot: 0)
        let whole = try #require(FileManager.default.contents(atPath: file.path))
        #expect(whole.count == 64 + Self.bytes)
        func read(_ bytes: Data) throws -> ObjectBytes? {
            try bytes.write(to: URL(fileURLWithPath: file.path))
            return try StateFile(path: file.path, stateBytes: Self.bytes).read(client: 0, round: 2, slot: 0)
        }
        #expect(try read(whole)?.id == Self.state(7).id)
        for count in 0..<whole.count { #expect(try read(whole.prefix(count)) == nil, "\(count) bytes") }
        // 32 bytes of client, round and name, then 32 that say nothing, then the state.
        for index in Array(0..<32) + Array(64..<whole.count) {
            var turned = whole
            turned[index] ^= 1 << UInt8(index % 8)
            #expect(try read(turned) == nil, "byte \(index)")
        }
        // A new header with the old state, and the old header with a new one.
        try StateFile(path: file.path, stateBytes: Self.bytes)
            .write(Self.state(8), client: 0, round: 2, slot: 0)
        let next = try #require(FileManager.default.contents(atPath: file.path))
        #expect(try read(next.prefix(64) + whole.dropFirst(64)) == nil)
        #expect(try read(whole.prefix(64) + next.dropFirst(64)) == nil)
    }

    @Test func theFileHasHolesWhereNobodyWrote() throws {
        let file = try TemporaryFile()
        let medium = try StateFile(path: file.path, stateBytes: 1 << 20)
        let state = ObjectBytes([UInt8](repeating: 1, count: 1 << 20))
        try medium.write(state, client: 1000, round: 1, slot: 3)
        try medium.sync()
        var facts = stat()
        #expect(stat(file.path, &facts) == 0)
        #expect(facts.st_size > 4000 << 20)
        #expect(facts.st_blocks * 512 < 4 << 20, "\(facts.st_blocks * 512) bytes on the disk")
        #expect(try medium.read(client: 1000, round: 1, slot: 3)?.id == state.id)
    }

    @Test func aFullDiskIsAnErrorWithARemedy() throws {
        let medium = try StateFile(path: "/dev/full", stateBytes: Self.bytes)
        let error = #expect(throws: StateError.self) {
            try medium.write(Self.state(1), client: 0, round: 1, slot: 0)
        }
        #expect(error?.kind == .cannotWrite)
        #expect(error?.description.contains("/dev/full cannot be written: No space left") == true)
        #expect(error?.description.contains("free space") == true)
        // Zeros for client 0 and round 0 are not a state.
        #expect(try medium.read(client: 0, round: 0, slot: 0) == nil)
        let store = ClientStateStore(medium: medium)
        #expect(throws: StateError.self) {
            try store.keep(ClientState(client: 0, round: 1, object: Self.state(1)), pins: [0])
        }
        #expect(throws: StateError.self) { try StateFile(path: "/no/such/place", stateBytes: 1) }
    }
}

/// A name in a directory of its own; both are removed with the value.
private final class TemporaryFile {
    private let directory: URL
    var path: String { directory.appendingPathComponent("clients.state").path }

    init() throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: directory) }
}

import Experiment
import Foundation
import TensorMath
import Testing

@Suite struct SweepDirectoryTests {
    private func cell(rounds: Int = 10) throws -> SweepCell {
        let scenario = try Scenario.load(text: minimalScenario, overrides: ["training.rounds=\(rounds)"])
        return SweepCell(scenario: scenario, seed: 1, settings: ["\(rounds)"], group: 0)
    }

    private func error(_ path: String, _ name: String) -> RunDirectoryError? {
        do throws(RunDirectoryError) {
            _ = try SweepDirectory.create(at: path, name: name)
            return nil
        } catch { return error }
    }

    @Test func aDirectoryBelongsToOneSweep() throws {
        let scratch = try Scratch()
        let path = scratch.file("a/sweep")
        #expect(try SweepDirectory.open(at: path, name: "one") == nil)
        let directory = try SweepDirectory.create(at: path, name: "one")
        try directory.writeIndex(Sweep(name: "one", columns: ["training.rounds"], cells: [try cell()]))
        #expect(try SweepDirectory.open(at: path, name: "one") == directory)
        #expect(error(path, "one") == nil)
        let other = error(path, "two")
        #expect(other?.kind == .notEmpty && other?.message == "holds the sweep one, not two")
        let index = try directory.files.read("sweep.json")
        #expect(index.contains(try cell().digest) && index.contains("\"training.rounds\" : \"10\""))
        // What is no sweep's is left alone.
        try scratch.write([1], to: "a/file")
        #expect(error(scratch.file("a"), "one")?.message == "holds something, but no sweep")
        #expect(error(scratch.file("a/file"), "one")?.kind == .notEmpty)
        try scratch.write([1], to: "a/sweep/sweep.json")
        #expect(error(path, "one")?.kind == .cannotRead)
    }

    @Test func theLedgerTellsHowFarACellIs() throws {
        let scratch = try Scratch()
        let directory = try SweepDirectory.create(at: scratch.file("sweep"), name: "one")
        let cell = try cell()
        #expect(try directory.state(of: cell) == .absent)
        let file = try directory.prepare(cell, workers: 3)
        let written = try Scenario.load(text: try String(contentsOfFile: file, encoding: .utf8))
        #expect(written.digest == cell.scenario.digest)
        #expect(written.hosts == HostsSpec(minimum: 1, launch: [.local(workers: 3)]))

        let run = directory.run(of: cell)
        _ = try RunDirectory.create(at: run.path)
        try run.write([], to: RunDirectory.Name.ledger)
        #expect(try directory.state(of: cell) == .absent)
        _ = try directory.prepare(cell, workers: 3)
        #expect(!FileManager.default.fileExists(atPath: run.path))

        _ = try RunDirectory.create(at: run.path)
        let ledger = try Ledger.create(
            at: run.path(of: RunDirectory.Name.ledger), identity: ["scenario_digest": cell.digest])
        #expect(try directory.state(of: cell) == .started)
        try ledger.set(meta: ["result": "{}"])
        try ledger.close()
        #expect(try directory.state(of: cell) == .finished(result: "{}"))
        #expect(!directory.isBusy(cell))
        let lock = try run.lock()
        #expect(directory.isBusy(cell))
        withExtendedLifetime(lock) {}
    }

    @Test func aRunOfAnotherScenarioIsNotACell() throws {
        let scratch = try Scratch()
        let directory = try SweepDirectory.create(at: scratch.file("sweep"), name: "one")
        let cell = try cell()
        let run = try RunDirectory.create(at: directory.run(of: cell).path)
        try Ledger.create(at: run.path(of: RunDirectory.Name.ledger), identity: ["scenario_digest": "x"])
            .close()
        do throws(RecordError) {
            _ = try directory.state(of: cell)
            Issue.record("took another run for the cell's")
        } catch {
            #expect(error.description.contains("holds the run of another scenario"))
        }
    }
}

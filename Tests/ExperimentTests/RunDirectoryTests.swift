import Experiment
import Foundation
import Methods
import Testing

private func creationError(_ path: String) -> RunDirectoryError.Kind? {
    do throws(RunDirectoryError) {
        _ = try RunDirectory.create(at: path)
        return nil
    } catch {
        return error.kind
    }
}

private func openingError(_ path: String) -> RunDirectoryError.Kind? {
    do throws(RunDirectoryError) {
        _ = try RunDirectory.open(at: path)
        return nil
    } catch {
        return error.kind
    }
}

@Suite struct RunDirectoryTests {
    private let environment = RunEnvironment(
        version: "1.0", kernelFamily: "avx2", blas: "OpenBLAS", processor: "P <1>", logicalProcessors: 2,
        memoryBytes: 1 << 33, operatingSystem: "Debian", host: "h", startedAt: "2026-01-01T00:00:00Z",
        arguments: ["run", "a b.yaml"], libraries: ["libzmq": "4.3"])

    @Test func onlyEmptyDirectoriesAreTaken() throws {
        let scratch = try Scratch()
        #expect(creationError(scratch.file("a/b/c")) == nil)
        #expect(creationError(scratch.file("a/b/c")) == nil)
        #expect(creationError(scratch.file("a/b")) == .notEmpty)
        try scratch.write([1], to: "file")
        #expect(creationError(scratch.file("file")) == .notEmpty)
        #expect(creationError(scratch.file("file/under")) == .cannotCreate)
        #expect(creationError("/proc/tributary") == .cannotCreate)
    }

    @Test func onlyRunsAreOpened() throws {
        let scratch = try Scratch()
        #expect(openingError(scratch.file("none")) == .missing)
        #expect(openingError(scratch.path) == .notARun)
        try scratch.write([], to: "scenario.yaml")
        try scratch.write([], to: "run.sqlite")
        #expect(openingError(scratch.path) == nil)
    }

    @Test func filesAppearWhole() throws {
        let scratch = try Scratch()
        let directory = try RunDirectory.create(at: scratch.path)
        let file = try AtomicFile(at: scratch.file("x"))
        file.write(String(repeating: "a", count: 200_000))
        #expect(!FileManager.default.fileExists(atPath: scratch.file("x")))
        try file.commit()
        #expect(try scratch.bytes("x").count == 200_000)
        try directory.write("b", to: "x")
        #expect(try directory.read("x") == "b")
        do {
            let abandoned = try AtomicFile(at: scratch.file("y"))
            abandoned.write("half")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == ["x"])
        #expect(throws: RunDirectoryError.self) { try directory.write("c", to: "no/such/file") }
    }

    @Test func aDirectoryIsNoFile() throws {
        let scratch = try Scratch()
        let directory = try RunDirectory.create(at: scratch.file("run"))
        try directory.makeDirectory("x")
        for path in [directory.path, directory.path(of: "x"), ""] {
            do throws(RunDirectoryError) {
                _ = try AtomicFile(at: path)
                Issue.record("\(path) became a file")
            } catch {
                #expect(error.kind == .cannotWrite && !error.remedy.isEmpty)
            }
        }
        // One that appears while the file is written.
        do {
            let late = try AtomicFile(at: directory.path(of: "late"))
            late.write("half")
            try directory.makeDirectory("late")
            #expect(throws: RunDirectoryError.self) { try late.commit() }
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
        #expect(names == ["late", "x"])
    }

    @Test func whatFailedAtOnceIsDiscarded() throws {
        let scratch = try Scratch()
        let made = try RunDirectory.create(at: scratch.file("a/made"))
        try made.makeDirectory("checkpoints")
        try made.write("x", to: "checkpoints/y")
        made.discard()
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.file("a")) == [])
        try FileManager.default.createDirectory(
            atPath: scratch.file("found"), withIntermediateDirectories: true)
        let found = try RunDirectory.create(at: scratch.file("found"))
        try found.write("x", to: "y")
        found.discard()
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.file("found")) == [])
    }

    @Test(arguments: [
        ("z", ""), ("1", ""), ("é", ""), ("a/b", "a"), ("a/b/", "a"), ("/a", "/"), ("/", "/"),
        ("//a//b", "//a"),
        ("runs/one", "runs"), ("./z", "."), ("", ""),
    ])
    func parents(path: String, parent: String) { #expect(parentDirectory(of: path) == parent) }

    /// A rename would replace the device by a file.
    @Test func devicesStayDevices() {
        let error = #expect(throws: RunDirectoryError.self) { try AtomicFile(at: "/dev/null") }
        #expect(error?.description.contains("is not a regular file") == true)
        #expect(!FileManager.default.fileExists(atPath: "/dev/null.tmp"))
    }

    /// Through two links, one relative; a link that leads nowhere yet makes its target.
    @Test func linksStayLinks() throws {
        let scratch = try Scratch()
        let files = FileManager.default
        try files.createDirectory(atPath: scratch.file("deep"), withIntermediateDirectories: true)
        try files.createSymbolicLink(
            atPath: scratch.file("outer"), withDestinationPath: scratch.file("deep/inner"))
        try files.createSymbolicLink(atPath: scratch.file("deep/inner"), withDestinationPath: "file")
        for text in ["first", "second"] {
            let file = try AtomicFile(at: scratch.file("outer"))
            file.write(text)
            try file.commit()
            #expect(try String(contentsOfFile: scratch.file("deep/file"), encoding: .utf8) == text)
        }
        #expect(try files.destinationOfSymbolicLink(atPath: scratch.file("outer")).hasSuffix("deep/inner"))
        #expect(try files.destinationOfSymbolicLink(atPath: scratch.file("deep/inner")) == "file")
        #expect(try Set(files.contentsOfDirectory(atPath: scratch.file("deep"))) == ["inner", "file"])
        try files.createSymbolicLink(atPath: scratch.file("round"), withDestinationPath: "round")
        let error = #expect(throws: RunDirectoryError.self) { try AtomicFile(at: scratch.file("round")) }
        #expect(error?.kind == .cannotWrite && error?.description.contains("cannot be followed") == true)
    }

    @Test func aFullDiskIsToldByCommit() throws {
        guard FileManager.default.fileExists(atPath: "/dev/full") else { return }
        let scratch = try Scratch()
        try FileManager.default.createSymbolicLink(
            atPath: scratch.file("x.tmp"), withDestinationPath: "/dev/full")
        let file = try AtomicFile(at: scratch.file("x"))
        file.write(String(repeating: "a", count: 200_000))
        do throws(RunDirectoryError) {
            try file.commit()
            Issue.record("wrote to a full disk")
        } catch {
            #expect(error.kind == .cannotWrite)
            #expect(error.description.contains("No space left on device"))
        }
    }

    @Test func theEnvironmentComesBack() throws {
        let scratch = try Scratch()
        let directory = try RunDirectory.create(at: scratch.path)
        try directory.writeEnvironment(environment)
        #expect(try directory.readEnvironment() == environment)
        #expect(try directory.read("environment.json").contains("\"kernel_family\" : \"avx2\""))
        let again = RunEnvironment.Resumption(
            startedAt: "2026-01-02T00:00:00Z", host: "i", arguments: ["run", "--resume", "x"])
        try directory.appendResumption(again)
        try directory.appendResumption(again)
        #expect(try directory.readEnvironment().resumptions == [again, again])
        #expect(try directory.readEnvironment().arguments == environment.arguments)
        try directory.write("{", to: "environment.json")
        #expect(throws: RunDirectoryError.self) { try directory.readEnvironment() }
    }

    @Test func oneProcessWorksInADirectory() throws {
        let scratch = try Scratch()
        let directory = try RunDirectory.create(at: scratch.path)
        let lock = try directory.lock()
        #expect(creationError(scratch.path) == .busy)
        withExtendedLifetime(lock) {}
    }

    private func federated() throws -> Scenario {
        try Scenario.load(
            text: "dataset: {name: synthetic, partition: {kind: natural}}\nmodel: {name: logistic}")
    }

    @Test func tablesAreWrittenToTheByte() throws {
        let scratch = try Scratch()
        let directory = try RunDirectory.create(at: scratch.path)
        _ = try writeLedger(at: scratch.file("run.sqlite"))
        let ledger = try Ledger.open(at: scratch.file("run.sqlite"), readOnly: true)
        try directory.exportCSV(from: ledger, of: federated().kind)
        #expect(
            try directory.read("rounds.csv") == """
                round,clients,samples,train_loss,global_test_accuracy,global_test_loss,local_test_accuracy_mean,\
                local_test_accuracy_std,local_test_accuracy_worst_tenth,local_test_accuracy_participants,model_digest,\
                federated_up_bytes,federated_down_bytes,simulated_seconds,energy_joules,activation_divergence_bits,\
                drawn,wasted_up_bytes,wasted_down_bytes,wasted_joules
                1,2,30,1,,,,,,,digest-of-round-1,2048,2050,,,,2,0,0,
                2,2,30,0.5,0.2,0.25,0.5,0.25,0.125,,digest-of-round-2,2048,2050,,,,2,0,0,
                3,2,30,0.3333333333333333,,,,,,,digest-of-round-3,2048,2050,,,,2,0,0,

                """)
        #expect(
            try directory.read("clients.csv").split(separator: "\n").prefix(3) == [
                "round,client,samples,steps,train_loss_sum,train_correct,update_digest,state_digest,down_payload_bytes,"
                    + "down_overhead_bytes,up_payload_bytes,up_overhead_bytes,forward_samples,backward_samples,"
                    + "fate,device,link,start_seconds,download_seconds,compute_seconds,upload_seconds,"
                    + "waiting_seconds,compute_joules,radio_joules,idle_joules,staleness,attacker,aggregation_factor",
                "1,3,15,2,0.30000000000000004,4,update-3,,1000,25,1000,24,30,15,accepted,,,,,,,,,,,0,0,",
                "1,7,15,2,0.7000000000000001,4,update-7,,1000,25,1000,24,30,15,accepted,,,,,,,,,,,0,1,0.25",
            ])
        #expect(
            try directory.read("local_test.csv") == """
                round,client,samples,correct,loss_sum,accuracy
                1,3,5,2,3.5,0.4
                2,3,5,2,3.5,0.4
                3,3,5,2,3.5,0.4

                """)
        #expect(
            try directory.read("traffic.csv").split(separator: "\n").prefix(3) == [
                "round,direction,kind,part,segment,clients,bytes", "1,up,update,overhead,header,2,48",
                "1,up,update,payload,dense1.weight,2,2000",
            ])
        #expect(
            try directory.read("costs.csv").split(separator: "\n").prefix(3) == [
                "round,client,layer_kind,macs", "1,3,convolution,10", "1,3,dense,1099511627776",
            ])
        #expect(
            try directory.read("infrastructure.csv") == """
                round,training_seconds,evaluation_seconds,wall_seconds,wire_in_bytes,wire_out_bytes,\
                simulation_bytes,retries,workers
                1,0.5,0.25,1,5000,6000,7,1,2
                2,0.5,0.25,2,5000,6000,7,1,2
                3,0.5,0.25,3,5000,6000,7,1,2

                """)
    }

    @Test func cellsWithCommasAreQuoted() throws {
        let scratch = try Scratch()
        let directory = try RunDirectory.create(at: scratch.path)
        let ledger = try Ledger.create(at: scratch.file("run.sqlite"), identity: [:])
        let row = TrafficRow(
            round: 1, direction: .down, kind: "model", part: .payload, segment: "a,\"b\"", clients: 1,
            bytes: 1)
        try ledger.append(rows: [.traffic(row)], point: DurabilityPoint(round: 1))
        try directory.exportCSV(from: ledger, of: federated().kind)
        #expect(try directory.read("traffic.csv").hasSuffix("\n1,down,model,payload,\"a,\"\"b\"\"\",1,1\n"))
    }
}

import Experiment
import Foundation
import Methods
import Runtime
import TensorMath
import Testing

/// The same state machines in one process, without sockets, in an order of arrival that no network would give.
@Suite struct InMemoryTests {
    @Test(.enabled(if: KernelFamily.active == .supported, "the program's kernels: run through scripts/test"))
    func equalsTheRunWithProcesses() throws {
        let laboratory = try Laboratory()
        let file = try laboratory.scenario(rounds: 4)
        let outcome = try Program.run(["run", file, "--out", laboratory.file("run"), "--quiet", "--json"])
        #expect(outcome.code == 0, "\(outcome.errors)")
        let text = String(decoding: try #require(laboratory.bytes("scenario.yaml")), as: UTF8.self)
        let scenario = try Scenario.load(text: text)
        guard case .federated(let configuration) = scenario.kind else { return }
        let memory = try InMemoryRun(scenario, configuration, workers: 3)
        #expect(memory.outcome.modelDigest == outcome.json["model_digest"] as? String)
        #expect(memory.outcome.finalAccuracy == outcome.json["final_accuracy"] as? Double)
    }
}

/// One coordinator and some workers that exchange messages through a pile, from which they are drawn at random.
struct InMemoryRun {
    let outcome: Outcome

    init(_ scenario: Scenario, _ configuration: FederatedConfiguration, workers count: Int) throws {
        let setup = try FederatedSetup(configuration)
        var settings = CoordinatorSettings(
            run: 5, epoch: 1, version: "memory", kernelFamily: "same",
            scenario: ObjectBytes(Array(scenario.resolvedYAML.utf8)), limits: .init(), minimumWorkers: 1,
            launchesWorkers: true,
            slots: nil)
        settings.durabilityInterval = 0
        var coordinator = Coordinator(
            settings: settings, program: try setup.program(resuming: nil),
            states: ClientStateStore(medium: MemoryMedium()))
        var workers = (0..<count).map { i in
            Worker(
                settings: WorkerSettings(
                    version: "memory", kernelFamily: "same", slot: i, process: UInt32(i + 1),
                    nonce: UInt64(i + 1)),
                now: 0, makeEngine: { bytes throws(CannotServe) in try WorkerEngine(scenario: bytes) })
        }
        // Each direction of each link keeps its order, as a connection does; links overtake each other.
        var toCoordinator = [[CoordinatorEvent]](repeating: [], count: count)
        var toWorker = [[WorkerEvent]](repeating: [], count: count)
        var random = RandomStream(RandomKey(seed: 8, purpose: .test))
        var now: Instant = 1
        var end: RunEnd?
        func cut(_ frame: ObjectBytes?, _ range: Range<Int>?) -> ObjectBytes? {
            guard let frame, let range else { return frame }
            return ObjectBytes(Array(frame.bytes[range]))
        }
        func perform(_ actions: [CoordinatorAction]) {
            for action in actions {
                switch action {
                case .send(let peer, let header, let frame, let range):
                    toWorker[Int(peer.bytes[0])].append(
                        .received(header: header, frame: cut(frame, range), surplus: false))
                case .persist(let request):
                    perform(coordinator.step(.persisted(round: request.snapshot.round), at: now))
                case .finished(let how): end = how
                case .reply, .forget, .note, .progress: break
                }
            }
        }
        while end == nil {
            now += 1_000_000
            let i = random.index(below: count)
            var actions: [WorkerAction]
            switch random.index(below: 4) {
            case 0: actions = workers[i].step(.tick, at: now)
            case 1: actions = workers[i].hasWork ? workers[i].compute(at: now) : []
            case 2: actions = toWorker[i].isEmpty ? [] : workers[i].step(toWorker[i].removeFirst(), at: now)
            default:
                actions = []
                perform(
                    coordinator.step(
                        toCoordinator[i].isEmpty ? .tick : toCoordinator[i].removeFirst(), at: now))
            }
            for case .send(let header, let frame, let range) in actions {
                toCoordinator[i].append(
                    .received(PeerID([UInt8(i)]), header: header, frame: cut(frame, range), surplus: false))
            }
        }
        guard case .completed(let outcome) = end else { throw CocoaError(.featureUnsupported) }
        self.outcome = outcome
    }
}

import ArgumentParser
import Experiment
import Methods
import Runtime
import Wire

struct CoordinatorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coordinator", abstract: "Run a scenario with workers that other hosts start.",
        discussion: """
            Example, on this host and on another:
              tributary coordinator scenarios/quickstart.yaml --bind tcp://0.0.0.0:5555 --insecure
              tributary worker --connect tcp://THIS-HOST:5555
            """)

    @Argument(help: "Scenario file.") var file: String?
    @Option(help: ArgumentHelp("Go on with the run in this directory.", valueName: "dir")) var resume: String?
    @Option(help: ArgumentHelp("Where workers connect, such as tcp://0.0.0.0:5555.", valueName: "endpoint"))
    var bind: String
    @Flag(help: "Accept workers from other hosts without keys: for networks that are trusted.") var insecure =
        false
    @Option(help: "Worker processes to start on this host, too.") var workers: Int = 0
    @Option(help: "Seconds to wait for a worker.") var patience: Int = 60
    @OptionGroup var scenario: ScenarioOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        try RunSession.validate(file: file, resume: resume, scenario: scenario, output: output)
        let endpoint = try Self.endpoint("--bind", bind, to: .bind)
        guard !endpoint.isRemote || insecure else {
            throw ValidationError(
                "--bind \(bind): whoever can reach this address could take part and read models; "
                    + "say --insecure where the network is trusted, or bind tcp://127.0.0.1:PORT.")
        }
        guard (0...RunCommand.workersMax).contains(workers) else {
            throw ValidationError("--workers \(workers): give 0 to \(RunCommand.workersMax).")
        }
        guard (1...86_400).contains(patience) else {
            throw ValidationError("--patience \(patience): give 1 to 86400 seconds.")
        }
    }

    /// An argument as an endpoint.
    static func endpoint(
        _ option: String, _ text: String, to purpose: RunSettings.Endpoint.Purpose
    ) throws(ValidationError) -> RunSettings.Endpoint {
        do throws(EndpointError) { return try RunSettings.Endpoint(text, to: purpose) } catch {
            throw ValidationError("\(option): \(error).")
        }
    }

    func run() throws {
        let endpoint = try RunSettings.Endpoint(bind, to: .bind)
        var session = RunSession(endpoint: endpoint, workers: workers, output: output)
        session.announces = true
        session.resumption = "tributary coordinator --bind \(bind)\(insecure ? " --insecure" : "") --resume"
        if endpoint.isRemote { session.limits = .remote }
        session.limits.lonely = UInt64(patience) * 1_000_000_000
        if let resume { return try session.resume(resume) }
        try session.start(try scenario.load(file!))
    }
}

struct WorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "Compute for the clients of a coordinator.",
        discussion: "Example: tributary worker --connect tcp://192.0.2.1:5555")

    @Option(help: ArgumentHelp("The coordinator's endpoint.", valueName: "endpoint")) var connect: String
    @Option(help: "Number given by a launcher; the worker then ends when its standard input closes.")
    var slot: Int?
    @Option(help: "Seconds without a coordinator after which the worker gives up.") var patience: Int = 60

    func validate() throws {
        _ = try CoordinatorCommand.endpoint("--connect", connect, to: .connect)
        guard (1...86_400).contains(patience) else {
            throw ValidationError("--patience \(patience): give 1 to 86400 seconds.")
        }
        if let slot, !(0...65_535).contains(slot) {
            throw ValidationError("--slot \(slot): give 0 to 65535.")
        }
    }

    func run() throws {
        WorkerProcess.prepare(launched: slot != nil)
        let exit = try WorkerProcess.run(
            endpoint: connect, slot: slot, version: Tributary.version, nonce: Host.runNumber(),
            patienceSeconds: patience)
        switch exit {
        case .runOver: return
        case .rejected(let reject):
            throw Failure("the coordinator refused this worker: \(reject.text)", code: .unavailable)
        case .noCoordinator:
            throw Failure(
                "no coordinator answered at \(connect) for \(patience) s; check the address and that it runs",
                code: .unavailable)
        case .cannotServe(let why):
            let code: ExitCode = why.isMissingInput ? .missingInput : .badData
            // The coordinator of a launched worker was told, and tells the user once.
            if slot != nil { throw code }
            throw Failure(why.description, code: code)
        }
    }
}

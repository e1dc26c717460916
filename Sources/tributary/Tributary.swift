import ArgumentParser
import Foundation
import Wire

/// The command line: arguments in, exit code out. Everything else lives in the libraries.
@main
struct Tributary: ParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "tributary",
        abstract:
            "A distributed federated-learning simulator: what accuracy costs in bytes, seconds and joules.",
        discussion: """
            One YAML scenario describes an experiment, one command runs it, one report tells what it cost.

              tributary run scenarios/quickstart.yaml --out runs/quickstart
              tributary report runs/quickstart

            Exit codes: 0 done, 1 a threshold missed, 64 usage, 65 bad scenario or data, 66 missing input,
            69 a host or peer is unavailable, 70 internal, 73 and 74 cannot write, 75 quorum missed,
            130 after Ctrl-C.
            """,
        version: version,
        subcommands: [
            RunCommand.self, SweepCommand.self, CheckCommand.self, ReportCommand.self, EvaluateCommand.self,
            DataCommand.self,
            ModelCommand.self, DevicesCommand.self,
            DoctorCommand.self, CoordinatorCommand.self, WorkerCommand.self,
        ])

    static func main() {
        // A file that may not grow is an error that has a name, not a signal.
        signal(SIGXFSZ, SIG_IGN)
        signal(SIGPIPE, SIG_IGN)
        occupyStandardDescriptors()
        MessageHeap.keepFreedMemory()
        do {
            try KernelChoice.settle()
            var command = try parseAsRoot()
            try command.run()
        } catch {
            end(with: error)
        }
    }

    /// Where a standard descriptor is closed, a file that is opened later would take its place and what is meant for people
    /// would go into it.
    private static func occupyStandardDescriptors() {
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) < 0 {
            _ = open("/dev/null", O_RDONLY)
        }
    }

    private static func end(with error: any Error) -> Never {
        do {
            guard exitCode(for: error) == .success else { throw error }
            // Help and version.
            let text = fullMessage(for: error)
            if !text.isEmpty { try printText(text) }
            exit(withError: ExitCode.success)
        } catch {
            guard let failure = Failure(error) else { exit(withError: error) }
            writeError("error: \(failure.message)")
            exit(withError: failure.code)
        }
    }
}

import TensorMath
import Wire

#if canImport(Glibc)
    import Glibc
#endif

/// A process that is a worker and nothing else.
public enum WorkerProcess {
    /// Signals: a launched worker leaves Ctrl-C to its coordinator.
    public static func prepare(launched: Bool) {
        signal(SIGPIPE, SIG_IGN)
        if launched { signal(SIGINT, SIG_IGN) }
    }

    /// Serves the coordinator at `endpoint` until the run is over. A launched worker waits for a silent coordinator as long as
    /// the pipe from it is open, others for `patienceSeconds`.
    public static func run(
        endpoint: String, slot: Int?, version: String, nonce: UInt64, patienceSeconds: Int
    ) throws(SocketError) -> WorkerExit {
        let settings = WorkerSettings(
            version: version, kernelFamily: KernelFamily.active.rawValue, slot: slot,
            process: UInt32(getpid()),
            nonce: nonce,
            patience: slot == nil ? UInt64(patienceSeconds) * 1_000_000_000 : .max)
        let worker = Worker(settings: settings, now: MonotonicClock.now()) { scenario throws(CannotServe) in
            try WorkerEngine(scenario: scenario)
        }
        return try WorkerDriver.run(
            worker, endpoint: endpoint, context: ZeroMQContext(), limits: settings.limits,
            parent: slot == nil ? nil : 0)
    }
}

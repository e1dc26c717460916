import Experiment
import Methods

/// What a run ends with, as `--json` prints it.
public struct RunResult: Codable, Sendable, Equatable {
    public struct Memory: Codable, Sendable, Equatable {
        public var coordinator: UInt64
        public var workerMax: UInt64

        private enum CodingKeys: String, CodingKey {
            case coordinator
            case workerMax = "worker_max"
        }
    }

    public struct Bytes: Codable, Sendable, Equatable {
        /// What a deployment would have sent, headers included.
        public var federatedUp: UInt64
        public var federatedDown: UInt64
        /// What moved only because this was a simulation.
        public var simulation: UInt64
        /// What the coordinator's socket moved: headers and frames, without ZeroMQ's framing.
        public var wire: UInt64
        /// ZeroMQ's flags and lengths around the frames.
        public var framing: UInt64

        private enum CodingKeys: String, CodingKey {
            case simulation, wire, framing
            case federatedUp = "federated_up"
            case federatedDown = "federated_down"
        }
    }

    /// What another way to do the same costs and gives, for one inference.
    public struct Baseline: Codable, Sendable, Equatable {
        public var name: String
        public var accuracy: Double
        public var payloadBytesPerInference: Double
        public var messagesPerInference: Double
        public var latencySeconds: Double
        public var energyJoules: Double

        private enum CodingKeys: String, CodingKey {
            case name, accuracy
            case payloadBytesPerInference = "payload_bytes_per_inference"
            case messagesPerInference = "messages_per_inference"
            case latencySeconds = "latency_seconds"
            case energyJoules = "energy_joules"
        }
    }

    public var runDirectory: String
    public var name: String
    public var rounds: Int
    public var finalAccuracy: Double?
    public var modelDigest: String
    public var wallSeconds: Double
    /// From the start of the command to the end of round 1, evaluation included.
    public var firstRoundSeconds: Double?
    /// Accepted updates of rounds 2... by their training time, evaluation apart; nil for a single round.
    public var clientUpdatesPerSecond: Double?
    /// Of the other kinds of experiment; nil for federated training. Accuracies are those of the test set; bytes,
    /// messages, seconds and joules those of one inference.
    public var teacherAccuracy: Double?
    public var accuracy: Double?
    public var payloadBytesPerInference: Double?
    public var messagesPerInference: Double?
    public var latencySeconds: Double?
    public var energyJoules: Double?
    public var baselines: [Baseline]?
    public var peakMemoryBytes: Memory
    public var bytes: Bytes
    public var retries: Int
    public var workers: Int
    /// Thresholds of the scenario that were missed, as sentences.
    public var thresholdsMissed: [String]

    private enum CodingKeys: String, CodingKey {
        case name, rounds, bytes, retries, workers, accuracy, baselines
        case teacherAccuracy = "teacher_accuracy"
        case payloadBytesPerInference = "payload_bytes_per_inference"
        case messagesPerInference = "messages_per_inference"
        case latencySeconds = "latency_seconds"
        case energyJoules = "energy_joules"
        case runDirectory = "run_directory"
        case finalAccuracy = "final_accuracy"
        case modelDigest = "model_digest"
        case wallSeconds = "wall_seconds"
        case firstRoundSeconds = "first_round_seconds"
        case clientUpdatesPerSecond = "client_updates_per_second"
        case peakMemoryBytes = "peak_memory_bytes"
        case thresholdsMissed = "thresholds_missed"
    }
}

extension RunResult {
    /// Updates of rounds 2... by the seconds that their training took.
    static func updatesPerSecond(_ rounds: [RoundRow], _ infrastructure: [InfrastructureRow]) -> Double? {
        let seconds = infrastructure.filter { $0.round > 1 }.reduce(0) { $0 + $1.trainingSeconds }
        let updates = rounds.filter { $0.round > 1 }.reduce(0) { $0 + $1.clients }
        return seconds > 0 ? Double(updates) / seconds : nil
    }

    func value(of metric: Threshold.Metric, rounds: [RoundRow]) -> Double? {
        switch metric {
        case .finalAccuracy: finalAccuracy
        case .bestAccuracy: rounds.compactMap { $0.globalTestAccuracy ?? $0.localTestAccuracyMean }.max()
        case .rounds: Double(self.rounds)
        case .wallSeconds: wallSeconds
        case .clientUpdatesPerSecond: clientUpdatesPerSecond
        case .federatedUpBytes: Double(bytes.federatedUp)
        case .federatedDownBytes: Double(bytes.federatedDown)
        case .wireBytes: Double(bytes.wire)
        case .coordinatorPeakMemoryBytes: Double(peakMemoryBytes.coordinator)
        case .workerPeakMemoryBytes: Double(peakMemoryBytes.workerMax)
        }
    }

    /// The thresholds that were missed, as sentences.
    func missed(_ thresholds: [Threshold], rounds: [RoundRow]) -> [String] {
        thresholds.compactMap { threshold in
            let value = value(of: threshold.metric, rounds: rounds)
            if threshold.check(value) { return nil }
            return
                "\(threshold.metric.rawValue) is \(value.map(shortest) ?? "not measured"), not \(threshold.condition)"
        }
    }
}

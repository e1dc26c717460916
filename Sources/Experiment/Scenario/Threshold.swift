import Methods

/// What a run must reach: `final_accuracy: ">= 0.80"`. A missed one makes the run exit with 1.
public struct Threshold: Sendable, Equatable {
    /// What may be bounded.
    public enum Metric: String, Sendable, CaseIterable {
        case finalAccuracy = "final_accuracy"
        case bestAccuracy = "best_accuracy"
        case rounds
        case wallSeconds = "wall_seconds"
        case clientUpdatesPerSecond = "client_updates_per_second"
        case federatedUpBytes = "federated_up_bytes"
        case federatedDownBytes = "federated_down_bytes"
        case wireBytes = "wire_bytes"
        case coordinatorPeakMemoryBytes = "coordinator_peak_memory_bytes"
        case workerPeakMemoryBytes = "worker_peak_memory_bytes"

        /// Whether it is from 0 to 1, and needs an evaluation.
        var isAccuracy: Bool { self == .finalAccuracy || self == .bestAccuracy }

        /// Whether only federated learning measures it.
        var isFederated: Bool {
            switch self {
            case .bestAccuracy, .clientUpdatesPerSecond, .federatedUpBytes, .federatedDownBytes: true
            case .finalAccuracy, .rounds, .wallSeconds, .wireBytes, .coordinatorPeakMemoryBytes,
                .workerPeakMemoryBytes:
                false
            }
        }
    }

    public enum Comparison: String, Sendable, CaseIterable {
        case atLeast = ">="
        case atMost = "<="
        case above = ">"
        case below = "<"
    }

    public var metric: Metric
    public var comparison: Comparison
    public var bound: Double

    public init(metric: Metric, comparison: Comparison, bound: Double) {
        self.metric = metric
        self.comparison = comparison
        self.bound = bound
    }

    /// Whether `value` passes; a value that was not measured does not.
    public func check(_ value: Double?) -> Bool {
        guard let value else { return false }
        return switch comparison {
        case .atLeast: value >= bound
        case .atMost: value <= bound
        case .above: value > bound
        case .below: value < bound
        }
    }

    /// `>= 0.8`
    public var condition: String { "\(comparison.rawValue) \(shortest(bound))" }
}

enum ThresholdSection {
    static func visit(_ section: Section, _ value: inout [Threshold]) {
        section.section("thresholds", "What the run must reach; a missed one makes it exit with 1.") {
            section in
            var read: [Threshold] = []
            for metric in Threshold.Metric.allCases {
                var threshold = value.first { $0.metric == metric }
                section.optional(
                    metric.rawValue, &threshold, .threshold(metric), absence: "not checked",
                    unit: unit(metric),
                    meaning(metric))
                if let threshold { read.append(threshold) }
            }
            value = read
        }
    }

    /// An accuracy that is bounded must be measured.
    static func checkAcrossFields(
        _ section: Section, _ value: [Threshold], _ federated: FederatedConfiguration
    ) {
        let walk = section.walk
        guard !federated.measuresAccuracy,
            ["thresholds", "method", "evaluation.on"].allSatisfy({ walk.isSound($0) })
        else { return }
        for threshold in value where threshold.metric.isAccuracy {
            let path = "thresholds.\(threshold.metric.rawValue)"
            walk.report(
                section.place(at: path), path, "is never measured",
                FederatedSection.measuringRemedy(federated))
        }
    }

    /// What an experiment other than federated learning bounds must be measured in it.
    static func checkAcrossFields(_ section: Section, _ value: [Threshold]) {
        let others = Threshold.Metric.allCases.filter { !$0.isFederated }.map(\.rawValue)
        for threshold in value where threshold.metric.isFederated {
            let path = "thresholds.\(threshold.metric.rawValue)"
            section.walk.report(
                section.place(at: path), path, "is measured in federated learning only",
                "remove it; what can be bounded here is \(others.joined(separator: ", "))")
        }
    }

    private static func unit(_ metric: Threshold.Metric) -> String? {
        switch metric {
        case .finalAccuracy, .bestAccuracy: nil
        case .rounds: "rounds"
        case .wallSeconds: "s"
        case .clientUpdatesPerSecond: "1/s"
        case .federatedUpBytes, .federatedDownBytes, .wireBytes, .coordinatorPeakMemoryBytes,
            .workerPeakMemoryBytes:
            "B"
        }
    }

    private static func meaning(_ metric: Threshold.Metric) -> String {
        switch metric {
        case .finalAccuracy:
            "Accuracy after the last round: of `global_test` where it is measured, else the mean of `local_test`. "
                + "In distributed inference that of the first number of students, with every answer there."
        case .bestAccuracy: "Highest such accuracy of any evaluated round."
        case .rounds: "Rounds that were run; fewer than asked where `stop` ended them."
        case .wallSeconds: "Time from the command to the last round."
        case .clientUpdatesPerSecond: "Accepted updates of rounds 2 and later by their training time."
        case .federatedUpBytes: "Bytes that clients would have sent in a deployment."
        case .federatedDownBytes: "Bytes that clients would have received in a deployment."
        case .wireBytes: "Bytes that the coordinator's socket moved, both ways."
        case .coordinatorPeakMemoryBytes: "Largest resident size of the coordinator."
        case .workerPeakMemoryBytes: "Largest resident size of any worker."
        }
    }
}

extension Codec where Value == Threshold {
    static func threshold(_ metric: Threshold.Metric) -> Codec {
        Codec(type: "comparison such as \">= 0.8\"") { (node) throws(Problem) in
            let problem = Problem(
                message: "is not a comparison",
                remedy: "write >=, <=, > or < and a number, quoted: \">= 0.8\"")
            guard case .scalar(let text, _) = node.content else { throw problem }
            for comparison in Threshold.Comparison.allCases where text.hasPrefix(comparison.rawValue) {
                let number = text.dropFirst(comparison.rawValue.count).drop { $0 == " " }
                guard let decimal = Decimal(String(number)) else { throw problem }
                guard !metric.isAccuracy || (0...1).contains(decimal.value) else {
                    throw Problem(
                        message: "bounds an accuracy, which is from 0 to 1",
                        remedy: "write it as a share: \">= 0.8\"")
                }
                return Threshold(metric: metric, comparison: comparison, bound: decimal.value)
            }
            throw problem
        } write: {
            .text($0.condition)
        }
    }
}

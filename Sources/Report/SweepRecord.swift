import Experiment
import Methods

/// What a sweep's tables say of a run, under the names of their columns.
public enum SweepMetric: String, Sendable, CaseIterable {
    case finalAccuracy = "final_accuracy"
    case bestAccuracy = "best_accuracy"
    /// Of the last round in which it was measured.
    case localAccuracyMean = "local_accuracy_mean"
    /// Of the last round in which it was measured.
    case activationDivergence = "activation_divergence_bits"
    /// With an attack: how much of an attacker's update the aggregation rule took, and of another one, from 0 to 1.
    case falseUpdateFactor = "false_update_factor"
    case honestUpdateFactor = "honest_update_factor"
    case rounds
    case federatedUpBytes = "federated_up_bytes"
    case federatedDownBytes = "federated_down_bytes"
    /// Over all rounds, as for energy.
    case simulatedSeconds = "simulated_seconds"
    case energyJoules = "energy_joules"
    /// Of distributed inference and split computing, as those that follow: the teacher's, on the test images.
    case teacherAccuracy = "teacher_accuracy"
    /// Of one image, as those that follow, for the students that the run is about.
    case featureBytes = "feature_bytes"
    /// Of split computing, for the mode that the run is about.
    case payloadBytes = "payload_bytes"
    case latencySeconds = "latency_seconds"
    case energyJoulesPerInference = "energy_joules_per_inference"
    /// The one that differs between equal runs.
    case wallSeconds = "wall_seconds"

    /// Whether runs of a kind can have it.
    func belongs(to kind: Scenario.Kind) -> Bool {
        switch (self, kind) {
        case (.finalAccuracy, _), (.rounds, _), (.wallSeconds, _): true
        case (.bestAccuracy, .federated), (.localAccuracyMean, .federated), (.federatedUpBytes, .federated),
            (.federatedDownBytes, .federated), (.simulatedSeconds, .federated), (.energyJoules, .federated),
            (.activationDivergence, .federated):
            true
        case (.falseUpdateFactor, .federated(let configuration)),
            (.honestUpdateFactor, .federated(let configuration)):
            configuration.attack != nil
        case (.teacherAccuracy, .distributedInference), (.featureBytes, .distributedInference),
            (.latencySeconds, .distributedInference), (.energyJoulesPerInference, .distributedInference):
            true
        case (.teacherAccuracy, .splitComputing), (.payloadBytes, .splitComputing),
            (.latencySeconds, .splitComputing), (.energyJoulesPerInference, .splitComputing):
            true
        default: false
        }
    }
}

extension Sweep {
    /// What its runs can have, in the order of columns.
    public var metrics: [SweepMetric] {
        SweepMetric.allCases.filter { metric in cells.contains { metric.belongs(to: $0.scenario.kind) } }
    }
}

/// A finished run as far as a sweep compares it.
public struct SweepMeasures: Sendable, Equatable {
    /// Metrics that were measured, but for accuracies, which follow from the curves.
    public var values: [SweepMetric: Double]
    /// Of each accuracy that was measured, in the order of rounds.
    public var curves: [AccuracyMeasure: [Communication.Milestone]]
    /// Of distributed inference each contender's, of split computing each mode's, in the order of the scenario.
    public var contenders: [(name: String, accuracy: Double)] = []

    public static func == (a: SweepMeasures, b: SweepMeasures) -> Bool {
        a.values == b.values && a.curves == b.curves
            && a.contenders.elementsEqual(b.contenders) { $0 == $1 }
    }

    public init(values: [SweepMetric: Double], curves: [AccuracyMeasure: [Communication.Milestone]]) {
        self.values = values
        self.curves = curves
    }

    public init(_ run: RecordedRun) {
        switch run {
        case .federated(let record): self.init(record)
        case .distributedInference(let record): self.init(record)
        case .splitComputing(let record): self.init(record)
        }
    }

    /// The students that the run is about give its accuracy, in its last round.
    public init(_ record: InferenceRecord) {
        values = [.rounds: Double(record.rounds), .wallSeconds: record.wallSeconds]
        curves = [:]
        values[.teacherAccuracy] = record.teacher?.accuracy
        contenders = record.contenders.map { ($0.contender, $0.accuracy) }
        guard let students = record.row(record.main.name) else { return }
        values[.featureBytes] = Double(students.featureBytes)
        values[.latencySeconds] = students.latencySeconds
        values[.energyJoulesPerInference] = students.energyJoules
        curves[.globalTest] = [Self.only(students.accuracy, round: record.rounds)]
    }

    /// The mode that the run is about gives its accuracy, in its last round.
    public init(_ record: SplitRecord) {
        values = [.rounds: Double(record.rounds), .wallSeconds: record.wallSeconds]
        curves = [:]
        values[.teacherAccuracy] = record.teacher?.accuracy
        contenders = record.modes.map { ($0.mode, $0.accuracy) }
        guard let main = record.main else { return }
        values[.payloadBytes] = main.payloadBytesPerImage
        values[.latencySeconds] = main.cost.seconds
        values[.energyJoulesPerInference] = main.cost.joules
        curves[.globalTest] = [Self.only(main.accuracy, round: record.rounds)]
    }

    /// Of a run without federated bytes.
    private static func only(_ accuracy: Double, round: Int) -> Communication.Milestone {
        .init(accuracy: accuracy, reach: .init(round: round, up: 0, down: 0))
    }

    public init(_ record: RunRecord) {
        let summary = RunSummary(record)
        func total(_ part: (RoundRow) -> Double?) -> Double? {
            let parts = record.rounds.compactMap(part)
            return parts.isEmpty ? nil : parts.reduce(0, +)
        }
        values = [:]
        for metric in SweepMetric.allCases {
            values[metric] =
                switch metric {
                case .finalAccuracy, .bestAccuracy, .localAccuracyMean, .teacherAccuracy, .featureBytes,
                    .payloadBytes, .latencySeconds, .energyJoulesPerInference:
                    nil
                case .activationDivergence: summary.activationDivergence?.bits
                case .falseUpdateFactor: summary.attack?.falseFactor
                case .honestUpdateFactor: summary.attack?.honestFactor
                case .rounds: Double(summary.rounds)
                case .federatedUpBytes: Double(summary.up.total)
                case .federatedDownBytes: Double(summary.down.total)
                case .simulatedSeconds: total(\.simulatedSeconds)
                case .energyJoules: total(\.energyJoules)
                case .wallSeconds: summary.wallSeconds
                }
        }
        let curves = AccuracyMeasure.allCases.map { ($0, Communication(record, measure: $0).milestones) }
        self.curves = Dictionary(uniqueKeysWithValues: curves.filter { !$0.1.isEmpty })
    }

    /// `measure`: which accuracy counts; nil for `global_test` where measured, else the mean of `local_test`.
    public func curve(_ measure: AccuracyMeasure?) -> [Communication.Milestone] {
        let measures = measure.map { [$0] } ?? AccuracyMeasure.allCases
        return measures.compactMap { curves[$0] }.first ?? []
    }

    /// Nil where it was not measured; `measure` as in `curve`.
    public func value(_ metric: SweepMetric, by measure: AccuracyMeasure?) -> Double? {
        switch metric {
        case .finalAccuracy: curve(measure).last?.accuracy
        case .bestAccuracy: curve(measure).map(\.accuracy).max()
        case .localAccuracyMean: curves[.localTest]?.last?.accuracy
        case .activationDivergence, .falseUpdateFactor, .honestUpdateFactor, .rounds, .federatedUpBytes,
            .federatedDownBytes, .simulatedSeconds, .energyJoules, .teacherAccuracy, .featureBytes,
            .payloadBytes, .latencySeconds, .energyJoulesPerInference, .wallSeconds:
            values[metric]
        }
    }
}

/// A sweep and what is known of its cells.
public struct SweepRecord: Sendable {
    public let sweep: Sweep
    /// The accuracy that a reader chose; nil for none in particular.
    private let chosenMeasure: AccuracyMeasure?
    /// Which accuracy counts in all cells; nil where they have none in common, so that each goes by its own rule.
    public private(set) var measure: AccuracyMeasure?
    /// One for each cell.
    public private(set) var statuses: [SweepCellStatus]
    /// Of finished cells.
    public private(set) var measures: [SweepMeasures?]

    /// `measure`: which accuracy counts; nil for the first that all finished cells have.
    public init(_ sweep: Sweep, measure: AccuracyMeasure? = nil) {
        self.sweep = sweep
        chosenMeasure = measure
        self.measure = measure
        statuses = sweep.cells.map { _ in .waiting }
        measures = sweep.cells.map { _ in nil }
    }

    /// The first accuracy that all finished cells have.
    private var commonMeasure: AccuracyMeasure? {
        AccuracyMeasure.allCases.first { measure in
            measures.allSatisfy { $0.map { $0.curves[measure] != nil } ?? true }
        }
    }

    /// A metric of a cell; nil where it was not measured.
    public func value(_ metric: SweepMetric, cell: Int) -> Double? {
        measures[cell]?.value(metric, by: measure)
    }

    /// What became of a cell; a finished one comes with its measures.
    public mutating func set(_ status: SweepCellStatus, _ measures: SweepMeasures? = nil, cell: Int) {
        precondition(status.isFinished == (measures != nil), "a \(status) cell, and its measures")
        statuses[cell] = status
        self.measures[cell] = measures
        measure = chosenMeasure ?? commonMeasure
    }

    /// As `set`, with the measures of a finished cell read from its run.
    public mutating func set(
        _ status: SweepCellStatus, cell: Int, from directory: SweepDirectory
    ) throws(ReportError) {
        let isRead = status.isFinished
        let record = isRead ? try RecordedRun(directory.run(of: sweep.cells[cell])) : nil
        set(status, record.map(SweepMeasures.init), cell: cell)
    }

    public func count(_ status: SweepCellStatus) -> Int { statuses.count { $0 == status } }
    public var finished: Int { statuses.count { $0.isFinished } }
}

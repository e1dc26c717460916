import Devices
import Networks
import TensorMath

/// How well a device's time is predicted for networks that its model was not fitted to.
public struct DeviceCalibration: Sendable {
    /// How networks are parted into those of the fit and those of the test.
    public enum Parting: Sendable, Equatable {
        /// So many at random, once for each seed, and all others to test on.
        case random(calibrate: Int, seeds: [UInt64])
        /// Each network in turn is tested with a model of all others.
        case leaveOneOut
    }

    /// One parting.
    public struct Repetition: Sendable {
        /// Nil when networks were left out in turn.
        public let seed: UInt64?
        /// When networks were left out in turn, the model of all of them.
        public let model: CostModel
        public let error: PredictionError
        /// Of a price a pass and one an operation, fitted to the same networks.
        public let operationsOnly: PredictionError
    }

    public let device: String
    /// Networks that were measured and are in the zoo, in the table's order.
    public let networks: [String]
    /// Others, and cells that the input does not cross.
    public let excluded: [String]
    public let repetitions: [Repetition]

    /// The mean over repetitions.
    public var error: PredictionError { .mean(repetitions.map(\.error)) }
    public var operationsOnly: PredictionError { .mean(repetitions.map(\.operationsOnly)) }
    /// The first repetition's.
    public var model: CostModel { repetitions[0].model }

    /// Networks that a choice of terms needs at least.
    public static let fewest = 5

    /// - Parameter deadPaths: among which cross-validation on the calibration networks chooses.
    public init(
        _ table: MeasurementTable, device name: String, precision: String = "float", parting: Parting,
        deadPaths: [DeadPaths] = DeadPaths.allCases
    ) throws {
        device = try table.device(name)
        var measured: [(network: String, sample: CostSample)] = []
        var excluded: [String] = []
        for row in try table.measurements(of: device, precision: precision) {
            guard let plan = try MeasuredNetwork.plan(row.network), plan.carriesItsInput else {
                excluded.append(row.network)
                continue
            }
            measured.append(
                (
                    row.network,
                    CostSample(
                        counted: plan.deviceLayers(.counted).map(\.cost),
                        eliminated: plan.deviceLayers(.eliminated).map(\.cost), seconds: row.seconds)
                ))
        }
        networks = measured.map(\.network)
        self.excluded = excluded
        func refuse(_ value: Int, _ message: String, _ remedy: String) -> MeasurementError {
            MeasurementError(file: table.file, value: "\(value)", message: message, remedy: remedy)
        }
        guard measured.count > Self.fewest else {
            throw refuse(
                measured.count, "networks of \(device) are too few",
                "give measurements of \(Self.fewest + 1) networks of the zoo or more")
        }
        switch parting {
        case .random(let count, let seeds):
            guard (Self.fewest..<measured.count).contains(count) else {
                throw refuse(
                    count, "is no number of networks to calibrate \(device) with",
                    "give \(Self.fewest) to \(measured.count - 1)")
            }
            let samples = measured.map(\.sample)
            repetitions = seeds.map { Self.random(samples, calibrate: count, seed: $0, deadPaths) }
        case .leaveOneOut:
            repetitions = [Self.leaveOneOut(measured, deadPaths)]
        }
    }

    private static func random(
        _ samples: [CostSample], calibrate count: Int, seed: UInt64, _ deadPaths: [DeadPaths]
    ) -> Repetition {
        var stream = RandomStream(RandomKey(seed: seed, purpose: .calibration))
        let drawn = stream.sample(count, of: samples.count)
        let isDrawn = Set(drawn)
        let chosen = drawn.map { samples[$0] }
        let test = samples.indices.filter { !isDrawn.contains($0) }.map { samples[$0] }
        let model = CostModel.calibrated(chosen, deadPaths: deadPaths)
        let plain = CostModel(chosen, terms: CostTerm.operationsOnly, deadPaths: model.deadPaths)
        let measured = test.map(\.seconds)
        return Repetition(
            seed: seed, model: model,
            error: PredictionError(predicted: test.map(model.seconds), measured: measured),
            operationsOnly: PredictionError(predicted: test.map(plain.seconds), measured: measured))
    }

    /// All samples of a network are left out together.
    package static func leaveOneOut(
        _ measured: [(network: String, sample: CostSample)],
        candidates: [[CostTerm]] = CostTerm.candidates, _ deadPaths: [DeadPaths],
        weighting: CostModel.Weighting = .measured
    ) -> Repetition {
        var (predicted, plain): ([Double], [Double]) = ([], [])
        for (network, sample) in measured {
            let others = measured.filter { $0.network != network }.map(\.sample)
            let model = CostModel.calibrated(
                others, candidates: candidates, deadPaths: deadPaths, weighting: weighting)
            predicted.append(model.seconds(sample))
            plain.append(
                CostModel(others, terms: CostTerm.operationsOnly, deadPaths: model.deadPaths).seconds(sample))
        }
        let seconds = measured.map(\.sample.seconds)
        return Repetition(
            seed: nil,
            model: CostModel.calibrated(
                measured.map(\.sample), candidates: candidates, deadPaths: deadPaths, weighting: weighting),
            error: PredictionError(predicted: predicted, measured: seconds),
            operationsOnly: PredictionError(predicted: plain, measured: seconds))
    }
}

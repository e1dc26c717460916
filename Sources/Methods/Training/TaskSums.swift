/// What tasks measured, added up.
struct TaskSums {
    var loss = 0.0
    var correct = 0
    var samples = 0
    var validation = (loss: 0.0, correct: 0, samples: 0)

    /// Loss sum, right answers and samples; then, of an epoch's part, the same of validation samples.
    mutating func add(
        _ metrics: [Double], samples expected: Int, validation held: Int? = nil,
        training place: String = "teacher.training"
    ) throws(Rejection) {
        guard metrics.count == (held == nil ? 3 : 6), Int(exactly: metrics[2]) == expected,
            let right = Int(exactly: metrics[1]), 0...expected ~= right
        else { throw Rejection(.wrongMetrics, "metrics \(metrics)") }
        guard metrics[0].isFinite else {
            throw Rejection(.notFinite, "a loss of \(metrics[0])", training: place)
        }
        if let held {
            guard Int(exactly: metrics[5]) == held, let good = Int(exactly: metrics[4]), 0...held ~= good
            else { throw Rejection(.wrongMetrics, "metrics \(metrics)") }
            guard metrics[3].isFinite else {
                throw Rejection(.notFinite, "a loss of \(metrics[3])", training: place)
            }
            validation.loss += metrics[3]
            validation.correct += good
            validation.samples += held
        }
        loss += metrics[0]
        correct += right
        self.samples += expected
    }

    var accuracy: Double { Double(correct) / Double(max(samples, 1)) }

    /// nil without validation samples.
    var validationAccuracy: Double? {
        validation.samples > 0 ? Double(validation.correct) / Double(validation.samples) : nil
    }

    /// Of an epoch that is over.
    /// - Parameters:
    ///   - before: epochs by something else that `epoch` counts, too.
    ///   - macs: of a sample, forward and back.
    func epochRow(
        round: Int, network: String, epoch: Int, training: NetworkTrainingSpec, before: Int = 0, macs: UInt64
    ) -> EpochRow {
        let rate = training.schedule.learningRate(training.optimizer.learningRate, round: epoch - before)
        let seen = validation.samples
        return EpochRow(
            round: round, network: network, epoch: epoch, samples: samples, learningRate: Double(rate),
            loss: loss / Double(samples), accuracy: accuracy,
            validationLoss: seen > 0 ? validation.loss / Double(seen) : nil,
            validationAccuracy: validationAccuracy, macs: macs * UInt64(samples))
    }
}

extension Program {
    /// A task gives objects of the sizes that it was asked for.
    func requireSizes(of output: TaskOutput, _ task: TaskSpec, _ what: String) throws(Rejection) {
        let sizes = output.objects.map { UInt64($0.count) }
        guard sizes == task.outputs else {
            throw Rejection(.wrongShape, "objects of \(sizes) bytes for \(what), not \(task.outputs)")
        }
    }
}

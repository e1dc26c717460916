/// How evenly an accuracy is spread over clients: what a mean hides when some of them are served badly.
struct AccuracySpread {
    let mean: Double
    /// Of a whole population: the divisor is n.
    let standardDeviation: Double
    /// Mean of the ceil(n / 10) lowest.
    let worstTenth: Double

    /// `accuracies` in the order of clients, in which they are summed; at least one.
    init(_ accuracies: [Double]) {
        precondition(!accuracies.isEmpty)
        let mean = accuracies.reduce(0, +) / Double(accuracies.count)
        let squares = accuracies.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        // Clients that tie have equal accuracies, so it does not matter which of them is counted.
        let worst = accuracies.sorted().prefix((accuracies.count + 9) / 10)
        self.mean = mean
        standardDeviation = (squares / Double(accuracies.count)).squareRoot()
        worstTenth = worst.reduce(0, +) / Double(worst.count)
    }
}

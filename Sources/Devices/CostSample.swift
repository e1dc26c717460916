/// A network whose forward pass was measured.
public struct CostSample: Sendable {
    public let seconds: Double
    /// How much of each term is in the pass, by what a runtime may do with dead paths.
    private let counted: [CostTerm: Double]
    private let eliminated: [CostTerm: Double]

    /// - Parameters:
    ///   - counted: layers of the pass where dead paths are run.
    ///   - eliminated: where they are left out; nil for a network without dead paths.
    public init(counted: [LayerCost], eliminated: [LayerCost]? = nil, batch: Int = 1, seconds: Double) {
        precondition(seconds > 0 && seconds.isFinite, "a measurement of \(seconds) s")
        self.seconds = seconds
        self.counted = Self.amounts(counted, batch)
        self.eliminated = eliminated.map { Self.amounts($0, batch) } ?? self.counted
    }

    func amount(of term: CostTerm, _ deadPaths: DeadPaths) -> Double {
        switch deadPaths {
        case .counted: counted[term]!
        case .eliminated: eliminated[term]!
        }
    }

    private static func amounts(_ layers: [LayerCost], _ batch: Int) -> [CostTerm: Double] {
        let terms = Set(CostTerm.candidates.joined()).union(CostTerm.detailed)
        return Dictionary(uniqueKeysWithValues: terms.map { ($0, $0.amount(in: layers, batch: batch)) })
    }
}

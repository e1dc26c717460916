import Methods

enum NeuralFilterTable: LedgerTable {
    static let name = "neural_filter"
    static let key = ["round", "mode", "part", "place"]
    static let columns: [LedgerColumn] = [
        .integer("round"), .text("mode"), .text("part"), .integer("place"), .real("threshold"),
        .integer("chosen"), .integer("sent_of_interest"), .integer("sent_others"),
        .integer("withheld_of_interest"), .integer("withheld_others"),
    ]

    static func values(_ row: NeuralFilterRow) -> [LedgerValue] {
        [
            .init(row.round), .text(row.mode), .text(row.part.rawValue), .init(row.place),
            .real(row.threshold), .init(row.isChosen ? 1 : 0), .init(row.counts.sentOfInterest),
            .init(row.counts.sentOthers), .init(row.counts.withheldOfInterest),
            .init(row.counts.withheldOthers),
        ]
    }

    static func row(_ values: [LedgerValue]) -> NeuralFilterRow {
        var counts = FilterCounts()
        (counts.sentOfInterest, counts.sentOthers) = (values[6].int, values[7].int)
        (counts.withheldOfInterest, counts.withheldOthers) = (values[8].int, values[9].int)
        return NeuralFilterRow(
            round: values[0].int, mode: values[1].string,
            part: NeuralFilterRow.Part(rawValue: values[2].string) ?? .validation, place: values[3].int,
            threshold: values[4].double ?? .nan, isChosen: values[5].int == 1, counts: counts)
    }
}

extension Ledger {
    /// What neural filters do at each threshold, in the order of rounds.
    public func neuralFilter() throws(LedgerError) -> [NeuralFilterRow] { try all(NeuralFilterTable.self) }
}

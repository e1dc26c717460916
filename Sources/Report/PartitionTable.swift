import Datasets
import Foundation

/// The first clients of a partition, one a row, for a terminal.
public struct PartitionTable: Sendable {
    /// Classes of a client that are named, the most frequent first.
    private static let classLimit = 10

    public let text: String

    /// - Parameters:
    ///   - heldOut: samples that each client keeps back to test on.
    ///   - rows: clients that are listed; the others are counted.
    public init(_ summary: PartitionSummary, heldOut: [Int], rows: Int) {
        var table = TextTable([">client", ">samples", ">held out", ">divergence", "label:samples"])
        for client in 0..<min(rows, summary.clients) {
            let histogram = summary.clientHistograms[client]
            let divergence = summary.divergences[client].map { String(format: "%.3f", $0) }
            table.append([
                "\(client)", "\(histogram.reduce(0, +))", "\(heldOut[client])", divergence ?? "",
                Self.classes(histogram),
            ])
        }
        let more = summary.clients - rows
        switch (rows, more) {
        case (0, _): text = ""
        case (_, 1...): text = table.text + "and \(more) more clients\n"
        default: text = table.text
        }
    }

    private static func classes(_ histogram: [Int]) -> String {
        let present = histogram.indices.filter { histogram[$0] > 0 }
            .sorted { (histogram[$1], $0) < (histogram[$0], $1) }
        let shown = present.prefix(classLimit).map { "\($0):\(histogram[$0])" }.joined(separator: " ")
        return present.count > classLimit ? shown + " and \(present.count - classLimit) more" : shown
    }
}

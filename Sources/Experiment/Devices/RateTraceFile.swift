import Foundation
import Methods

/// A file of uplink rates over time.
enum RateTraceFile {
    private static let header = "seconds,rate_mbps"

    /// Reads `seconds,rate_mbps`, a sample a line, in ascending seconds. Rates in bit/s.
    static func read(_ path: String) throws(ProfileError) -> [(seconds: Double, rate: Double)] {
        guard FileManager.default.fileExists(atPath: path) else { throw .missing(path: path) }
        guard let data = FileManager.default.contents(atPath: path),
            let text = String(data: data, encoding: .utf8)
        else { throw .unreadable(path: path) }
        var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated()
            .makeIterator()
        guard let first = lines.next(), first.element.trimmingCharacters(in: .whitespaces) == header else {
            throw .badTrace(path: path, line: 1, text: "is not the header; write \(header)")
        }
        var samples: [(seconds: Double, rate: Double)] = []
        while let (index, line) = lines.next() {
            guard !line.isEmpty else { continue }
            let fields = line.split(separator: ",", omittingEmptySubsequences: false).map {
                Double($0.trimmingCharacters(in: .whitespaces))
            }
            guard fields.count == 2, let seconds = fields[0], let rate = fields[1], (0..<1e8) ~= seconds,
                (0...1e6) ~= rate, seconds > samples.last?.seconds ?? -1
            else {
                throw .badTrace(
                    path: path, line: index + 1,
                    text:
                        "\(Fault.shown(String(line))) is no line of a trace; write a later time in seconds and a rate in Mbit/s"
                )
            }
            samples.append((seconds, rate * 1e6))
        }
        guard !samples.isEmpty else {
            throw .badTrace(path: path, line: 2, text: "is missing; write a sample")
        }
        return samples
    }
}

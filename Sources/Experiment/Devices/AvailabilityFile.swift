import Foundation
import Methods

/// A file of times in which clients are there.
public enum AvailabilityFile {
    private static let header = "client,start_seconds,end_seconds"

    /// Reads `client,start_seconds,end_seconds`, one interval a line, in any order. Clients are numbered anew in the
    /// order of their numbers in the file.
    package static func read(_ path: String) throws(ProfileError) -> AvailabilityTrace {
        guard FileManager.default.fileExists(atPath: path) else { throw .missing(path: path) }
        guard let data = FileManager.default.contents(atPath: path),
            let text = String(data: data, encoding: .utf8)
        else { throw .unreadable(path: path) }
        var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated()
            .makeIterator()
        guard let first = lines.next(), first.element.trimmingCharacters(in: .whitespaces) == header else {
            throw .badTrace(path: path, line: 1, text: "is not the header; write \(header)")
        }
        var clients: [Int: [AvailabilityTrace.Interval]] = [:]
        while let (index, line) = lines.next() {
            guard !line.isEmpty else { continue }
            let fields = line.split(separator: ",", omittingEmptySubsequences: false).map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            guard fields.count == 3, let client = Int(fields[0]), client >= 0, let start = Double(fields[1]),
                let end = Double(fields[2]), start >= 0, end > start, end < 1e8
            else {
                throw .badTrace(
                    path: path, line: index + 1,
                    text:
                        "\(Fault.shown(String(line))) is not a client's number, a start and a later end in seconds"
                )
            }
            clients[client, default: []].append(
                AvailabilityTrace.Interval(
                    start: Int64(billionths: start),
                    end: max(Int64(billionths: end), Int64(billionths: start) + 1)))
        }
        guard !clients.isEmpty else {
            throw .badTrace(path: path, line: 2, text: "is missing; write an interval")
        }
        let sorted = clients.sorted { $0.key < $1.key }.map { $0.value.sorted { $0.start < $1.start } }
        for (client, intervals) in zip(clients.keys.sorted(), sorted) {
            for (one, next) in zip(intervals, intervals.dropFirst()) where next.start < one.end {
                throw .badTrace(
                    path: path, line: 0,
                    text: "client \(client) has intervals that overlap at \(next.start.units) s; join them")
            }
        }
        return AvailabilityTrace(sorted)
    }
}

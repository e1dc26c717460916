import Experiment
import Foundation
import Methods
import Testing

/// Files of times in which clients are there.
@Suite struct AvailabilityFileTests {
    private static let header = "client,start_seconds,end_seconds\n"

    /// What `text` gives as a file; an error's words have FILE in place of the path.
    private func read(_ text: Data) throws -> Result<AvailabilityTrace, Words> {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        try text.write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        do throws(ProfileError) { return .success(try AvailabilityFile.read(path)) } catch {
            return .failure(Words(text: error.description.replacing(path, with: "FILE")))
        }
    }

    private struct Words: Error { let text: String }

    private func trace(_ text: String) throws -> AvailabilityTrace { try read(Data(text.utf8)).get() }

    private func words(_ text: String) throws -> String {
        switch try read(Data(text.utf8)) {
        case .success: ""
        case .failure(let words): words.text
        }
    }

    /// Any order of lines, numbers with gaps, spaces, fractions, empty lines and both ends of line.
    @Test func whatAFileSays() throws {
        let due = AvailabilityTrace([
            [.init(start: 0, end: 1_500_000_000), .init(start: 3_000_000_000, end: 4_000_000_000)],
            [.init(start: 250_000_000, end: 10_000_000_000)],
        ])
        #expect(due.period == 10_000_000_000)
        #expect(try trace(Self.header + "7,0.25,10\n2,3,4\n2,0,1.5\n") == due)
        #expect(try trace(Self.header + "\n 2 , 0 ,1.5\r\n\r\n7,.25,1e1\r\n2,3,4") == due)
        // Where two intervals touch, nothing changes.
        #expect(try trace(Self.header + "0,0,1\n0,1,2\n") == trace(Self.header + "0,0,2\n"))
    }

    @Test(arguments: [
        ("", 1, "is not the header; write client,start_seconds,end_seconds"),
        ("client,start,end\n1,2,3\n", 1, "is not the header; write client,start_seconds,end_seconds"),
        (header, 2, "is missing; write an interval"),
        (header + "1,2\n", 2, "1,2 is not a client's number, a start and a later end in seconds"),
        (header + "1,2,3\nx,2,3\n", 3, "x,2,3 is not a client's number"),
        (header + "-1,2,3\n", 2, "is not a client's number"),
        (header + "1,-2,3\n", 2, "is not a client's number"),
        (header + "1,3,3\n", 2, "a start and a later end"),
        (header + "1,4,3\n", 2, "a start and a later end"),
        (header + "1,nan,3\n", 2, "a start and a later end"),
        (header + "1,0,inf\n", 2, "a start and a later end"),
        (header + "1,0,1e10\n", 2, "a start and a later end"),
        (header + "1,0,1,2\n", 2, "a start and a later end"),
        // Empty lines are lines.
        (header + "\n\n1,0,1\n\n1,x,2\n", 6, "is not a client's number"),
    ])
    func whatIsWrongIsNamed(text: String, line: Int, expected: String) throws {
        let found = try words(text)
        #expect(found.hasPrefix("FILE:\(line): ") && found.contains(expected), "\(found)")
    }

    @Test func overlaps() throws {
        #expect(
            try words(Self.header + "4,0,5\n3,0,9\n4,4,6\n")
                == "FILE: client 4 has intervals that overlap at 4.0 s; join them")
    }

    @Test func filesThatAreNone() throws {
        #expect(throws: ProfileError.missing(path: "/no/such.csv")) {
            try AvailabilityFile.read("/no/such.csv")
        }
        guard case .failure(let words) = try read(Data([0xFF, 0xFE, 0x00])) else {
            Issue.record("bytes were taken for text")
            return
        }
        #expect(words.text.hasPrefix("FILE cannot be read as text"))
    }
}

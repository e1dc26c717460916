import Foundation
import Testing
import Wire

/// What a full header frame may cost that was made to be expensive.
@Suite struct HostileMemoryTests {
    /// Headers of 64 KiB that protobuf-c answers with many times their size.
    static var headers: [[UInt8]] {
        let start = HandWritten.header(minor: 4, field: 22, body: [0x09, 5, 0, 0, 0, 0, 0, 0, 0])
        func filled(_ start: [UInt8], _ piece: [UInt8]) -> [UInt8] {
            start
                + [[UInt8]](repeating: piece, count: (Limits.headerBytes - start.count) / piece.count)
                .joined()
        }
        let room = Limits.headerBytes - start.count - 8
        let inside = [[UInt8]](repeating: [0x78, 1], count: room / 2).flatMap { $0 }
        return [
            // Unknown varints of two bytes, in the envelope and in a message.
            filled(start, [0x78, 1]),
            HandWritten.header(minor: 4, field: 22, body: inside),
            // Empty TASKs and OFFERs, each of which protobuf-c builds and merges.
            filled(start, [0xAA, 1, 0]), filled(start, [0xCA, 1, 0]),
            filled(start, [0xAA, 1, 0, 0xCA, 1, 0]),
        ]
    }

    @Test func hostileHeadersAreRefused() {
        for (number, header) in Self.headers.enumerated() {
            #expect(header.count > Limits.headerBytes - 64 && header.count <= Limits.headerBytes)
            #expect(throws: WireError.self, "\(number)") { try Envelope(decoding: header) }
        }
    }

    /// Peak of resident memory, KiB.
    static func peak() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
        return try #require(Int(line.split(separator: " ")[1].trimmingCharacters(in: .whitespaces)))
    }

    /// In a process of its own: the peak grows by one header's limit and not with the number of headers.
    /// AddressSanitizer keeps freed memory for a while, so under it the peak says nothing.
    @Test(.enabled(if: dlsym(nil, "__asan_init") == nil))
    func memoryIsBounded() async {
        await #expect(processExitsWith: .success) {
            let headers = HostileMemoryTests.headers
            let before = try HostileMemoryTests.peak()
            for _ in 0..<40 {
                for header in headers { _ = try? Envelope(decoding: header) }
            }
            let grown = try HostileMemoryTests.peak() - before
            #expect(grown < Limits.unpackBytes / 1024 + 2048, "\(grown) KiB")
        }
    }
}

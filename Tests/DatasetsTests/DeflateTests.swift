import Datasets
import TensorMath
import Testing

@Suite struct DeflateTests {
    static let text = Array("a code of a code of a code of an image".utf8)
    /// Of Python: `zlib.compress(b"a code of a code of a code of an image", 9)`.
    static let compressed: [UInt8] = [
        0x78, 0xDA, 0x4B, 0x54, 0x48, 0xCE, 0x4F, 0x49, 0x55, 0xC8, 0x4F, 0x53, 0x48, 0xC4, 0xC6, 0xCA, 0x53,
        0xC8, 0xCC, 0x4D, 0x4C, 0x4F, 0x05, 0x00, 0xEF, 0x9C, 0x0C, 0x86,
    ]

    private static func reason(_ bytes: [UInt8], count: Int) -> DatasetError.Reason? {
        datasetError { () throws(DatasetError) in _ = try Deflate.decompress(bytes, count: count) }?.reason
    }

    @Test func bytesOfPython() throws {
        #expect(try Deflate.decompress(Self.compressed, count: Self.text.count) == Self.text)
        #expect(Deflate.compress(Self.text) == Self.compressed)
    }

    @Test func roundTrip() throws {
        var random = RandomStream(RandomKey(seed: 1, purpose: .test))
        for count in [0, 1, 2, 100, 65_536, 200_000] {
            for mask in [0, 1, 0xFF] as [UInt8] {
                let bytes = random.words(count).map { UInt8(truncatingIfNeeded: $0) & mask }
                let compressed = Deflate.compress(bytes)
                #expect(try Deflate.decompress(compressed, count: count) == bytes)
                #expect(compressed.count <= count + count / 1000 + 100)
            }
        }
    }

    @Test func otherCounts() {
        let count = Self.text.count
        for other in 1..<count { #expect(Self.reason(Self.compressed, count: other) == .trailingBytes) }
        #expect(Self.reason(Self.compressed, count: count + 1) == .truncated)
        #expect(Self.reason(Self.compressed + [0], count: count) == .trailingBytes)
        #expect(Self.reason([], count: count) == .corruptStream)
    }

    /// A million zeros in a thousand bytes: no more is inflated than was asked for.
    @Test func bomb() {
        let bomb = Deflate.compress([UInt8](repeating: 0, count: 1 << 20))
        #expect(bomb.count < 1100)
        #expect(Self.reason(bomb, count: 100) == .trailingBytes)
    }

    /// The check sum finds every damage but that of bits that nothing follows from: those that fill up the last byte.
    @Test func damage() throws {
        var unnoticed = 0
        for place in Self.compressed.indices {
            #expect(Self.reason(Array(Self.compressed[..<place]), count: Self.text.count) == .corruptStream)
            for bit in 0..<8 {
                var damaged = Self.compressed
                damaged[place] ^= 1 << UInt8(bit)
                if Self.reason(damaged, count: Self.text.count) == nil {
                    unnoticed += 1
                    #expect(try Deflate.decompress(damaged, count: Self.text.count) == Self.text)
                }
            }
        }
        #expect(unnoticed <= 7)
    }

    @Test func errorNamesPlaceAndRemedy() {
        let error = datasetError { () throws(DatasetError) in
            _ = try Deflate.decompress(Self.compressed, count: 3, source: "answer 7")
        }
        let text = error?.description ?? ""
        #expect(text.hasPrefix("answer 7, byte "))
        #expect(
            text.hasSuffix(
                "found more than 3 inflated bytes, expected a zlib stream of 3 bytes; send it again"))
    }
}

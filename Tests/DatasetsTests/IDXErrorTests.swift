import Datasets
import Testing

@Suite("Damaged IDX files are refused with file, position, figures and remedy")
struct IDXErrorTests {
    private static let images = "train-images-idx3-ubyte"
    private static let labels = "train-labels-idx1-ubyte"

    /// The error for a data set in which `name` holds `bytes`.
    private func error(_ name: String, _ bytes: [UInt8], compressed: Bool = false) throws -> DatasetError {
        let directory = try FixtureDirectory()
        try SmallDigits().write(to: directory, compressed: compressed)
        try directory.write(bytes, compressed ? name + ".gz" : name)
        let error = try #require(
            datasetError { () throws(DatasetError) in
                _ = try Dataset.load(DatasetSpec(name: .mnist, path: directory.path), seed: 1)
            })
        #expect(error.source == directory.path + "/" + name + (compressed ? ".gz" : ""))
        #expect(!error.remedy.isEmpty)
        #expect(error.description.contains(error.source) && error.description.contains(error.expected))
        return error
    }

    @Test func missingFileSaysHowToGetIt() throws {
        let directory = try FixtureDirectory()
        let missing = try #require(
            datasetError { () throws(DatasetError) in
                _ = try Dataset.load(DatasetSpec(name: .fashionMNIST, path: directory.path), seed: 1)
            })
        #expect(missing.reason == .missing)
        #expect(missing.source == directory.path + "/train-images-idx3-ubyte.gz")
        #expect(missing.remedy.contains("apt-get install dataset-fashion-mnist"))
        try SmallDigits().write(to: directory)
        try directory.remove("t10k-labels-idx1-ubyte")
        let second = try #require(
            datasetError { () throws(DatasetError) in
                _ = try Dataset.loadLabels(DatasetSpec(name: .mnist, path: directory.path), seed: 1)
            })
        #expect(second.reason == .missing)
        #expect(second.source == directory.path + "/t10k-labels-idx1-ubyte.gz")
    }

    @Test func badMagic() throws {
        let found = try error(Self.images, [0x50, 0x4B, 3, 4] + [UInt8](repeating: 0, count: 40))
        #expect(found.reason == .badMagic)
        #expect(found.offset == 0)
        #expect(found.found == "the bytes 50 4b 03 04")
    }

    @Test func wrongRankAndType() throws {
        let swapped = try error(Self.images, idx([6], SmallDigits.trainLabels))
        #expect(swapped.reason == .wrongRank)
        #expect(swapped.expected == "unsigned bytes (08) of rank 3 to 4")
        let imagesAsLabels = try error(Self.labels, idx([6, 2, 3], SmallDigits.trainPixels))
        #expect(imagesAsLabels.reason == .wrongRank)
        let floats = try error(Self.images, idx([6, 2, 3], SmallDigits.trainPixels, type: 0x0D))
        #expect(floats.reason == .wrongRank)
    }

    @Test("truncated", arguments: [false, true])
    func truncated(compressed: Bool) throws {
        let whole = idx([6, 2, 3], Array(SmallDigits.trainPixels[..<30]))
        let short = try error(Self.images, compressed ? gzip(whole) : whole, compressed: compressed)
        #expect(short.reason == .truncated)
        #expect(short.offset == 46)
        #expect(short.expected == "36 bytes of 36 elements, of which 6 are missing")
        let header = Array(whole[..<10])
        let cut = try error(Self.images, compressed ? gzip(header) : header, compressed: compressed)
        #expect(cut.reason == .truncated)
        #expect(cut.offset == 10)
        let empty = try error(Self.images, compressed ? gzip([]) : [], compressed: compressed)
        #expect(empty.reason == .truncated)
    }

    @Test("trailing bytes", arguments: [false, true])
    func trailing(compressed: Bool) throws {
        let long = idx([6, 2, 3], SmallDigits.trainPixels + [1])
        let found = try error(Self.images, compressed ? gzip(long) : long, compressed: compressed)
        #expect(found.reason == .trailingBytes)
        #expect(found.offset == 52)
        if compressed {
            // The trailer of the first member states the right size; the second adds to it.
            let twice = gzip(idx([6, 2, 3], SmallDigits.trainPixels)) + gzip(SmallDigits.trainPixels)
            #expect(try error(Self.images, twice, compressed: true).reason == .trailingBytes)
        }
    }

    @Test func countsDiffer() throws {
        let found = try error(Self.labels, idx([5], [0, 1, 2, 3, 4]))
        #expect(found.reason == .countMismatch)
        #expect(found.found == "5 labels")
        #expect(found.expected.hasPrefix("6, one for each image in"))
    }

    @Test func labelOutOfRange() throws {
        let found = try error(Self.labels, idx([6], [0, 1, 2, 10, 4, 5]))
        #expect(found.reason == .labelOutOfRange)
        #expect(found.offset == 11)
        #expect(found.found == "label 10")
        #expect(found.expected == "0 to 9 in mnist")
    }

    @Test func absurdDimensions() throws {
        let none = try error(Self.images, idx([0, 2, 3], []))
        #expect(none.reason == .absurdDimensions)
        #expect(none.offset == 4)
        let wide = try error(Self.images, idx([6, 2, 70_000], []))
        #expect(wide.reason == .absurdDimensions)
        #expect(wide.offset == 12)
        let huge = try error(Self.images, idx([0xFFFF_FFFF, 0xFFFF, 0xFFFF], []))
        #expect(huge.reason == .absurdDimensions)
    }

    @Test("a header that promises more than the file holds", arguments: [false, true])
    func promisesAreChecked(compressed: Bool) throws {
        let promise = idx([6, 8000, 8000], SmallDigits.trainPixels)
        let bytes = compressed ? gzip(promise) : promise
        let images = try error(Self.images, bytes, compressed: compressed)
        #expect(images.reason == .truncated)
        #expect(images.expected == "384000000 bytes of 384000000 elements, of which 383999964 are missing")
        if compressed {
            // The trailer lies as well, but 100 bytes cannot inflate to 384 MB.
            var forged = bytes
            let size = 16 + 384_000_000
            for byte in 0..<4 {
                forged[forged.count - 4 + byte] = UInt8(truncatingIfNeeded: size >> (8 * byte))
            }
            let found = try error(Self.images, forged, compressed: true)
            #expect(found.reason == .corruptStream)
            #expect(found.found.contains("incorrect length check"))
        }
        let labels = idx([1_500_000_000], SmallDigits.trainLabels)
        #expect(try error(Self.labels, labels).reason == .countMismatch)
    }

    @Test func damagedStream() throws {
        var stream = gzip(idx([6, 2, 3], SmallDigits.trainPixels))
        stream[stream.count - 7] ^= 0x10
        let checksum = try error(Self.images, stream, compressed: true)
        #expect(checksum.reason == .corruptStream)
        #expect(checksum.found.contains("incorrect data check"))
        let garbage = gzip(idx([6, 2, 3], SmallDigits.trainPixels)) + [9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9]
        #expect(try error(Self.images, garbage, compressed: true).reason == .corruptStream)
    }

    @Test func directoryInsteadOfFile() throws {
        let directory = try FixtureDirectory()
        try directory.write([1], "train-images-idx3-ubyte.gz/inside")
        let found = datasetError { () throws(DatasetError) in
            _ = try Dataset.load(DatasetSpec(name: .mnist, path: directory.path), seed: 1)
        }
        #expect(found?.reason == .unreadable)
    }
}

import Datasets
import Testing

@Suite("No damage to a file crashes a reader or passes a check sum")
struct CorruptionTests {
    private static let masks: [UInt8] = [0x01, 0x02, 0x10, 0x80, 0xFF]

    /// Loads a data set in which `name` holds `bytes`: the data, or nil where a typed error was thrown.
    private func load(_ directory: FixtureDirectory, _ name: String, _ bytes: [UInt8]) throws -> Dataset? {
        try directory.write(bytes, name)
        var data: Dataset?
        let error = datasetError { () throws(DatasetError) in
            data = try Dataset.load(DatasetSpec(name: .mnist, path: directory.path), seed: 1)
        }
        #expect((error == nil) == (data != nil))
        return data
    }

    @Test("every byte of a gzip file", arguments: ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"])
    func gzipBytes(name: String) throws {
        let directory = try FixtureDirectory()
        let digits = SmallDigits()
        try digits.write(to: directory, compressed: true)
        let original = try Dataset.load(DatasetSpec(name: .mnist, path: directory.path), seed: 1)
        let bytes = gzip(try #require(digits.files[name]))
        var refused = 0
        for position in bytes.indices {
            for mask in Self.masks {
                var damaged = bytes
                damaged[position] ^= mask
                let data = try load(directory, name + ".gz", damaged)
                if let data {
                    #expect(data.train == original.train, "byte \(position), mask \(mask)")
                } else {
                    refused += 1
                }
            }
            #expect(try load(directory, name + ".gz", Array(bytes[..<position])) == nil)
        }
        // Only the time, the flags of the compressor and the operating system in the header are free.
        #expect(refused >= (bytes.count - 8) * Self.masks.count)
    }

    @Test("every byte of a plain file", arguments: ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"])
    func plainBytes(name: String) throws {
        let directory = try FixtureDirectory()
        let digits = SmallDigits()
        try digits.write(to: directory)
        let bytes = try #require(digits.files[name])
        let header = name.contains("images") ? 16 : 8
        for position in bytes.indices {
            for mask in Self.masks {
                var damaged = bytes
                damaged[position] ^= mask
                let data = try load(directory, name, damaged)
                if position < header { #expect(data == nil, "byte \(position), mask \(mask)") }
                if name.contains("images") && position >= header { #expect(data != nil) }
            }
            #expect(try load(directory, name, Array(bytes[..<position])) == nil)
        }
    }

    @Test("every byte of a shard", arguments: [Split.Storage.pixels, .values])
    func shardBytes(storage: Split.Storage) throws {
        let shape = SampleShape(channels: 1, height: 1, width: 2)
        let split =
            storage == .pixels
            ? Split(shape: shape, classes: 4, labels: [3, 0, 1], pixels: [1, 2, 3, 4, 5, 6])
            : Split(shape: shape, classes: 4, labels: [3, 0, 1], values: [1, -2, 0.5, 1e30, -0.0, 7])
        let bytes = ShardCoding.encode(split)
        for position in bytes.indices {
            for mask in 1...UInt8.max {
                var damaged = bytes
                damaged[position] ^= mask
                var decoded: Split?
                let error = datasetError { () throws(DatasetError) in
                    decoded = try ShardCoding.decode(damaged)
                }
                // What is accepted means exactly these bytes.
                if let decoded {
                    #expect(ShardCoding.encode(decoded) == damaged)
                } else {
                    #expect(error?.source == "shard")
                }
            }
            let cut = datasetError { () throws(DatasetError) in
                _ = try ShardCoding.decode(Array(bytes[..<position]))
            }
            #expect(cut?.reason == .truncated)
        }
    }
}

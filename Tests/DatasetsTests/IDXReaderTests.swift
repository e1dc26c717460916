import Datasets
import Testing

@Suite("IDX files are read exactly")
struct IDXReaderTests {
    @Test("plain, gzipped and with dots in their names", arguments: [false, true])
    func readsBothForms(compressed: Bool) throws {
        let directory = try FixtureDirectory()
        try SmallDigits().write(to: directory, compressed: compressed)
        let data = try Dataset.load(DatasetSpec(name: .mnist, path: directory.path), seed: 1)
        #expect(data.name == "mnist")
        #expect(data.shape == SampleShape(channels: 1, height: 2, width: 3))
        #expect(data.classes == 10)
        #expect(data.train.labels == SmallDigits.trainLabels)
        #expect(data.test.labels == SmallDigits.testLabels)
        #expect(allFeatures(data.train) == SmallDigits.trainPixels.map { Float($0) / 255 })
        #expect(allFeatures(data.test) == SmallDigits.testPixels.map { Float($0) / 255 })
        #expect(data.natural == nil)
    }

    @Test func formDoesNotChangeTheFingerprint() throws {
        let plain = try FixtureDirectory()
        let zipped = try FixtureDirectory()
        let dotted = try FixtureDirectory()
        try SmallDigits().write(to: plain)
        try SmallDigits().write(to: zipped, compressed: true)
        for (name, bytes) in SmallDigits().files {
            try dotted.write(bytes, name.split(separator: "-").count == 4 ? rename(name) : name)
        }
        let prints = try [plain, zipped, dotted].map {
            try Dataset.load(DatasetSpec(name: .fashionMNIST, path: $0.path), seed: 1).fingerprint
        }
        #expect(Set(prints).count == 1)
        var other = SmallDigits()
        other.files["t10k-images-idx3-ubyte"]?[16 + 17] ^= 1
        try other.write(to: plain)
        let changed = try Dataset.load(DatasetSpec(name: .fashionMNIST, path: plain.path), seed: 1)
        #expect(changed.fingerprint != prints[0])
        #expect(changed.labels.fingerprint == (try labels(zipped).fingerprint))
    }

    /// Computed in Python over the stated layout with the C library's XXH3-128.
    @Test func fingerprintsAreOfTheStatedLayout() throws {
        let directory = try FixtureDirectory()
        try SmallDigits().write(to: directory)
        let data = try Dataset.load(DatasetSpec(name: .mnist, path: directory.path), seed: 1)
        #expect(data.fingerprint.description == "155bafb8b6c4a1c657449bb9e7a02742")
        #expect(data.labels.fingerprint.description == "b6f2805028996115e35d357ecf8b4565")
    }

    @Test("labels alone are those of the whole", arguments: [nil, 4])
    func labelsAlone(limit: Int?) throws {
        let directory = try FixtureDirectory()
        try SmallDigits().write(to: directory, compressed: true)
        let spec = DatasetSpec(name: .mnist, path: directory.path, limit: limit)
        let data = try Dataset.load(spec, seed: 1)
        #expect(try Dataset.loadLabels(spec, seed: 1) == data.labels)
        #expect(data.train.count == limit ?? 6)
        #expect(data.train.labels == Array(SmallDigits.trainLabels[..<(limit ?? 6)]))
        #expect(allFeatures(data.train).count == (limit ?? 6) * 6)
        #expect(data.test.count == 3)
    }

    @Test func severalGzipMembersAreOneStream() throws {
        let directory = try FixtureDirectory()
        let digits = SmallDigits()
        try digits.write(to: directory, compressed: true)
        let images = try #require(digits.files["train-images-idx3-ubyte"])
        for cut in [1, 3, 16, 17, images.count - 1] {
            let members = gzip(Array(images[..<cut])) + gzip(Array(images[cut...]))
            try directory.write(members, "train-images-idx3-ubyte.gz")
            let data = try Dataset.load(DatasetSpec(name: .mnist, path: directory.path), seed: 1)
            #expect(allFeatures(data.train) == SmallDigits.trainPixels.map { Float($0) / 255 })
        }
    }

    @Test func rankFourHasChannels() throws {
        let directory = try FixtureDirectory()
        var digits = SmallDigits()
        digits.files["train-images-idx3-ubyte"] = nil
        digits.files["t10k-images-idx3-ubyte"] = nil
        try digits.write(to: directory)
        // Color variants keep the usual file name.
        try directory.write(idx([6, 3, 2, 1], SmallDigits.trainPixels), "train-images-idx3-ubyte")
        try directory.write(idx([3, 3, 2, 1], SmallDigits.testPixels), "t10k-images-idx3-ubyte")
        let data = try Dataset.load(DatasetSpec(name: .mnist, path: directory.path), seed: 1)
        #expect(data.shape == SampleShape(channels: 3, height: 2, width: 1))
    }

    private func rename(_ name: String) -> String {
        name.replacing("-idx", with: ".idx")
    }

    private func labels(_ directory: FixtureDirectory) throws -> DatasetLabels {
        try Dataset.loadLabels(DatasetSpec(name: .fashionMNIST, path: directory.path), seed: 1)
    }
}

import Datasets
import Testing

@Suite("EMNIST")
struct EMNISTTests {
    private func write(_ split: String, labels: [UInt8], to directory: FixtureDirectory) throws {
        // One image is 2 x 2, stored column by column: upright it reads 10 20 / 30 40.
        let images = labels.flatMap { _ in [10, 30, 20, 40] as [UInt8] }
        for part in ["train", "test"] {
            try directory.write(
                idx([labels.count, 2, 2], images), "emnist-\(split)-\(part)-images-idx3-ubyte")
            try directory.write(
                gzip(idx([labels.count], labels)), "emnist-\(split)-\(part)-labels-idx1-ubyte.gz")
        }
    }

    @Test func imagesStandUpright() throws {
        let directory = try FixtureDirectory()
        try write("balanced", labels: [0, 46], to: directory)
        let spec = DatasetSpec(name: .emnist, path: directory.path, split: "balanced")
        let data = try Dataset.load(spec, seed: 1)
        #expect(data.classes == 47)
        #expect(data.train.labels == [0, 46])
        #expect(allFeatures(data.train) == [10, 20, 30, 40, 10, 20, 30, 40].map { Float($0) / 255 })
    }

    @Test func lettersCountFromZero() throws {
        let directory = try FixtureDirectory()
        try write("letters", labels: [1, 26, 13], to: directory)
        let spec = DatasetSpec(name: .emnist, path: directory.path, split: "letters")
        let data = try Dataset.load(spec, seed: 1)
        #expect(data.classes == 26)
        #expect(data.train.labels == [0, 25, 12])
        #expect(try Dataset.loadLabels(spec, seed: 1) == data.labels)
        try write("letters", labels: [1, 0, 13], to: directory)
        let zero = datasetError { () throws(DatasetError) in _ = try Dataset.load(spec, seed: 1) }
        #expect(zero?.reason == .labelOutOfRange)
        #expect(zero?.expected == "1 to 26 in emnist letters")
    }

    @Test(
        "classes of each split",
        arguments: [
            ("byclass", 62), ("bymerge", 47), ("balanced", 47), ("letters", 26), ("digits", 10),
            ("mnist", 10),
        ])
    func classes(split: String, expected: Int) throws {
        let directory = try FixtureDirectory()
        try write(split, labels: [1], to: directory)
        let spec = DatasetSpec(name: .emnist, path: directory.path, split: split)
        #expect(try Dataset.load(spec, seed: 1).classes == expected)
    }

    @Test func imagesMustBeSquare() throws {
        let directory = try FixtureDirectory()
        try write("digits", labels: [1], to: directory)
        try directory.write(idx([1, 2, 3], [0, 0, 0, 0, 0, 0]), "emnist-digits-train-images-idx3-ubyte")
        let spec = DatasetSpec(name: .emnist, path: directory.path, split: "digits")
        let error = datasetError { () throws(DatasetError) in _ = try Dataset.load(spec, seed: 1) }
        #expect(error?.reason == .absurdDimensions)
        #expect(error?.expected == "square images")
    }
}

@Suite("Fashion-MNIST as Debian packages it")
struct FashionMNISTTests {
    static let isInstalled =
        datasetError { () throws(DatasetError) in
            _ = try Dataset.loadLabels(DatasetSpec(name: .fashionMNIST), seed: 1)
        } == nil

    @Test(.enabled(if: isInstalled, "the package dataset-fashion-mnist is not installed"))
    func loadsWhole() throws {
        let clock = ContinuousClock()
        let start = clock.now
        let data = try Dataset.load(DatasetSpec(name: .fashionMNIST), seed: 1)
        print("Fashion-MNIST, both splits: \(clock.now - start)")
        #expect(data.train.count == 60_000)
        #expect(data.test.count == 10_000)
        #expect(data.shape == SampleShape(channels: 1, height: 28, width: 28))
        let summary = try data.labels.partition(.iid(clients: 1), seed: 1).summary()
        #expect(summary.labelHistogram == [Int](repeating: 6000, count: 10))
        #expect(Array(data.train.labels[..<10]) == [9, 0, 0, 3, 0, 2, 7, 2, 5, 5])
        #expect(Array(data.test.labels[..<10]) == [9, 2, 1, 1, 6, 1, 4, 6, 5, 7])
        // The published mean of the training pixels is 0.2860.
        let mean = allFeatures(data.train).reduce(into: 0.0) { $0 += Double($1) } / Double(60_000 * 784)
        #expect(abs(mean - 0.286040) < 1e-5)
        #expect(data.labels == (try Dataset.loadLabels(DatasetSpec(name: .fashionMNIST), seed: 1)))
    }
}

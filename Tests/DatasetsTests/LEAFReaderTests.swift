import Datasets
import TensorMath
import Testing

@Suite("Data sets in LEAF's JSON files")
struct LEAFReaderTests {
    private static let shape = SampleShape(channels: 3, height: 1, width: 1)

    private static func spec(
        _ directory: FixtureDirectory, pool: Bool = false, users: Int? = nil, classes: Int = 4,
        shape: SampleShape = shape
    ) -> DatasetSpec {
        DatasetSpec(
            name: .leaf, path: directory.path, pool: pool, users: users, classes: classes, shape: shape)
    }

    private static let train = """
        {"users": ["ann", "bo", "cy"], "num_samples": [2, 0, 1], "hierarchies": [["a", {"b": null}], [], true],
         "user_data": {"ann": {"x": [[0, 0.2, 1], [1.0, 0.4, 6e-1]], "y": [3, 0.0]},
                       "bo": {"x": [], "y": []},
                       "cy": {"y": [1], "note": "with \\" and ]", "x": [[0.8, 0, 1E0]]}}}
        """
    private static let more = """
        {"user_data": {"dee": {"x": [[1, 1, 1]], "y": [2]}}, "num_samples": [1], "users": ["dee"]}
        """
    private static let test = """
        {"users": ["cy", "eve"], "num_samples": [1, 1],
         "user_data": {"cy": {"x": [[0, 0, 0]], "y": [1]}, "eve": {"x": [[1, 0, 1]], "y": [2]}}}
        """

    private func write(_ directory: FixtureDirectory, _ files: [String: String]) throws {
        for (name, text) in files {
            let bytes = Array(text.utf8)
            try directory.write(name.hasSuffix(".gz") ? gzip(bytes) : bytes, name)
        }
    }

    private func standard(under folder: String = "", suffix: String = "") throws -> FixtureDirectory {
        let directory = try FixtureDirectory()
        try write(
            directory,
            [
                "\(folder)train/all_data_0.json\(suffix)": Self.train,
                "\(folder)train/all_data_1.json\(suffix)": Self.more,
                "\(folder)test/all_data_0.json\(suffix)": Self.test, "\(folder)train/readme.txt": "no JSON",
            ])
        return directory
    }

    @Test("two folders, plain or gzipped, here or below data", arguments: [("", ""), ("data/", ".gz")])
    func folders(folder: String, suffix: String) throws {
        let directory = try standard(under: folder, suffix: suffix)
        let data = try Dataset.load(Self.spec(directory), seed: 1)
        #expect(data.name == "leaf" && data.classes == 4 && data.shape == Self.shape)
        #expect(data.train.labels == [3, 0, 1, 2])
        #expect(data.train.storage == .pixels)
        #expect(allFeatures(data.train) == [0, 0.2, 1, 1, 0.4, 0.6, 0.8, 0, 1, 1, 1, 1])
        #expect(data.natural == [[0, 1], [2], [3]])
        #expect(data.test.labels == [1, 2])
        #expect(allFeatures(data.test) == [0, 0, 0, 1, 0, 1])
        #expect(try Dataset.loadLabels(Self.spec(directory), seed: 1) == data.labels)
        #expect(try data.labels.partition(.natural, seed: 1).clients == [[0, 1], [2], [3]])
    }

    @Test func pooledUsersHaveBothParts() throws {
        let directory = try standard()
        let data = try Dataset.load(Self.spec(directory, pool: true), seed: 1)
        #expect(data.train.labels == [3, 0, 1, 2, 1, 2])
        #expect(data.natural == [[0, 1], [2, 4], [3], [5]])
        #expect(data.test.count == 0)
        #expect(try Dataset.loadLabels(Self.spec(directory, pool: true), seed: 1) == data.labels)
    }

    @Test func theFirstUsers() throws {
        let directory = try standard()
        let data = try Dataset.load(Self.spec(directory, users: 2), seed: 1)
        #expect(data.train.labels == [3, 0, 1] && data.natural == [[0, 1], [2]])
        #expect(data.test.labels == [1])
        #expect(try Dataset.loadLabels(Self.spec(directory, users: 2), seed: 1) == data.labels)
        // Bo has no samples and is no client.
        #expect(try Dataset.load(Self.spec(directory, users: 3), seed: 1).natural?.count == 3)
        let error = datasetError { () throws(DatasetError) in
            _ = try Dataset.load(Self.spec(directory, users: 4), seed: 1)
        }
        #expect(error?.found == "3 users with samples" && error?.remedy.contains("dataset.users") == true)
    }

    /// Files without folders are training files: there is nothing to test on unless clients keep something back.
    @Test func oneFolder() throws {
        let directory = try FixtureDirectory()
        try write(directory, ["b.json": Self.more, "a.json": Self.train])
        let pooled = try Dataset.load(Self.spec(directory, pool: true), seed: 1)
        #expect(pooled.train.labels == [3, 0, 1, 2] && pooled.natural == [[0, 1], [2], [3]])
        let error = datasetError { () throws(DatasetError) in
            _ = try Dataset.load(Self.spec(directory), seed: 1)
        }
        #expect(error?.reason == .badSpecification && error?.remedy.contains("dataset.pool") == true)
        let labels = datasetError { () throws(DatasetError) in
            _ = try Dataset.loadLabels(Self.spec(directory), seed: 1)
        }
        #expect(labels == error)
    }

    /// Bytes where nothing is lost by them, Float32 from the first other number on.
    @Test func numbersAreKeptExactly() throws {
        let directory = try FixtureDirectory()
        let texts = [
            "0.1", "-1.5e-3", "0.30000000000000004", "123456789.123456789", "1e-45", "3.4028234e38", "-0",
            "7",
            "0.00392156862745098", "9007199254740993", "1e22", "5E-1",
        ]
        let rows = texts.map { "[\($0),1,0]" }.joined(separator: ",")
        let labels = texts.map { _ in "0" }.joined(separator: ",")
        func document(_ rows: String, _ labels: String) -> String {
            "{\"user_data\":{\"u\":{\"x\":[[1,0.5019607843137255,0],\(rows)],\"y\":[1,\(labels)]}}}"
        }
        try write(
            directory,
            ["train/a.json": document(rows, labels), "test/a.json": document("[1,1,1]", "3")])
        let data = try Dataset.load(Self.spec(directory), seed: 1)
        #expect(data.train.storage == .values && data.test.storage == .pixels)
        let rest: [[Float]] = texts.map { [Float($0) ?? .nan, 1, 0] }
        let expected: [Float] = [1, Float(128) / 255, 0] + rest.flatMap { $0 }
        #expect(allFeatures(data.train) == expected)
        let pooled = try Dataset.load(Self.spec(directory, pool: true), seed: 1)
        #expect(pooled.train.storage == .values)
        let more: [Float] = [1, Float(128) / 255, 0, 1, 1, 1]
        #expect(allFeatures(pooled.train) == expected + more)
    }

    @Test func everyByteIsFound() throws {
        let directory = try FixtureDirectory()
        let rows = (0...255).map { "[\(Double($0) / 255)]" }.joined(separator: ", ")
        let labels = (0...255).map { "\($0)" }.joined(separator: " ,\n")
        let text = "{\"user_data\": {\"u\": {\"x\": [\(rows)], \"y\": [\(labels)]}}}"
        try write(directory, ["train/a.json": text, "test/a.json": text])
        let shape = SampleShape(channels: 1, height: 1, width: 1)
        let data = try Dataset.load(Self.spec(directory, classes: 256, shape: shape), seed: 1)
        #expect(data.train.storage == .pixels && data.train.labels == Array(0...255))
        #expect(allFeatures(data.train) == (0...255).map { Float($0) / 255 })
    }

    @Test(
        "each fault is named with its place",
        arguments: [
            ("", DatasetError.Reason.truncated, "the end of the data"),
            ("[]", .malformed, "["),
            ("{\"user_data\": {}", .truncated, "the end of the data"),
            ("{\"users\": [\"u\"], \"num_samples\": [1]}", .countMismatch, "no user_data"),
            ("{\"user_data\": {}} x", .trailingBytes, "more data"),
            (
                "{\"user_data\": {\"u\": {\"x\": [[1,0]], \"y\": [1]}}}", .countMismatch,
                "a sample of 2 values"
            ),
            (
                "{\"user_data\": {\"u\": {\"x\": [[1,0,0,1]], \"y\": [1]}}}", .countMismatch,
                "a sample of more than 3 values"
            ),
            ("{\"user_data\": {\"u\": {\"x\": [[1,0,0]], \"y\": [4]}}}", .labelOutOfRange, "label 4"),
            ("{\"user_data\": {\"u\": {\"x\": [[1,0,0]], \"y\": [-1]}}}", .labelOutOfRange, "label -1"),
            ("{\"user_data\": {\"u\": {\"x\": [[1,0,0]], \"y\": [0.5]}}}", .labelOutOfRange, "label 0.5"),
            (
                "{\"user_data\": {\"u\": {\"x\": [[1,0,0]], \"y\": []}}}", .countMismatch,
                "1 entries of x and 0 of y for user u"
            ),
            (
                "{\"user_data\": {\"u\": {\"y\": [1]}}}", .countMismatch,
                "0 entries of x and 1 of y for user u"
            ),
            ("{\"user_data\": {\"u\": {\"x\": [[1,NaN,0]], \"y\": [1]}}}", .malformed, "N"),
            ("{\"user_data\": {\"u\": {\"x\": [[1,1e999,0]], \"y\": [1]}}}", .valueOutOfRange, "inf"),
            ("{\"user_data\": {\"u\": {\"x\": [[1,1e39,0]], \"y\": [1]}}}", .valueOutOfRange, "1e+39"),
            ("{\"user_data\": {\"u\": {\"x\": [[1,1-2,0]], \"y\": [1]}}}", .malformed, "1-2"),
            ("{\"user_data\": {\"u\": {\"x\": [[1,2.,0]], \"y\": [1]}}}", .malformed, "2."),
            ("{\"user_data\": {\"u\": {\"x\": [[1 0,0]], \"y\": [1]}}}", .malformed, "0"),
            ("{\"user_data\": {\"u\": {\"x\": [\"img.jpg\"], \"y\": [1]}}}", .malformed, "a text"),
            (
                "{\"user_data\": {\"u\": {\"x\": [[1,0,0]], \"y\": [1], \"x\": [[1,0,0]]}}}", .countMismatch,
                "x of user u twice"
            ),
            (
                "{\"user_data\": {\"u\": {\"x\": [], \"y\": []}, \"u\": {\"x\": [], \"y\": []}}}",
                .countMismatch,
                "user u twice"
            ),
            (
                "{\"users\": [\"u\"], \"num_samples\": [2], \"user_data\": {\"u\": {\"x\": [[1,0,0]], \"y\": [1]}}}",
                .countMismatch, "1 samples of user u"
            ),
            (
                "{\"users\": [\"u\"], \"num_samples\": [2], \"user_data\": {}}", .countMismatch,
                "no data of user u"
            ),
            (
                "{\"users\": [\"u\"], \"num_samples\": [], \"user_data\": {}}", .countMismatch,
                "1 users and 0 num_samples"
            ),
            ("{\"user_data\": {\"u\": {\"x\": [], \"y\": []}}}", .countMismatch, "no sample"),
        ])
    func faults(text: String, reason: DatasetError.Reason, found: String) throws {
        let directory = try FixtureDirectory()
        try write(directory, ["train/a.json": text, "test/a.json": Self.test])
        let error = try #require(
            datasetError { () throws(DatasetError) in _ = try Dataset.load(Self.spec(directory), seed: 1) })
        #expect(error.reason == reason && error.found == found, "\(error)")
        #expect(!error.remedy.isEmpty && error.source.hasPrefix(directory.path))
    }

    @Test func aUserInTwoFiles() throws {
        let directory = try FixtureDirectory()
        try write(
            directory,
            ["train/a.json": Self.more, "train/b.json": Self.more, "test/a.json": Self.test])
        let error = datasetError { () throws(DatasetError) in
            _ = try Dataset.load(Self.spec(directory), seed: 1)
        }
        #expect(error?.found == "user dee twice")
    }

    @Test func noFiles() throws {
        let directory = try FixtureDirectory()
        for path in [directory.path, directory.path + "/absent"] {
            let error = datasetError { () throws(DatasetError) in
                _ = try Dataset.load(DatasetSpec(name: .leaf, path: path), seed: 1)
            }
            #expect(error?.reason == .missing && error?.source == path)
        }
    }

    /// No damage crashes the reader: a typed error, or data that the damaged text describes.
    @Test func damage() throws {
        let directory = try standard()
        let bytes = Array(Self.train.utf8)
        for position in bytes.indices {
            for mask in [UInt8(0x01), 0x04, 0x20, 0x80] {
                var damaged = bytes
                damaged[position] ^= mask
                try directory.write(damaged, "train/all_data_0.json")
                var data: Dataset?
                let error = datasetError { () throws(DatasetError) in
                    data = try Dataset.load(Self.spec(directory), seed: 1)
                }
                #expect((error == nil) == (data != nil))
                _ = datasetError { () throws(DatasetError) in
                    _ = try Dataset.loadLabels(Self.spec(directory), seed: 1)
                }
            }
            try directory.write(Array(bytes[..<position]), "train/all_data_0.json")
            let cut = datasetError { () throws(DatasetError) in
                _ = try Dataset.load(Self.spec(directory), seed: 1)
            }
            #expect(cut?.reason == .truncated || cut?.reason == .malformed, "cut at \(position)")
        }
    }

    /// A document longer than any buffer, whose tokens fall on every boundary.
    @Test func longDocuments() throws {
        let directory = try FixtureDirectory()
        var stream = RandomStream(RandomKey(seed: 31, purpose: .test))
        let values = (0..<30_000).map { _ in Float(stream.normal()) }
        let rows = stride(from: 0, to: values.count, by: 3).map {
            "[\(values[$0]), \(values[$0 + 1]),\(values[$0 + 2])]"
        }
        let labels = rows.indices.map { "\($0 % 4)" }
        let text =
            "{\"user_data\": {\"u\": {\"x\": [\(rows.joined(separator: ", "))], \"y\": [\(labels.joined(separator: ","))]}}}"
        try write(directory, ["train/a.json.gz": text, "test/a.json": Self.test])
        let data = try Dataset.load(Self.spec(directory), seed: 1)
        #expect(allFeatures(data.train) == values)
        #expect(data.train.labels == rows.indices.map { UInt8($0 % 4) })
    }
}

@Suite("Shapes as text")
struct SampleShapeTextTests {
    @Test func readsWhatItWrites() {
        #expect(SampleShape("1x28x28") == SampleShape(channels: 1, height: 28, width: 28))
        #expect(SampleShape("60") == SampleShape(channels: 60, height: 1, width: 1))
        for text in [
            "", "x", "1x28", "1x28x28x1", "0x2x2", "-1x2x2", "1x2x", " 1x2x3", "65537", "9999x9999x9999",
        ] {
            #expect(SampleShape(text) == nil, "\(text)")
        }
        let shape = SampleShape(channels: 3, height: 32, width: 31)
        #expect(SampleShape(shape.description) == shape)
    }
}

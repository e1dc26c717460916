import Datasets
import Testing

@Suite("CIFAR in its binary distribution")
struct CIFARReaderTests {
    /// Records with these label bytes; pixel p of record r is (r + p) mod 251.
    private func records(_ labels: [[UInt8]]) -> [UInt8] {
        labels.enumerated().flatMap { record, bytes in bytes + (0..<3072).map { UInt8((record + $0) % 251) } }
    }

    private func writeTen(to directory: FixtureDirectory, under folder: String = "") throws {
        for batch in 1...5 {
            let labels: [[UInt8]] = [[UInt8(batch)], [UInt8(batch + 4)]]
            try directory.write(records(labels), "\(folder)data_batch_\(batch).bin")
        }
        try directory.write(records([[9], [0], [3]]), "\(folder)test_batch.bin")
    }

    @Test("CIFAR-10, here or where the archive unpacks", arguments: ["", "cifar-10-batches-bin/"])
    func ten(folder: String) throws {
        let directory = try FixtureDirectory()
        try writeTen(to: directory, under: folder)
        let spec = DatasetSpec(name: .cifar10, path: directory.path)
        let data = try Dataset.load(spec, seed: 1)
        #expect(data.shape == SampleShape(channels: 3, height: 32, width: 32))
        #expect(data.classes == 10)
        #expect(data.train.labels == [1, 5, 2, 6, 3, 7, 4, 8, 5, 9])
        #expect(data.test.labels == [9, 0, 3])
        let values = allFeatures(data.train)
        #expect(values[3072 * 9 + 1024] == Float((1 + 1024) % 251) / 255)
        #expect(try Dataset.loadLabels(spec, seed: 1) == data.labels)
    }

    @Test func hundredTakesTheFineLabel() throws {
        let directory = try FixtureDirectory()
        try directory.write(records([[19, 99], [0, 42]]), "train.bin")
        try directory.write(records([[7, 3]]), "test.bin")
        let spec = DatasetSpec(name: .cifar100, path: directory.path)
        let data = try Dataset.load(spec, seed: 1)
        #expect(data.classes == 100)
        #expect(data.train.labels == [99, 42])
        #expect(allFeatures(data.test)[3071] == Float(3071 % 251) / 255)
        #expect(try Dataset.loadLabels(spec, seed: 1) == data.labels)
        try directory.write(records([[20, 99]]), "train.bin")
        let coarse = datasetError { () throws(DatasetError) in _ = try Dataset.load(spec, seed: 1) }
        #expect(coarse?.reason == .labelOutOfRange)
        #expect(coarse?.offset == 0)
        #expect(coarse?.expected == "0 to 19 in cifar100")
        try directory.write(records([[2, 5], [3, 100]]), "train.bin")
        let fine = datasetError { () throws(DatasetError) in _ = try Dataset.load(spec, seed: 1) }
        #expect(fine?.offset == 3075)
    }

    @Test func faults() throws {
        let directory = try FixtureDirectory()
        try writeTen(to: directory)
        let spec = DatasetSpec(name: .cifar10, path: directory.path)
        func error() -> DatasetError? {
            datasetError { () throws(DatasetError) in _ = try Dataset.load(spec, seed: 1) }
        }
        try directory.write(Array(records([[1], [2]]).dropLast()), "data_batch_4.bin")
        #expect(error()?.reason == .truncated)
        #expect(error()?.offset == 3073)
        #expect(error()?.source == directory.path + "/data_batch_4.bin")
        try directory.write(records([[1]]) + [1], "data_batch_4.bin")
        #expect(error()?.reason == .truncated)
        try directory.write([], "data_batch_4.bin")
        #expect(error()?.reason == .truncated)
        try directory.remove("data_batch_4.bin")
        #expect(error()?.reason == .missing)
        #expect(error()?.remedy.contains("cifar-10-binary.tar.gz") == true)
    }

    @Test func manyRecordsCrossTheReadBuffer() throws {
        let directory = try FixtureDirectory()
        let labels = (0..<600).map { [UInt8($0 % 100 / 5), UInt8($0 % 100)] }
        try directory.write(records(labels), "train.bin")
        try directory.write(records([[7, 3]]), "test.bin")
        let data = try Dataset.load(DatasetSpec(name: .cifar100, path: directory.path), seed: 1)
        #expect(data.train.labels == labels.map { $0[1] })
        let values = allFeatures(data.train)
        #expect(values[3072 * 599 + 5] == Float(604 % 251) / 255)
    }
}

/// CIFAR-10 and CIFAR-100 in their binary distribution: records of one label byte (CIFAR-100: a coarse and a
/// fine one) and 3,072 pixels, 32 x 32 of red, then of green, then of blue, row by row.
struct CIFARFamily {
    let name: String
    let directory: String
    /// Directory that the distribution's archive creates; looked into where `directory` has no such files.
    let archive: String
    let trainFiles: [String]
    let testFile: String
    let classes: Int
    /// Classes of the label bytes in front of the one that counts.
    let coarseClasses: [Int]
    let remedy: String

    static let shape = SampleShape(channels: 3, height: 32, width: 32)

    static func cifar10(_ directory: String) -> CIFARFamily {
        CIFARFamily(
            name: "cifar10", directory: directory, archive: "cifar-10-batches-bin",
            trainFiles: (1...5).map { "data_batch_\($0).bin" }, testFile: "test_batch.bin", classes: 10,
            coarseClasses: [],
            remedy: "unpack cifar-10-binary.tar.gz and name its directory in dataset.path")
    }

    static func cifar100(_ directory: String) -> CIFARFamily {
        CIFARFamily(
            name: "cifar100", directory: directory, archive: "cifar-100-binary", trainFiles: ["train.bin"],
            testFile: "test.bin", classes: 100, coarseClasses: [20],
            remedy: "unpack cifar-100-binary.tar.gz and name its directory in dataset.path")
    }

    func load() throws(DatasetError) -> (train: Split, test: Split) {
        (try split(trainFiles), try split([testFile]))
    }

    /// Reads the files without keeping their pixels.
    func loadLabels() throws(DatasetError) -> (train: [UInt8], test: [UInt8], shape: SampleShape) {
        var pixels: [UInt8]?
        let train = try read(trainFiles, pixels: &pixels)
        let test = try read([testFile], pixels: &pixels)
        return (train, test, CIFARFamily.shape)
    }

    private func split(_ files: [String]) throws(DatasetError) -> Split {
        var pixels: [UInt8]? = []
        let labels = try read(files, pixels: &pixels)
        return Split(shape: CIFARFamily.shape, classes: classes, labels: labels, pixels: pixels ?? [])
    }

    /// Size of a record in bytes.
    private var record: Int { coarseClasses.count + 1 + CIFARFamily.shape.count }

    /// The labels of several files; their pixels are appended to `pixels` where that is not nil.
    private func read(_ names: [String], pixels: inout [UInt8]?) throws(DatasetError) -> [UInt8] {
        var files: [InputFile] = []
        for name in names {
            let file = try InputFile(path(name), remedy: remedy)
            guard file.size > 0, file.size % record == 0 else {
                throw DatasetError(
                    .truncated, source: file.path, offset: file.size - file.size % record,
                    found: "\(file.size) bytes", expected: "a multiple of \(record), the size of a record",
                    remedy: "fetch the file again; take the binary version")
            }
            files.append(file)
        }
        let records = files.reduce(0) { $0 + $1.size / record }
        var labels: [UInt8] = []
        labels.reserveCapacity(records)
        pixels?.reserveCapacity(records * CIFARFamily.shape.count)
        for file in files { try read(file, labels: &labels, pixels: &pixels) }
        return labels
    }

    private func read(
        _ file: InputFile, labels: inout [UInt8], pixels: inout [UInt8]?
    ) throws(DatasetError) {
        let records = file.size / record
        let atOnce = 256
        var bytes = [UInt8](repeating: 0, count: atOnce * record)
        for first in stride(from: 0, to: records, by: atOnce) {
            let length = min(atOnce, records - first) * record
            guard try file.read(into: &bytes, 0..<length) == length else {
                throw DatasetError(
                    .truncated, source: file.path, offset: first * record, found: "the end of the file",
                    expected: "\(file.size) bytes, its size when it was opened",
                    remedy: "do not change the file while it is read")
            }
            for start in stride(from: 0, to: length, by: record) {
                labels.append(try label(bytes, start, file.path, first * record + start))
                pixels?.append(contentsOf: bytes[start + coarseClasses.count + 1..<start + record])
            }
        }
    }

    /// The label of the record at `start`, after a check of all its label bytes.
    private func label(
        _ bytes: [UInt8], _ start: Int, _ path: String, _ offset: Int
    ) throws(DatasetError) -> UInt8 {
        for (position, limit) in (coarseClasses + [classes]).enumerated()
        where bytes[start + position] >= limit {
            throw DatasetError(
                .labelOutOfRange, source: path, offset: offset + position,
                found: "label \(bytes[start + position])", expected: "0 to \(limit - 1) in \(name)",
                remedy: "check that the file belongs to \(name) and is its binary version")
        }
        return bytes[start + coarseClasses.count]
    }

    private func path(_ name: String) -> String {
        let unpacked = "\(directory)/\(archive)/\(name)"
        let direct = "\(directory)/\(name)"
        return !InputFile.exists(direct) && InputFile.exists(unpacked) ? unpacked : direct
    }
}

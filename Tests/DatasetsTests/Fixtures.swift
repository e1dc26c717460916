import CZlib
import Datasets
import Foundation
import TensorMath
import Testing

/// A directory of files made by a test, removed when the test lets go of it.
final class FixtureDirectory {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "datasets-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            Issue.record("\(path) stays behind: \(error)")
        }
    }

    func write(_ bytes: [UInt8], _ name: String) throws {
        let file = path + "/" + name
        try FileManager.default.createDirectory(
            atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(fileURLWithPath: file))
    }

    func remove(_ name: String) throws {
        try FileManager.default.removeItem(atPath: path + "/" + name)
    }
}

/// An IDX file.
func idx(_ dimensions: [Int], _ elements: [UInt8], type: UInt8 = 8) -> [UInt8] {
    var bytes: [UInt8] = [0, 0, type, UInt8(dimensions.count)]
    for size in dimensions {
        for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: size >> shift)) }
    }
    return bytes + elements
}

/// One gzip member.
func gzip(_ bytes: [UInt8]) -> [UInt8] {
    var state = z_stream()
    var input = bytes
    var output = [UInt8](repeating: 0, count: bytes.count + bytes.count / 100 + 1024)
    let size = Int32(MemoryLayout<z_stream>.size)
    let started = deflateInit2_(&state, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size)
    precondition(started == Z_OK, "deflate cannot start")
    let length = input.withUnsafeMutableBufferPointer { source in
        output.withUnsafeMutableBufferPointer { target in
            state.next_in = source.baseAddress
            state.avail_in = UInt32(source.count)
            state.next_out = target.baseAddress
            state.avail_out = UInt32(target.count)
            precondition(deflate(&state, Z_FINISH) == Z_STREAM_END, "deflate did not finish")
            return Int(state.total_out)
        }
    }
    deflateEnd(&state)
    return Array(output[..<length])
}

/// The four files of a small data set in MNIST's layout: 6 and 3 images of 2 x 3 pixels, in 10 classes.
struct SmallDigits {
    static let trainLabels: [UInt8] = [5, 0, 9, 1, 0, 5]
    static let testLabels: [UInt8] = [2, 2, 7]
    static let trainPixels = (0..<36).map { UInt8($0 * 7) }
    static let testPixels = (0..<18).map { UInt8(255 - $0) }

    var files: [String: [UInt8]] = [
        "train-images-idx3-ubyte": idx([6, 2, 3], trainPixels),
        "train-labels-idx1-ubyte": idx([6], trainLabels),
        "t10k-images-idx3-ubyte": idx([3, 2, 3], testPixels),
        "t10k-labels-idx1-ubyte": idx([3], testLabels),
    ]

    func write(to directory: FixtureDirectory, compressed: Bool = false) throws {
        for (name, bytes) in files {
            try directory.write(compressed ? gzip(bytes) : bytes, compressed ? name + ".gz" : name)
        }
    }
}

/// The error that `body` throws, or nil.
func datasetError(_ body: () throws(DatasetError) -> Void) -> DatasetError? {
    do throws(DatasetError) {
        try body()
        return nil
    } catch {
        return error
    }
}

/// The error that `body` throws, or nil.
func partitionError(_ body: () throws(PartitionError) -> Void) -> PartitionError? {
    do throws(PartitionError) {
        try body()
        return nil
    } catch {
        return error
    }
}

/// All features of a split as Float32.
func allFeatures(_ split: Split) -> [Float] {
    let buffer = FloatBuffer(count: split.count * split.shape.count)
    var labels: [UInt8] = []
    split.fillBatch(0..<split.count, into: buffer.view, labels: &labels)
    return buffer.view.array
}

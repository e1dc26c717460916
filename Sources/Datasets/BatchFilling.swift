import CKernels
import TensorMath

extension Split {
    /// Writes the features of samples `indices[range]` into the first `range.count * shape.count` values of
    /// `view`, one sample after another, and their labels into `labels`, which afterwards has `range.count`
    /// entries. Pixels become byte / 255, rounded correctly; noise, if there is any, comes after that. Allocates
    /// nothing once `labels` has the capacity.
    /// - Precondition: `view` has room, every index is below `count`.
    public func fillBatch(
        _ indices: [UInt32], _ range: Range<Int>, into view: FloatView, labels: inout [UInt8]
    ) {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= indices.count, "\(range) of \(indices.count)")
        requireRoom(for: range.count, in: view)
        labels.removeAll(keepingCapacity: true)
        var offset = 0
        for position in range {
            let index = Int(indices[position])
            precondition(index < count, "sample \(index) of \(count)")
            labels.append(self.labels[index])
            convert(index * shape.count, shape.count, to: view, at: offset)
            offset += shape.count
        }
        if let noise {
            for (row, position) in range.enumerated() {
                noise.add(to: view.slice(row * shape.count, shape.count), of: indices[position])
            }
        }
    }

    /// As above for the consecutive samples `rows`: for evaluation, which needs no order of its own.
    public func fillBatch(_ rows: Range<Int>, into view: FloatView, labels: inout [UInt8]) {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= count, "samples \(rows) of \(count)")
        requireRoom(for: rows.count, in: view)
        labels.removeAll(keepingCapacity: true)
        labels.append(contentsOf: self.labels[rows])
        convert(rows.lowerBound * shape.count, rows.count * shape.count, to: view, at: 0)
        if let noise {
            for (row, sample) in rows.enumerated() {
                noise.add(to: view.slice(row * shape.count, shape.count), of: UInt32(sample))
            }
        }
    }

    /// The bytes of consecutive samples, as they are stored.
    /// - Precondition: the split keeps bytes.
    public func pixels(_ rows: Range<Int>) -> [UInt8] {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= count, "samples \(rows) of \(count)")
        guard case .pixels(let pixels) = features else { preconditionFailure("the split keeps no bytes") }
        return Array(pixels[(rows.lowerBound * shape.count)..<(rows.upperBound * shape.count)])
    }

    /// Bytes as a batch has them, byte / 255; false where there are not as many as values.
    public static func convert(_ bytes: ObjectBytes, into view: FloatView) -> Bool {
        guard bytes.count == view.count else { return false }
        bytes.withUnsafeBytes { source in
            source.withMemoryRebound(to: UInt8.self) {
                if let base = $0.baseAddress { ck_unit_bytes(base, view.pointer, $0.count) }
            }
        }
        return true
    }

    /// Writes the features of sample `index` into row `row` of `view`: values `row * shape.count` and following.
    public func copyFeatures(of index: Int, into view: FloatView, row: Int) {
        precondition(index >= 0 && index < count, "sample \(index) of \(count)")
        requireRoom(for: row + 1, in: view)
        precondition(row >= 0, "row \(row)")
        convert(index * shape.count, shape.count, to: view, at: row * shape.count)
        noise?.add(to: view.slice(row * shape.count, shape.count), of: UInt32(index))
    }

    private func requireRoom(for samples: Int, in view: FloatView) {
        precondition(
            view.count >= samples * shape.count,
            "\(samples) samples of \(shape.count) values into a view of \(view.count)")
    }

    /// Writes `length` values from position `start` of the features to position `offset` of `view`; the callers
    /// have checked the bounds.
    @inline(__always)
    private func convert(_ start: Int, _ length: Int, to view: FloatView, at offset: Int) {
        switch features {
        case .pixels(let pixels):
            pixels.withUnsafeBufferPointer {
                guard let base = $0.baseAddress else { return }
                ck_unit_bytes(base + start, view.pointer + offset, length)
            }
        case .values(let values):
            values.withUnsafeBufferPointer {
                guard let base = $0.baseAddress else { return }
                (view.pointer + offset).update(from: base + start, count: length)
            }
        }
    }
}

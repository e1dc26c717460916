import CXXHash
import TensorMath

extension Dataset {
    /// XXH3-128 of the decoded content: shape, classes, counts, labels, features and owners, each list preceded
    /// by its length, every number little-endian. Hosts that agree on it train on the same data, however their
    /// files are named or compressed. Computed at every call (about 10 GB/s).
    public var fingerprint: ObjectID {
        var hash = ContentHash("tributary dataset 1")
        for split in [train, test] {
            hash.addCounts([split.shape.channels, split.shape.height, split.shape.width, split.classes])
            hash.addCounts([Int(split.storage.rawValue), split.count])
            hash.addContent(split.labels)
            switch split.features {
            case .pixels(let pixels): hash.addContent(pixels)
            case .values(let values): hash.addContent(values)
            }
        }
        hash.addOwners(natural)
        return hash.finish()
    }
}

extension DatasetLabels {
    /// XXH3-128 of what is known without features, in the same manner as a data set's own.
    /// `dataset.labels.fingerprint` on one host equals `Dataset.loadLabels(...).fingerprint` on another.
    public var fingerprint: ObjectID {
        var hash = ContentHash("tributary labels 1")
        hash.addCounts([shape.channels, shape.height, shape.width, classes, testCount, train.count])
        hash.addContent(train)
        hash.addOwners(natural)
        return hash.finish()
    }
}

/// A running XXH3-128.
private struct ContentHash: ~Copyable {
    private let state: OpaquePointer

    /// `domain` separates kinds of content.
    init(_ domain: String) {
        guard let state = XXH3_createState() else { preconditionFailure("out of memory") }
        self.state = state
        precondition(XXH3_128bits_reset(state) == XXH_OK, "XXH3 cannot start")
        addContent(Array(domain.utf8))
    }

    deinit { XXH3_freeState(state) }

    /// The bytes of plain numbers as they lie in memory: little-endian on every platform that Swift builds for.
    mutating func addContent<Number: BitwiseCopyable>(_ numbers: [Number]) {
        numbers.withUnsafeBytes {
            precondition(XXH3_128bits_update(state, $0.baseAddress, $0.count) == XXH_OK, "XXH3 failed")
        }
    }

    mutating func addCounts(_ numbers: [Int]) {
        addContent(numbers.map { UInt64($0) })
    }

    mutating func addOwners(_ owners: [[UInt32]]?) {
        addCounts([owners == nil ? 0 : 1, owners?.count ?? 0])
        for list in owners ?? [] {
            addCounts([list.count])
            addContent(list)
        }
    }

    /// The hash; zero words become 1, as in every object name.
    consuming func finish() -> ObjectID {
        let digest = XXH3_128bits_digest(state)
        return ObjectID(high: max(digest.high64, 1), low: max(digest.low64, 1))
    }
}

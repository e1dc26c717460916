import Methods
import TensorMath

/// A moment from which a run can go on: everything up to `round` is in the ledger, and the files are on the disk.
public struct DurabilityPoint: Sendable, Equatable {
    /// A file of the run directory and the digest that it must have.
    public struct File: Sendable, Equatable {
        public var name: String
        public var digest: [UInt8]

        public init(name: String, digest: [UInt8]) {
            self.name = name
            self.digest = digest
        }
    }

    /// The last round that is complete; 0 before the first.
    public var round: Int
    /// Every file that is current, whether this point changed it or not.
    public var files: [File]
    /// What the experiment must remember, by name.
    public var state: [String: [UInt8]]

    public init(round: Int, files: [File] = [], state: [String: [UInt8]] = [:]) {
        self.round = round
        self.files = files
        self.state = state
    }

    /// BLAKE2b-256 of files and state, in the order of their names.
    var contentDigest: [UInt8] {
        var bytes: [UInt8] = []
        for file in files.sorted(by: { $0.name < $1.name }) {
            LedgerValue.text(file.name).appendCanonical(to: &bytes)
            LedgerValue.text(hexadecimal(file.digest)).appendCanonical(to: &bytes)
        }
        LedgerValue(files.count).appendCanonical(to: &bytes)
        for (name, value) in state.sorted(by: { $0.key < $1.key }) {
            LedgerValue.text(name).appendCanonical(to: &bytes)
            LedgerValue.text(hexadecimal(digest256(value))).appendCanonical(to: &bytes)
        }
        return digest256(bytes)
    }
}

/// A point as the ledger keeps it.
public struct RecordedPoint: Sendable, Equatable {
    /// Points count from 1.
    public var number: Int
    public var point: DurabilityPoint
    /// BLAKE2b-256 over everything in the ledger that decides the result, up to here.
    public var chain: [UInt8]
}

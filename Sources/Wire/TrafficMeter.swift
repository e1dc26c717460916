/// Counts every byte of headers and frames that the coordinator's socket moves, by what it was moved for.
///
/// *Federated* is what a deployment would have sent for the same client in the same round: one TASK header and the
/// model, one OFFER header and the update, and a CHUNK header for every MiB begun of an object larger than that; and
/// every item's input and answer once, with their headers.
/// Everything else (retries, evaluation, PING, scenario, smaller chunks) is *simulation*.
public struct TrafficMeter: Sendable, Equatable {
    /// Objects up to this size ride on the message that names them; above it a deployment sends one chunk each.
    public static let deploymentChunk = 1 << 20

    public struct Sums: Sendable, Equatable {
        public var federatedPayload: UInt64 = 0
        public var federatedOverhead: UInt64 = 0
        /// Of these two, what items of streams brought, and how many of their messages did.
        public var itemPayload: UInt64 = 0
        public var itemOverhead: UInt64 = 0
        public var items: UInt64 = 0
        public var simulation: UInt64 = 0
        public var messages: UInt64 = 0
        /// ZMTP's flags and lengths around the frames: stated, and not part of `total`.
        public var framing: UInt64 = 0

        public var federated: UInt64 { federatedPayload + federatedOverhead }
        public var total: UInt64 { federated + simulation }
    }

    public private(set) var received = Sums()
    public private(set) var sent = Sums()

    public init() {}

    /// Which share of a message is federated traffic.
    public struct Share: Sendable {
        public var header: Bool
        public var payload: Bool
        /// Bytes of a federated header and of a federated frame that only the simulation needs: references to
        /// objects that are parked at the coordinator, and those objects.
        public var simulatedHeader = 0
        public var simulatedPayload = 0
        /// An item of a stream.
        public var isItem = false
        public static let simulation = Share(header: false, payload: false)
        public static let federated = Share(header: true, payload: true)

        public init(header: Bool, payload: Bool) {
            self.header = header
            self.payload = payload
        }

        /// The share of an item's input that goes out for the first time.
        public static var item: Share {
            var share = Share.federated
            share.isItem = true
            return share
        }

        /// The share of a CHUNK of an object of `bytes` that starts at `offset` and serves federated traffic.
        public static func chunk(of bytes: UInt64, offset: UInt64) -> Share {
            let deployed = bytes > UInt64(deploymentChunk) && offset % UInt64(deploymentChunk) == 0
            return Share(header: deployed, payload: true)
        }
    }

    public mutating func send(header: Int, frame: Int?, share: Share) {
        sent.add(header: header, frame: frame, share: share)
    }

    /// What arrives is simulation until `claimReceived`.
    public mutating func receive(header: Int, frame: Int?) {
        received.add(header: header, frame: frame, share: .simulation)
    }

    /// Bytes that were sent as simulation turn out to serve a client after all: its model was here already, because
    /// the worker had evaluated it.
    public mutating func claim(payload: UInt64, overhead: UInt64) {
        sent.claim(payload: payload, overhead: overhead)
    }

    /// An update that arrived, however often and in whatever pieces, was accepted: once is what a deployment sends.
    public mutating func claimReceived(payload: UInt64, overhead: UInt64) {
        received.claim(payload: payload, overhead: overhead)
    }

    /// An item's answer was accepted: once is what a deployment sends.
    public mutating func claimAnswer(payload: UInt64) {
        claimReceived(payload: payload, overhead: Item.headerBytes)
        received.count(item: payload, overhead: Item.headerBytes)
    }

    /// Overhead of the headers around an object of `bytes` on the message that names it, whose header has `header`
    /// bytes, where chunks have headers of `chunkHeader` bytes.
    public static func overhead(object bytes: Int, header: Int, chunkHeader: Int) -> UInt64 {
        let chunks = bytes > deploymentChunk ? (bytes + deploymentChunk - 1) / deploymentChunk : 0
        return UInt64(header + chunks * chunkHeader)
    }
}

extension TrafficMeter.Sums {
    fileprivate mutating func claim(payload: UInt64, overhead: UInt64) {
        precondition(simulation >= payload + overhead)
        simulation -= payload + overhead
        federatedPayload += payload
        federatedOverhead += overhead
    }

    fileprivate mutating func count(item payload: UInt64, overhead: UInt64) {
        items += 1
        itemPayload += payload
        itemOverhead += overhead
    }

    fileprivate mutating func add(header: Int, frame: Int?, share: TrafficMeter.Share) {
        messages += 1
        framing += Framing.bytes(header: header, frame: frame) - UInt64(header + (frame ?? 0))
        let overhead = share.header ? header - share.simulatedHeader : 0
        let payload = frame.map { share.payload ? $0 - share.simulatedPayload : 0 } ?? 0
        federatedOverhead += UInt64(overhead)
        federatedPayload += UInt64(payload)
        simulation += UInt64(header + (frame ?? 0) - overhead - payload)
        if share.isItem { count(item: UInt64(payload), overhead: UInt64(overhead)) }
    }
}

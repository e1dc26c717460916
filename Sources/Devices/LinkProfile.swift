/// A connection as one device sees it: how long messages take on it and what its radio draws for them.
public struct LinkProfile: Sendable, Equatable {
    public enum Direction: String, Sendable, CaseIterable {
        /// From the device.
        case up
        /// To the device.
        case down
    }

    /// Bytes of a message travel in packets, each with overhead of its own.
    public struct Packets: Sendable, Equatable {
        /// Of a message, in one packet at most.
        public var payloadBytes: UInt64
        public var overheadBytes: UInt64
        public var source: String

        public init(payloadBytes: UInt64, overheadBytes: UInt64, source: String) {
            precondition(payloadBytes > 0, "packets without payload")
            self.payloadBytes = payloadBytes
            self.overheadBytes = overheadBytes
            self.source = source
        }
    }

    /// Power above that of the idle device: alpha x rate + base while bits flow (Huang et al. 2012), more before the
    /// first and after the last of them.
    public struct Radio: Sendable, Equatable {
        /// Watts for each Mbit/s.
        public var alphaUp: Double
        public var alphaDown: Double
        public var baseWatts: Double
        /// A radio that sleeps is woken before the first bit.
        public var promotionSeconds: Double
        public var promotionWatts: Double
        /// It stays awake after the last bit; nobody waits for that.
        public var tailSeconds: Double
        public var tailWatts: Double
        public var source: String

        public init(
            alphaUp: Double, alphaDown: Double, baseWatts: Double, promotionSeconds: Double = 0,
            promotionWatts: Double = 0, tailSeconds: Double = 0, tailWatts: Double = 0, source: String
        ) {
            self.alphaUp = alphaUp
            self.alphaDown = alphaDown
            self.baseWatts = baseWatts
            self.promotionSeconds = promotionSeconds
            self.promotionWatts = promotionWatts
            self.tailSeconds = tailSeconds
            self.tailWatts = tailWatts
            self.source = source
        }
    }

    public struct Rates: Sendable, Equatable {
        /// Mbit/s are 10^6 bit/s.
        public var uplinkBitsPerSecond: Double
        public var downlinkBitsPerSecond: Double
        /// From here to there and back, of an empty message.
        public var roundTripSeconds: Double
        /// Share of packets that is lost and sent again.
        public var lossRate: Double
        public var source: String

        public init(
            uplinkBitsPerSecond: Double, downlinkBitsPerSecond: Double, roundTripSeconds: Double = 0,
            lossRate: Double = 0, source: String
        ) {
            self.uplinkBitsPerSecond = uplinkBitsPerSecond
            self.downlinkBitsPerSecond = downlinkBitsPerSecond
            self.roundTripSeconds = roundTripSeconds
            self.lossRate = lossRate
            self.source = source
        }
    }

    public var name: String
    public var rates: Rates
    public var packets: Packets
    public var radio: Radio

    public init(name: String, rates: Rates, packets: Packets, radio: Radio) {
        self.name = name
        self.rates = rates
        self.packets = packets
        self.radio = radio
    }
}

/// What one message costs the device.
public struct Transfer: Sendable, Equatable {
    /// From the decision to send until the last bit has arrived.
    public var seconds: Double
    /// Of the radio, above what the idle device draws.
    public var joules: Double
    /// The message and the overhead of its packets, sent as often as losses demand on average.
    public var bytesOnAir: Double

    public static let none = Transfer(seconds: 0, joules: 0, bytesOnAir: 0)

    public init(seconds: Double, joules: Double, bytesOnAir: Double) {
        self.seconds = seconds
        self.joules = joules
        self.bytesOnAir = bytesOnAir
    }
}

extension LinkProfile {
    /// A message of `bytes`: the radio is woken, half a round trip passes, and all packets follow each other, each
    /// 1 / (1 - loss) times on average. An empty message is none.
    ///
    /// - Parameter wakes: whether the radio sleeps before it and falls asleep after it.
    public func transfer(bytes: UInt64, _ direction: Direction, wakes: Bool = true) -> Transfer {
        guard bytes > 0 else { return .none }
        let (rate, alpha) =
            switch direction {
            case .up: (rates.uplinkBitsPerSecond, radio.alphaUp)
            case .down: (rates.downlinkBitsPerSecond, radio.alphaDown)
            }
        let count = (bytes - 1) / packets.payloadBytes + 1
        let once = Double(bytes) + Double(count) * Double(packets.overheadBytes)
        let bytesOnAir = once / (1 - rates.lossRate)
        let flowing = 8 * bytesOnAir / rate
        var seconds = rates.roundTripSeconds / 2 + flowing
        var joules = (alpha * rate / 1e6 + radio.baseWatts) * flowing
        if wakes {
            seconds += radio.promotionSeconds
            joules += radio.promotionSeconds * radio.promotionWatts + radio.tailSeconds * radio.tailWatts
        }
        return Transfer(seconds: seconds, joules: joules, bytesOnAir: bytesOnAir)
    }
}

import CKernels

/// Names one stream of random numbers. Equal keys give equal numbers on every machine, in every process.
public struct RandomKey: Sendable, Hashable {
    /// What the numbers are for, so that two uses never share a stream.
    public enum Purpose: UInt32, Sendable {
        case initialization = 1
        case partition, selection, shuffle, synthetic, dropout, augmentation, split, fault, test
        /// Of codecs: what a client sends, and what the server sends to all.
        case uplink, downlink
        /// Of simulated attackers.
        case attack
        /// Of clients' features.
        case noise
        /// Which networks a device's model is fitted to.
        case calibration
        /// Which client has which device, when clients are there, and who leaves on the way.
        case devices, availability, departure
        /// Of a teacher's filters: communities, parts drawn at random, places in their picture.
        case communities, filters, layout
        /// Which students a step of joint training leaves out.
        case omission
        /// Of a link's rate over time.
        case fading
    }

    public var seed: UInt64
    public var purpose: Purpose
    /// A client, or 0 where the stream belongs to the whole experiment.
    public var client: UInt32
    /// How often that client took part before, a round, or another running number.
    public var participation: UInt32

    public init(seed: UInt64, purpose: Purpose, client: UInt32 = 0, participation: UInt32 = 0) {
        self.seed = seed
        self.purpose = purpose
        self.client = client
        self.participation = participation
    }
}

/// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011), counter-based:
/// key = seed, counter = (block, client, participation, purpose). A stream ends after 2^34 numbers.
public struct RandomStream: RandomNumberGenerator, Sendable {
    private let key: (UInt32, UInt32)
    private var counter: SIMD4<UInt32>
    private var block = SIMD4<UInt32>(repeating: 0)
    private var used = 4
    private var spareNormal: Double?

    public init(_ key: RandomKey) {
        self.key = (UInt32(truncatingIfNeeded: key.seed), UInt32(truncatingIfNeeded: key.seed >> 32))
        counter = SIMD4(0, key.client, key.participation, key.purpose.rawValue)
    }

    /// The ten rounds of the cipher: one block of four numbers.
    public static func philox(counter: SIMD4<UInt32>, key: (UInt32, UInt32)) -> SIMD4<UInt32> {
        var c = counter
        var (k0, k1) = key
        for _ in 0..<10 {
            let a = UInt64(c[0]) * 0xD251_1F53
            let b = UInt64(c[2]) * 0xCD9E_8D57
            c = SIMD4(
                UInt32(truncatingIfNeeded: b >> 32) ^ c[1] ^ k0, UInt32(truncatingIfNeeded: b),
                UInt32(truncatingIfNeeded: a >> 32) ^ c[3] ^ k1, UInt32(truncatingIfNeeded: a))
            k0 &+= 0x9E37_79B9
            k1 &+= 0xBB67_AE85
        }
        return c
    }

    public mutating func nextUInt32() -> UInt32 {
        if used == 4 {
            block = Self.philox(counter: counter, key: key)
            counter[0] += 1
            used = 0
        }
        used += 1
        return block[used - 1]
    }

    /// The next `count` numbers of `nextUInt32`, many times faster.
    public mutating func words(_ count: Int) -> [UInt32] {
        precondition(count >= 0, "no \(count) numbers")
        return [UInt32](unsafeUninitializedCapacity: count) { words, filled in
            fill(UnsafeMutableBufferPointer(rebasing: words[..<count]))
            filled = count
        }
    }

    /// The same into memory that is there, without allocating any.
    package mutating func fill(_ words: UnsafeMutableBufferPointer<UInt32>) {
        KernelFamily.activate()
        var filled = 0
        while filled < words.count && used < 4 {
            words[filled] = nextUInt32()
            filled += 1
        }
        let blocks = (words.count - filled) / 4
        if blocks > 0 {
            withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 6) { state in
                state[0] = key.0
                state[1] = key.1
                for i in 0..<4 { state[2 + i] = counter[i] }
                ck_philox(state.baseAddress!, state.baseAddress! + 2, blocks, words.baseAddress! + filled)
            }
            counter[0] += UInt32(blocks)
            filled += 4 * blocks
        }
        while filled < words.count {
            words[filled] = nextUInt32()
            filled += 1
        }
    }

    public mutating func next() -> UInt64 {
        let low = nextUInt32()
        return UInt64(nextUInt32()) << 32 | UInt64(low)
    }

    /// In [0, 1), a multiple of 2^-24.
    public mutating func uniform() -> Float { Float(nextUInt32() >> 8) * 0x1p-24 }

    /// In [0, 1), a multiple of 2^-53.
    public mutating func uniformDouble() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// Uniform in 0..<bound without bias (Lemire 2019).
    public mutating func index(below bound: Int) -> Int {
        precondition(bound > 0 && bound <= Int(UInt32.max), "no index below \(bound)")
        let range = UInt32(bound)
        var product = UInt64(nextUInt32()) * UInt64(range)
        if UInt32(truncatingIfNeeded: product) < range {
            let threshold = (0 &- range) % range
            while UInt32(truncatingIfNeeded: product) < threshold {
                product = UInt64(nextUInt32()) * UInt64(range)
            }
        }
        return Int(product >> 32)
    }

    /// Standard normal (Marsaglia's polar method, with our own logarithm).
    public mutating func normal() -> Double {
        if let spare = spareNormal {
            spareNormal = nil
            return spare
        }
        while true {
            let u = 2 * uniformDouble() - 1
            let v = 2 * uniformDouble() - 1
            let s = u * u + v * v
            if s > 0 && s < 1 {
                let factor = (-2 * ck_log(s) / s).squareRoot()
                spareNormal = v * factor
                return u * factor
            }
        }
    }

    /// Logarithm of a gamma variate of unit scale (Marsaglia and Tsang 2000; below one by Stuart's boost). Small
    /// shapes make variates that no Double can hold; their logarithms stay finite for shapes of 1e-300 and more.
    public mutating func gammaLogarithm(shape: Double) -> Double {
        precondition(shape >= 1e-300 && shape.isFinite, "gamma of shape \(shape)")
        if shape < 1 {
            let boost = ck_log(1 - uniformDouble()) / shape
            return gammaLogarithm(shape: shape + 1) + boost
        }
        let d = shape - 1.0 / 3
        let c = 1 / (9 * d).squareRoot()
        while true {
            let x = normal()
            let v = (1 + c * x) * (1 + c * x) * (1 + c * x)
            if v <= 0 { continue }
            let u = 1 - uniformDouble()
            if ck_log(u) < 0.5 * x * x + d - d * v + d * ck_log(v) { return ck_log(d * v) }
        }
    }

    /// Fisher and Yates, from the end.
    @inlinable public mutating func shuffle<Element>(_ values: inout [Element]) {
        var i = values.count - 1
        while i > 0 {
            values.swapAt(i, index(below: i + 1))
            i -= 1
        }
    }

    /// `count` different numbers of 0..<total, in the order drawn; O(count) memory.
    public mutating func sample(_ count: Int, of total: Int) -> [Int] {
        precondition(count >= 0 && count <= total, "cannot draw \(count) of \(total)")
        var moved: [Int: Int] = [:]
        return (0..<count).map { i in
            let j = i + index(below: total - i)
            let drawn = moved[j] ?? j
            moved[j] = moved[i] ?? i
            return drawn
        }
    }
}

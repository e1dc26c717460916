import CKernels
import TensorMath

/// Times in which clients are on, read from a file; repeated when the last has ended.
package struct AvailabilityTrace: Sendable, Equatable {
    /// On from `start` to before `end`.
    package struct Interval: Sendable, Equatable {
        package let start: Nanoseconds
        package let end: Nanoseconds

        package init(start: Nanoseconds, end: Nanoseconds) {
            precondition(start >= 0 && end > start)
            self.start = start
            self.end = end
        }
    }

    /// In ascending order, with gaps between them; client c has the trace with the number c mod their count.
    package let clients: [[Interval]]
    package let period: Nanoseconds

    package init(_ clients: [[Interval]]) {
        precondition(!clients.isEmpty)
        self.clients = clients.map(Self.joined)
        period = clients.joined().map(\.end).max() ?? 1
    }

    /// Intervals that touch are one: nothing changes where they meet.
    private static func joined(_ intervals: [Interval]) -> [Interval] {
        var joined: [Interval] = []
        for interval in intervals {
            if let last = joined.last, last.end >= interval.start {
                joined[joined.count - 1] = Interval(start: last.start, end: max(last.end, interval.end))
            } else {
                joined.append(interval)
            }
        }
        return joined
    }
}

/// When clients are on, and which of them leave on their way: a function of the seed, asked in the order of time.
package struct Availability {
    private let spec: AvailabilitySpec
    private let seed: UInt64
    private let trace: AvailabilityTrace?
    /// Of clients that were asked for, so that those never drawn take no memory.
    private var chains: [Int: Chain] = [:]

    /// On and off in turn.
    private struct Chain {
        var isOn: Bool
        var until: Nanoseconds
        var stream: RandomStream
    }

    package init(_ spec: AvailabilitySpec, seed: UInt64, trace: AvailabilityTrace?) {
        self.spec = spec
        self.seed = seed
        self.trace = trace
    }

    /// Whether clients are always on.
    package var isConstant: Bool { spec.kind == .always }

    /// Whether a client is on, and until when it stays as it is; nil for ever. Moments must not go back.
    package mutating func state(of client: Int, at moment: Nanoseconds) -> (isOn: Bool, until: Nanoseconds?) {
        switch spec.kind {
        case .always: return (true, nil)
        case .trace: return traced(client, at: moment)
        case .markov(let on, let off):
            var chain = chains[client] ?? start(client, on: on, off: off)
            while chain.until <= moment {
                chain.isOn.toggle()
                chain.until += Self.span(chain.isOn ? on : off, &chain.stream)
            }
            chains[client] = chain
            return (chain.isOn, chain.until)
        }
    }

    /// In the state that is stationary: on with probability on / (on + off), for a time that is exponential, too.
    private func start(_ client: Int, on: Double, off: Double) -> Chain {
        var stream = RandomStream(
            RandomKey(seed: seed, purpose: .availability, client: UInt32(client) + 1))
        let isOn = stream.uniformDouble() * (on + off) < on
        let first = Self.span(isOn ? on : off, &stream)
        return Chain(isOn: isOn, until: first, stream: stream)
    }

    private static func span(_ mean: Double, _ stream: inout RandomStream) -> Nanoseconds {
        max(1, Int64(billionths: -mean * ck_log(1 - stream.uniformDouble())))
    }

    private func traced(_ client: Int, at moment: Nanoseconds) -> (isOn: Bool, until: Nanoseconds?) {
        guard let trace else { preconditionFailure("a trace that was not read") }
        let intervals = trace.clients[client % trace.clients.count]
        let (turn, place) = moment.quotientAndRemainder(dividingBy: trace.period)
        let base = turn * trace.period
        for interval in intervals {
            if place < interval.start { return (false, base + interval.start) }
            guard place < interval.end else { continue }
            // A client that is on at the end of the file and at its beginning stays on in between.
            guard interval.end == trace.period, let first = intervals.first, first.start == 0 else {
                return (true, base + interval.end)
            }
            return (true, first.end == trace.period ? nil : base + trace.period + first.end)
        }
        return (false, base + trace.period + (intervals.first?.start ?? 0))
    }

    /// The share of its way after which a client drops out, in its `draw`-th chance; nil: it does not.
    package func dropout(_ client: Int, draw: UInt32) -> Double? {
        guard spec.dropout > 0 else { return nil }
        var stream = RandomStream(
            RandomKey(seed: seed, purpose: .departure, client: UInt32(client) + 1, participation: draw))
        guard stream.uniformDouble() < spec.dropout else { return nil }
        return stream.uniformDouble()
    }
}

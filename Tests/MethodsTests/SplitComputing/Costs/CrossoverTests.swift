import CKernels
import Methods
import TensorMath
import Testing

/// Where one way to classify images becomes better than another.
@Suite struct CrossoverTests {
    private typealias World = OffloadWorld

    /// 0.5 to 100 Mbit/s, each rate 1.3 times the one before at most.
    private static let grid = (0...21).map { 0.5e6 * ck_exp(ck_log(200) * Double($0) / 21) }

    /// Edge offloading of 45,844 bytes against a code of 10,092: 8 x 35,752 bits over the head's time.
    @Test(arguments: [(0.015, 19.0), (0.005, 57)]) func publishedBytes(head: Double, megabits: Double) throws
    {
        let edge = World.priced(World.mode(head: 0, bytes: 45_844, tail: 0.1))
        let split = World.priced(World.mode(head: head, bytes: 10_092, tail: 0.1))
        let rate = try #require(Crossover.rate(edge.seconds, split.seconds))
        #expect(World.near(rate, 8 * 35_752 / head))
        #expect((rate / 1e6).rounded() == megabits)
        #expect(split.seconds.value(at: 0.9 * rate) < edge.seconds.value(at: 0.9 * rate))
        #expect(split.seconds.value(at: 1.1 * rate) > edge.seconds.value(at: 1.1 * rate))
    }

    /// A head that takes as many joules as the radio saves at 5 Mbit/s: 89 mJ on Wi-Fi and 199 mJ on LTE.
    @Test(arguments: [(0.28317, 0.13286, 89.0), (0.43839, 1.28804, 199)])
    func energy(alpha: Double, base: Double, millijoules: Double) throws {
        let link = World.link(alphaUp: alpha, base: base)
        let saved = (alpha / 1e6 + base / 5e6) * 8 * 35_752
        #expect((1000 * saved).rounded() == millijoules)
        let device = World.machine(active: 5, idle: 0)
        let edge = World.priced(World.mode(head: 0, bytes: 45_844), device: device, link: link)
        let split = World.priced(World.mode(head: saved / 5, bytes: 10_092), device: device, link: link)
        let rate = try #require(Crossover.rate(edge.joules, split.joules))
        #expect(World.near(rate, 5e6, within: 1e-6))
    }

    /// A mode that sends more and takes longer beside loses at every rate; equal ones never change.
    @Test func withoutCrossover() {
        let one = World.priced(World.mode(head: 0.1, bytes: 1000, tail: 0.1))
        let other = World.priced(World.mode(head: 0.2, bytes: 2000, tail: 0.1))
        #expect(Crossover.rate(one.seconds, other.seconds) == nil)
        #expect(Crossover.rate(one.seconds, one.seconds) == nil)
        #expect(Crossover.bracket(Self.grid, one.seconds.value, other.seconds.value) == nil)
        #expect(Crossover.bracket(Self.grid, one.seconds.value, one.seconds.value) == nil)
        let local = World.priced(World.mode(head: 0.15))
        #expect(Crossover.rate(local.seconds, other.seconds) == nil)
    }

    /// 0.25 s locally; 0.05 s and 8,000 bits: equal at 40 kbit/s. A grid point there ends the step.
    @Test func onTheGrid() throws {
        let local = World.priced(World.mode(head: 0.25)).seconds
        let edge = RateCurve(constant: 0.05, inverse: 8000)
        #expect(World.near(try #require(Crossover.rate(local, edge)), 40_000))
        #expect(Crossover.bracket([1e4, 3e4, 5e4], local.value, edge.value) == 3e4...5e4)
        let plain = RateCurve(constant: 0.25, inverse: 0)
        #expect(Crossover.bracket([1e4, 4e4, 5e4], plain.value, edge.value) == 1e4...4e4)
        #expect(Crossover.bracket([5e4, 6e4], plain.value, edge.value) == nil)
    }

    /// The closed form lies in the step in which a search finds it, and outside of the grid the search finds none; costs
    /// are those by parts.
    @Test func closedFormAndSearch() {
        var stream = RandomStream(RandomKey(seed: 5, purpose: .test))
        var found = 0
        for _ in 0..<500 {
            let link = World.link(
                roundTrip: 0.1 * stream.uniformDouble(), overhead: UInt64(stream.index(below: 100)),
                alphaUp: stream.uniformDouble(), base: stream.uniformDouble())
            let modes = (0..<2).map { index in
                let mode = World.mode(
                    head: 0.2 * stream.uniformDouble(),
                    bytes: UInt64(1 + stream.index(below: 100_000) + index),
                    tail: 0.1 * stream.uniformDouble())
                return World.priced(mode, link: link)
            }
            let (a, b) = (modes[0], modes[1])
            let latency = Crossover.bracket(Self.grid, { a.cost(at: $0).seconds }, { b.cost(at: $0).seconds })
            let energy = Crossover.bracket(Self.grid, { a.cost(at: $0).joules }, { b.cost(at: $0).joules })
            for (rate, bracket) in [
                (Crossover.rate(a.seconds, b.seconds), latency), (Crossover.rate(a.joules, b.joules), energy),
            ] {
                if let rate, (Self.grid[0]...Self.grid[21]).contains(rate) {
                    found += 1
                    #expect(bracket?.contains(rate) == true)
                } else {
                    #expect(bracket == nil)
                }
            }
        }
        #expect(found > 100)
    }
}

import Methods
import Networks
import TensorMath
import Testing

/// Two steps of each server optimiser, by its formulas in double.
@Suite struct AdaptiveServerTests {
    static let start: [Float] = [1, -2, 0.5, 3, 4]
    static let updates: [[[Float]]] = [
        [[1.5, -2, 0.25, 2, 8], [1.25, -1, 0.5, 6, 0]], [[1, -3, 0.5, 1, 1], [0.5, -2.5, 0.75, 5, 1]],
    ]
    static let samples = [1, 3]
    /// Means of the two rounds.
    static let means = updates.map { round in mean(round.map(doubles), weights: samples) }

    static func rate<Method>(_ method: Method, _ path: WritableKeyPath<Method, Double>, _ value: Double)
        -> Method
    {
        var method = method
        method[keyPath: path] = value
        return method
    }

    /// Runs two rounds and compares with `step`, which moves (w, m, v) of one value given its mean.
    func check(
        _ method: any FederatedMethod, v0: Double,
        step: (_ w: inout Double, _ m: inout Double, _ v: inout Double, _ delta: Double) -> Void
    ) throws {
        var fixture = ServerFixture(method, global: Self.start)
        var w = doubles(Self.start)
        var (m, v) = ([Double](repeating: 0, count: 3), [Double](repeating: v0, count: 3))
        for (updates, mean) in zip(Self.updates, Self.means) {
            let found = try fixture.round(updates, samples: Self.samples)
            for index in 0..<3 { step(&w[index], &m[index], &v[index], mean[index] - w[index]) }
            #expect(near(Array(found[..<3]), Array(w[..<3]), 1e-6))
            #expect(doubles(Array(found[3...])) == Array(mean[3...]), "running statistics are averaged")
            let memory = fixture.server.memory
            #expect(near(Array(memory[0].values.array[..<3]), m, 1e-6))
            if memory.count > 1 { #expect(near(Array(memory[1].values.array[..<3]), v, 1e-6)) }
        }
    }

    @Test func fedAvgM() throws {
        try check(Self.rate(FedAvgM(), \.rate, 0.5), v0: 0) { w, m, _, delta in
            m = 0.9 * m + delta
            w += 0.5 * m
        }
    }

    @Test func fedAdam() throws {
        let method = Self.rate(Self.rate(FedAdam(), \.rate, 0.1), \.tau, 0.5)
        try check(method, v0: 0.25) { w, m, v, delta in
            m = 0.9 * m + 0.1 * delta
            v = 0.99 * v + 0.01 * delta * delta
            w += 0.1 * m / (v.squareRoot() + 0.5)
        }
    }

    @Test func fedYogi() throws {
        let method = Self.rate(Self.rate(FedYogi(), \.rate, 0.1), \.tau, 0.5)
        try check(method, v0: 0.25) { w, m, v, delta in
            m = 0.9 * m + 0.1 * delta
            let square = delta * delta
            v -= 0.01 * square * (v > square ? 1 : v < square ? -1 : 0)
            w += 0.1 * m / (v.squareRoot() + 0.5)
        }
    }

    @Test func fedAdagrad() throws {
        let method = Self.rate(Self.rate(FedAdagrad(), \.rate, 0.1), \.beta1, 0.25)
        try check(method, v0: 1e-6) { w, m, v, delta in
            m = 0.25 * m + 0.75 * delta
            v += delta * delta
            w += 0.1 * m / (v.squareRoot() + 0.001)
        }
    }

    /// By numbers: Delta = 1 twice. m = 1, 1.9; w = 1, 2.9.
    @Test func momentumByNumbers() throws {
        var fixture = ServerFixture(FedAvgM(), global: [0, 0, 0, 0, 0])
        #expect(try fixture.round([[1, 0, 0, 7, 0]], samples: [1])[0] == 1)
        #expect(try fixture.round([[2, 0, 0, 7, 0]], samples: [1])[0] == 2.9)
    }

    @Test func withoutMomentumItIsFedAvg() throws {
        var fixture = ServerFixture(Self.rate(FedAvgM(), \.momentum, 0), global: Self.start)
        for (updates, mean) in zip(Self.updates, Self.means) {
            #expect(doubles(try fixture.round(updates, samples: Self.samples)) == mean)
        }
    }

    static let methods: [any FederatedMethod.Type] = [
        FedAvgM.self, FedAdam.self, FedYogi.self, FedAdagrad.self,
    ]

    /// What is saved suffices: another server that is given it makes the same bits.
    @Test func memoryIsAllThatIsKept() throws {
        for type in Self.methods {
            var fixture = ServerFixture(type.init(), global: Self.start)
            let global = try fixture.round(Self.updates[0], samples: Self.samples)
            var other = ServerFixture(type.init(), global: global)
            for (target, source) in zip(other.server.memory, fixture.server.memory) {
                #expect(target.name == source.name && target.layout == source.layout)
                target.values.copy(from: source.values)
            }
            #expect(
                try other.round(Self.updates[1], samples: Self.samples)
                    == fixture.round(Self.updates[1], samples: Self.samples))
        }
    }
}

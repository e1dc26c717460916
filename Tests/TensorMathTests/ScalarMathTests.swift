import CKernels
import Foundation
import TensorMath
import Testing

/// exp and log of our own against the system's, which is within one unit in the last place itself.
@Suite struct ScalarMathTests {
    /// Units in the last place between two numbers of one sign.
    static func distance(_ a: Double, _ b: Double) -> UInt64 {
        a == b
            ? 0 : a.sign != b.sign ? .max : max(a.bitPattern, b.bitPattern) - min(a.bitPattern, b.bitPattern)
    }

    @Test func logarithmOfRandomNumbers() {
        var stream = RandomStream(RandomKey(seed: 1, purpose: .test))
        var worst: (distance: UInt64, at: Double) = (0, 0)
        func check(_ x: Double) {
            let distance = Self.distance(ck_log(x), log(x))
            if distance > worst.distance { worst = (distance, x) }
        }
        for _ in 0..<200_000 {
            check(Double(bitPattern: 1 + stream.next() % (Double.infinity.bitPattern - 1)))
            check(0.5 + stream.uniformDouble())
            check(1 + (stream.uniformDouble() - 0.5) * 0x1p-20)
            check(1 - stream.uniformDouble())
        }
        #expect(worst.distance <= 2, "log(\(worst.at))")
    }

    @Test func logarithmAtTheEdges() {
        #expect(ck_log(1) == 0)
        #expect(ck_log(1).sign == .plus)
        let edges: [Double] = [
            .leastNonzeroMagnitude, 0x1p-1060, Double.leastNormalMagnitude.nextDown, .leastNormalMagnitude,
            .greatestFiniteMagnitude, 0x1p1023, 1 - 0x1p-53, 1 + 0x1p-52, 2, 0.5, 2.0.squareRoot(),
            2.0.squareRoot().nextUp, 0.5.squareRoot(), 0.5.squareRoot().nextDown, 10, 1e308, 1e-308,
        ]
        for x in edges { #expect(Self.distance(ck_log(x), log(x)) <= 2, "log(\(x))") }
    }

    @Test func exponentialOfRandomNumbers() {
        var stream = RandomStream(RandomKey(seed: 2, purpose: .test))
        var worst: (distance: UInt64, at: Double) = (0, 0)
        func check(_ x: Double) {
            let distance = Self.distance(ck_exp(x), exp(x))
            if distance > worst.distance { worst = (distance, x) }
        }
        for _ in 0..<200_000 {
            check((stream.uniformDouble() - 0.5) * 1418)
            check((stream.uniformDouble() - 0.5) * 2)
            check((stream.uniformDouble() - 0.5) * 0x1p-30)
            check(-708 - stream.uniformDouble() * 38)
        }
        #expect(worst.distance <= 2, "exp(\(worst.at))")
    }

    @Test func exponentialAtTheEdges() {
        #expect(ck_exp(0) == 1)
        #expect(ck_exp(-0.0) == 1)
        #expect(ck_exp(-.infinity) == 0)
        #expect(ck_exp(-746) == 0)
        #expect(ck_exp(-1e300) == 0)
        #expect(ck_exp(.infinity) == .infinity)
        #expect(ck_exp(709.79) == .infinity)
        #expect(ck_exp(1e300) == .infinity)
        let edges: [Double] = [
            709.782712893384, 709.782712893384.nextDown, 709, -708.4, -708.3964185322641, -709, -744.44,
            -745.1,
            -745.13, 1, -1, 0x1p-1074, -0x1p-1074, 0.34657359027997264, 0.3465735902799727, 0x1p-54, -0x1p-54,
        ]
        for x in edges { #expect(Self.distance(ck_exp(x), exp(x)) <= 2, "exp(\(x))") }
    }

    @Test func cosine() {
        var stream = RandomStream(RandomKey(seed: 12, purpose: .test))
        for x in [0, Double.pi / 2, Double.pi] + (0..<100_000).map({ _ in stream.uniformDouble() * .pi }) {
            #expect(abs(ck_cos(x) - cos(x)) <= 0x1p-51, "\(x)")
        }
        #expect(ck_cos(0) == 1 && ck_cos(.pi) == -1)
    }
}

import TensorMath
import Testing

@Suite struct MatrixProductTests {
    struct Shape: Sendable, CustomTestStringConvertible {
        var m, n, k: Int
        var testDescription: String { "\(m)x\(n)x\(k)" }
    }

    static func random(_ count: Int, _ stream: inout RandomStream) -> FloatView {
        let view = FloatBuffer(count: count).view
        for i in 0..<count { view[i] = 2 * stream.uniform() - 1 }
        return view
    }

    /// Against the definition, in double, with row strides beyond the columns and all transpositions.
    @Test(
        arguments: [
            Shape(m: 1, n: 1, k: 1), Shape(m: 3, n: 5, k: 7), Shape(m: 17, n: 33, k: 29),
            Shape(m: 64, n: 10, k: 100),
            Shape(m: 1, n: 40, k: 3), Shape(m: 40, n: 1, k: 300),
        ], [false, true])
    func agreesWithTheDefinition(shape: Shape, padded: Bool) {
        var stream = RandomStream(RandomKey(seed: 1, purpose: .test))
        let (m, n, k) = (shape.m, shape.n, shape.k)
        let extra = padded ? 3 : 0
        for (transposeA, transposeB) in [(false, false), (false, true), (true, false), (true, true)] {
            for (alpha, beta) in [(Float(1), Float(0)), (0.5, 1), (-2, 0.25)] {
                let lda = (transposeA ? m : k) + extra
                let ldb = (transposeB ? k : n) + extra
                let ldc = n + extra
                let a = Self.random((transposeA ? k : m) * lda, &stream)
                let b = Self.random((transposeB ? n : k) * ldb, &stream)
                let c = Self.random(m * ldc, &stream)
                let before = c.array
                gemm(
                    transposeA, transposeB, m: m, n: n, k: k, alpha: alpha, a: a, lda: lda, b: b, ldb: ldb,
                    beta: beta, c: c, ldc: ldc)
                var worst = 0.0
                for i in 0..<m {
                    for j in 0..<n {
                        var sum = 0.0
                        for l in 0..<k {
                            let left = transposeA ? a[l * lda + i] : a[i * lda + l]
                            let right = transposeB ? b[j * ldb + l] : b[l * ldb + j]
                            sum += Double(left) * Double(right)
                        }
                        let due = Double(alpha) * sum + Double(beta) * Double(before[i * ldc + j])
                        worst = max(worst, abs(due - Double(c[i * ldc + j])))
                    }
                    for j in n..<ldc { #expect(c[i * ldc + j] == before[i * ldc + j], "padding was written") }
                }
                #expect(worst < 3e-7 * Double(k + 4), "\(transposeA) \(transposeB) \(alpha) \(beta)")
            }
        }
    }

    /// beta = 0 overwrites; what stood there, even NaN, does not matter.
    @Test func betaZeroForgets() {
        let ones = FloatBuffer(count: 4).view
        ones.fill(1)
        let c = FloatBuffer(count: 4).view
        c.fill(.nan)
        gemm(
            false, false, m: 2, n: 2, k: 2, alpha: 1, a: ones, lda: 2, b: ones, ldb: 2, beta: 0, c: c, ldc: 2)
        #expect(c.array == [2, 2, 2, 2])
    }

    /// The last row may end with its last column: a stride is not a size.
    @Test func lastRowNeedsNoPadding() {
        let a = FloatBuffer(count: 5).view
        a.copy(from: [1, 2, 9, 3, 4])
        let identity = FloatBuffer(count: 4).view
        identity.copy(from: [1, 0, 0, 1])
        let c = FloatBuffer(count: 4).view
        gemm(
            false, false, m: 2, n: 2, k: 2, alpha: 1, a: a, lda: 3, b: identity, ldb: 2, beta: 0, c: c, ldc: 2
        )
        #expect(c.array == [1, 2, 3, 4])
    }
}

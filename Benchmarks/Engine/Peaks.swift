import TensorMath

/// What one core can do at most.
struct Peaks: Encodable {
    let kernels: String
    /// Floating point operations a second (an addition and a product are two) of sgemm: of 1024 x 1024 by 1024 x
    /// 1024, and of 64 x 800 by 800 x 196, which is a convolution of `cnn` as a matrix product.
    let sgemm: Double
    let sgemmConvolution: Double
    /// Bytes a second of a[i] = b[i] + 3 c[i] (McCalpin's STREAM, which counts three arrays): over arrays of 64 MiB,
    /// which no cache holds, and of 2 MiB, which is what layers work on.
    let triad: Double
    let triadCache: Double

    static func measured() -> Peaks {
        Peaks(
            kernels: KernelFamily.active.rawValue, sgemm: product(m: 1024, n: 1024, k: 1024),
            sgemmConvolution: product(m: 64, n: 196, k: 800), triad: triad(count: 16 << 20),
            triadCache: triad(count: 512 << 10))
    }

    private static func product(m: Int, n: Int, k: Int) -> Double {
        let (a, b) = (FloatBuffer(count: m * k).view, FloatBuffer(count: k * n).view)
        let c = FloatBuffer(count: m * n).view
        a.fill(0.5)
        b.fill(0.5)
        let seconds = medianSeconds(over: 1) {
            gemm(false, false, m: m, n: n, k: k, alpha: 1, a: a, lda: k, b: b, ldb: n, beta: 0, c: c, ldc: n)
        }
        return 2 * Double(m * n * k) / seconds
    }

    private static func triad(count: Int) -> Double {
        let (a, b, c) = (FloatBuffer(count: count), FloatBuffer(count: count), FloatBuffer(count: count))
        for array in [b, c] { array.view.fill(1) }
        let seconds = medianSeconds(over: 1) {
            let (to, x, y) = (a.view.pointer, b.view.pointer, c.view.pointer)
            for i in 0..<count { to[i] = x[i] + 3 * y[i] }
        }
        return withExtendedLifetime((a, b, c)) { 3 * 4 * Double(count) / seconds }
    }
}

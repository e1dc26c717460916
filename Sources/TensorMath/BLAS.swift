import CBLAS

/// c = alpha * op(a) * op(b) + beta * c, all row-major: op(a) [m, k], op(b) [k, n], c [m, n].
///
/// `lda`, `ldb`, `ldc` are the row strides of the matrices as stored (before `transposeA`, `transposeB`).
@inline(__always)
public func gemm(
    _ transposeA: Bool, _ transposeB: Bool, m: Int, n: Int, k: Int, alpha: Float, a: FloatView, lda: Int,
    b: FloatView, ldb: Int, beta: Float, c: FloatView, ldc: Int
) {
    precondition(m >= 0 && n >= 0 && k >= 0)
    precondition(a.count >= extent(transposeA ? k : m, transposeA ? m : k, lda), "a is too small")
    precondition(b.count >= extent(transposeB ? n : k, transposeB ? k : n, ldb), "b is too small")
    precondition(c.count >= extent(m, n, ldc), "c is too small")
    cblas_sgemm(
        CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
        Int32(m), Int32(n), Int32(k), alpha, a.pointer, Int32(lda), b.pointer, Int32(ldb), beta, c.pointer,
        Int32(ldc))
}

/// Values that a matrix of `rows` rows, `columns` used columns and row stride `stride` spans.
@usableFromInline
func extent(_ rows: Int, _ columns: Int, _ stride: Int) -> Int {
    precondition(stride >= columns, "row stride \(stride) below \(columns) columns")
    return rows == 0 ? 0 : (rows - 1) * stride + columns
}

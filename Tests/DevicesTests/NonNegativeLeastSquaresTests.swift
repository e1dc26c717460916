import Devices
import Testing

@Suite struct NonNegativeLeastSquaresTests {
    /// Two unknowns, solved by hand: the normal equations [2 1; 1 2] x = [4; 5] give x = (1, 2).
    @Test func insideTheBounds() {
        let x = nonNegativeLeastSquares([[1, 0], [0, 1], [1, 1]], [1, 2, 3])
        #expect(abs(x[0] - 1) < 1e-12 && abs(x[1] - 2) < 1e-12)
    }

    /// Free least squares give (2, -1); with x[1] = 0 the best x[0] is 3 / 2.
    @Test func atABound() {
        let x = nonNegativeLeastSquares([[1, 0], [1, 1]], [2, 1])
        #expect(abs(x[0] - 1.5) < 1e-12 && x[1] == 0)
    }

    @Test func allAtTheirBounds() {
        #expect(nonNegativeLeastSquares([[1, 2], [3, 1]], [-1, -1]) == [0, 0])
    }

    /// 3, 5, 7 is 2 a step and 1 at the start, in columns of 10^9 and 10^-3.
    @Test func columnsOfDifferentSizes() {
        let x = nonNegativeLeastSquares([[1e9, 1e-3], [2e9, 1e-3], [3e9, 1e-3]], [3, 5, 7])
        #expect(abs(x[0] - 2e-9) < 1e-18 && abs(x[1] - 1000) < 1e-6)
    }

    /// Columns that are copies, sums of others or zero get nothing that others have, and no division by zero.
    @Test func dependentColumns() {
        let rows = [[1.0, 2, 0, 3], [2, 4, 0, 6], [1, 2, 0, 3]]
        let x = nonNegativeLeastSquares(rows, [6, 12, 6])
        for (row, value) in zip(rows, [6.0, 12, 6]) {
            #expect(abs(zip(row, x).reduce(0) { $0 + $1.0 * $1.1 } - value) < 1e-9)
        }
        #expect(x[2] == 0 && x.allSatisfy { $0 >= 0 })
    }

    /// At the optimum the gradient is zero along what is above zero, and points out of bounds elsewhere
    /// (Karush, Kuhn and Tucker), whatever the matrix.
    @Test(arguments: 1...40) func optimality(seed: Int) {
        var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15
        func next() -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 11) * 0x1p-53 - 0.4
        }
        let (count, columns) = (12, 2 + seed % 7)
        let rows = (0..<count).map { _ in (0..<columns).map { _ in next() } }
        let values = (0..<count).map { _ in next() }
        let x = nonNegativeLeastSquares(rows, values)
        let residuals = zip(rows, values).map { row, value in
            value - zip(row, x).reduce(0) { $0 + $1.0 * $1.1 }
        }
        for column in 0..<columns {
            let gradient = zip(rows, residuals).reduce(0) { $0 + $1.0[column] * $1.1 }
            #expect(x[column] >= 0)
            #expect(
                x[column] > 0 ? abs(gradient) < 1e-9 : gradient < 1e-9, "\(column): \(x[column]), \(gradient)"
            )
        }
    }
}

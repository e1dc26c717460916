import TensorMath

/// Values as codes of 1 to 8 bits, by a scale and a zero point that all of them share and that follow from their range.
///
/// Dynamic-range quantisation after training, as BottleFit's authors do it (torchdistill 0.3.2, `quantize_tensor`; the
/// scheme of Jacob et al., CVPR 2018), in Float32 and in this order, with n = 2^bits - 1 and ties rounded to even:
///
///     s = (max - min) / n    z = trunc(clip(-min / s, 0, n))    q = round(clip(z + x / s, 0, n))    x^ = s (q - z)
///
/// What comes back is within s / 2 of x, but within s next to min, since z is cut and not rounded. That holds where the
/// range includes 0. Where all values are above 0, z is 0, and those above max - min come back as max - min: the error
/// is up to min and s / 2. Where all are below 0, those below min - max come back as that, off by up to |max|.
///
/// The one deviation: where s is 0 the original has no answer. There s is |min|, or 1 if that is 0, and z is 1 for a
/// negative min: a value that all share comes back exactly (-0 as 0), and values that differ by less than n / 2 of the
/// least subnormal number come back as near as that.
struct AffineQuantizer: Sendable, Equatable {
    /// Of a code: 1 to 8.
    let bits: Int
    /// Above 0 and finite.
    let scale: Float
    /// The code of 0: at most n.
    let zeroPoint: UInt32

    /// For values that are all finite; nil where the range is too great for Float32.
    init?(bits: Int, rangeOf values: FloatView) {
        precondition((1...8).contains(bits) && values.count > 0, "\(values.count) values of \(bits) bits")
        let (least, greatest) = values.withSpan { range(of: $0) }
        let n = Float(1 << bits - 1)
        let scale = (greatest - least) / n
        guard (scale * n).isFinite else { return nil }
        self.bits = bits
        if scale > 0 {
            self.scale = scale
            zeroPoint = UInt32(min(max(-least / scale, 0), n))
        } else {
            self.scale = least == 0 ? 1 : abs(least)
            zeroPoint = least < 0 ? 1 : 0
        }
    }

    /// Of a sender; nil for what none can have.
    init?(bits: Int, scale: Float, zeroPoint: UInt32) {
        guard scale > 0, scale.isFinite, zeroPoint < 1 << UInt32(bits) else { return nil }
        self.bits = bits
        self.scale = scale
        self.zeroPoint = zeroPoint
    }

    /// One for each value, at most n.
    func codes(of values: FloatView) -> [UInt8] {
        let (scale, zero, n) = (scale, Float(zeroPoint), Float(1 << bits - 1))
        return values.withSpan { values in
            [UInt8](unsafeUninitializedCapacity: values.count) { codes, filled in
                for i in values.indices {
                    let place = zero + values[i] / scale
                    let positive = place > 0 ? place : 0
                    // Numbers from 2^23 on are whole: the sum rounds, and its low bits are the code.
                    let rounded = (positive < n ? positive : n) + 0x1p23
                    codes[i] = UInt8(truncatingIfNeeded: rounded.bitPattern)
                }
                filled = values.count
            }
        }
    }

    /// What codes stand for; infinite where no sender with this scale had such a code.
    func decode(_ codes: [UInt8], into values: FloatView) {
        precondition(codes.count == values.count, "\(codes.count) codes of \(values.count)")
        let (scale, zero) = (scale, Int32(zeroPoint))
        values.withMutableSpan { values in
            for i in values.indices { values[i] = scale * Float(Int32(codes[i]) &- zero) }
        }
    }
}

/// The least and the greatest of finite values, in eight lanes.
private func range(of values: Span<Float>) -> (least: Float, greatest: Float) {
    var least = SIMD8(repeating: values[0])
    var greatest = least
    let whole = values.count / 8 * 8
    for first in stride(from: 0, to: whole, by: 8) {
        var eight = SIMD8<Float>()
        for lane in 0..<8 { eight[lane] = values[first + lane] }
        least.replace(with: eight, where: eight .< least)
        greatest.replace(with: eight, where: eight .> greatest)
    }
    for i in whole..<values.count {
        least[0] = min(least[0], values[i])
        greatest[0] = max(greatest[0], values[i])
    }
    return (least.min(), greatest.max())
}

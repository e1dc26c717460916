import CKernels
import TensorMath

// How kept values become codes and back: integer and single IEEE operations in a fixed order, the same bits anywhere.

/// QSGD's levels of `values`, plus `levels`, and the greatest magnitude of each bucket.
///
/// |x| / scale x levels is cut to 24 fraction bits, and the upper 24 bits of a random word are added before these are
/// dropped, so that the mean is the value but for 2^-24 of a level. No words: to the nearest level, ties away from 0.
func quantize(
    _ values: Span<Float>, bucket: Int, levels: Int, words: [UInt32]
) -> (codes: [UInt8], scales: [Float]) {
    precondition(words.isEmpty || words.count == values.count)
    var codes = [UInt8](repeating: 0, count: values.count)
    var scales: [Float] = []
    for first in stride(from: 0, to: values.count, by: bucket) {
        let end = min(first + bucket, values.count)
        let scale = values.extracting(first..<end).withUnsafeBufferPointer {
            ck_max_magnitude($0.baseAddress, $0.count)
        }
        scales.append(scale)
        let divisor = scale == 0 ? 1 : scale
        for i in first..<end {
            let level = Int32(abs(values[i]) / divisor * Float(levels) * 0x1p24)
            let fraction = words.isEmpty ? 1 << 23 : Int32(truncatingIfNeeded: words[i] >> 8)
            let rounded = (level &+ fraction) >> 24
            codes[i] = UInt8(truncatingIfNeeded: Int32(levels) &+ (values[i] < 0 ? -rounded : rounded))
        }
    }
    return (codes, scales)
}

/// The values of codes that are at most 2 `levels`: level / levels x scale, so that no value exceeds its scale.
func dequantize(
    _ codes: [UInt8], scales: [Float], bucket: Int, levels: Int, into values: inout MutableSpan<Float>
) {
    precondition(codes.count == values.count)
    for (number, first) in stride(from: 0, to: codes.count, by: bucket).enumerated() {
        let scale = scales[number]
        for i in first..<min(first + bucket, codes.count) {
            values[i] = Float(Int32(codes[i]) &- Int32(levels)) / Float(levels) * scale
        }
    }
}

/// A bit for each value, 1 for negative ones, and the mean magnitude, summed in double from the first to the last.
func signs(of values: Span<Float>) -> (codes: [UInt8], scale: Float) {
    var codes = [UInt8](repeating: 0, count: values.count)
    var sum = 0.0
    for i in values.indices {
        sum += Double(abs(values[i]))
        codes[i] = values[i] < 0 ? 1 : 0
    }
    return (codes, Float(sum / Double(values.count)))
}

/// IEEE 754 binary16 of a finite value: to the nearest, ties to even; beyond 65504 saturated, since an update must
/// stay finite.
func binary16(of value: Float) -> UInt16 {
    let sign = UInt16(truncatingIfNeeded: value.bitPattern >> 16) & 0x8000
    let magnitude = min(value.bitPattern & 0x7fff_ffff, (65504 as Float).bitPattern)
    // Below 2^-14 the last place is worth 2^-24, as it is of float32 numbers from 0.5 to 1: their sum rounds.
    let subnormal = (Float(bitPattern: magnitude) + 0.5).bitPattern &- (0.5 as Float).bitPattern
    let normal = (magnitude &- 0x3800_0000 &+ 0xfff &+ (magnitude >> 13 & 1)) >> 13
    return sign | UInt16(truncatingIfNeeded: magnitude < (0x1p-14 as Float).bitPattern ? subnormal : normal)
}

/// The value of a finite binary16, exactly.
func value(ofBinary16 half: UInt16) -> Float {
    let magnitude = Float(bitPattern: UInt32(half & 0x7fff) << 13) * 0x1p112
    return Float(bitPattern: magnitude.bitPattern | UInt32(half & 0x8000) << 16)
}

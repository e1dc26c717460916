/// Samples while they are read from text: bytes as long as every value is a multiple of 1/255, Float32 from the first
/// other value on. What a batch gets from them is the same.
struct GatheredSamples {
    var labels: [UInt8] = []
    private var pixels: [UInt8] = []
    private var values: [Float] = []
    private var arePixels = true

    /// Number of values so far.
    var valueCount: Int { pixels.count + values.count }

    mutating func append(_ value: Double) {
        if arePixels {
            if let byte = Self.byte(value) {
                pixels.append(byte)
                return
            }
            arePixels = false
            values = pixels.map { Float($0) / 255 }
            pixels = []
        }
        values.append(Float(value))
    }

    /// - Precondition: there are as many values as the labels need.
    func split(shape: SampleShape, classes: Int) -> Split {
        arePixels
            ? Split(shape: shape, classes: classes, labels: labels, pixels: pixels)
            : Split(shape: shape, classes: classes, labels: labels, values: values)
    }

    /// The byte that stands for `value`, if there is one.
    private static func byte(_ value: Double) -> UInt8? {
        guard value >= 0, value <= 1 else { return nil }
        let byte = (value * 255).rounded()
        return Float(value) == Float(byte) / 255 ? UInt8(byte) : nil
    }
}

extension [LayerSpec] {
    /// A convolution without bias that keeps the size at stride 1, then batch norm.
    static func convNorm(
        _ channels: Int, kernel: Int, stride: Int = 1, groups: Int = 1, norm: LayerSpec = .batchNorm()
    ) -> [LayerSpec] {
        [
            .conv(
                channels: channels, kernel: kernel, stride: stride, padding: .same, groups: groups,
                bias: false),
            norm,
        ]
    }

    /// The same, then relu.
    static func convNormRelu(
        _ channels: Int, kernel: Int, stride: Int = 1, groups: Int = 1, norm: LayerSpec = .batchNorm()
    ) -> [LayerSpec] {
        convNorm(channels, kernel: kernel, stride: stride, groups: groups, norm: norm) + [.relu]
    }

    /// Batch norm and relu, then a convolution without bias that keeps the size at stride 1.
    static func normReluConv(_ channels: Int, kernel: Int) -> [LayerSpec] {
        [.batchNorm(), .relu, .conv(channels: channels, kernel: kernel, padding: .same, bias: false)]
    }
}

/// `channels` times `multiplier` as MobileNet V2 and MnasNet round it: to a multiple of 8, at least 8, and up
/// when rounding to the nearest loses more than a tenth.
func roundedToEight(_ channels: Int, times multiplier: Double) -> Int {
    let exact = Double(channels) * multiplier
    let nearest = max(8, Int(exact + 4) / 8 * 8)
    return Double(nearest) < 0.9 * exact ? nearest + 8 : nearest
}

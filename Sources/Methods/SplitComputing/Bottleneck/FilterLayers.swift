import Networks

/// The classifier of a neural filter on what an encoder's stem gives (Matsubara et al. 2021, Neural Compression and
/// Filtering for Edge-assisted Real-time Object Detection, and its authors' code): a mean to 64 x 64 planes, convolutions
/// 4 x 4 / 2 to W, 3 x 3 / 2 to W/2 and 2 x 2 to W/4 channels, each with norm and relu, a mean to 8 x 8 and a dense layer
/// to two classes, not worth and worth sending. No convolution has a padding.
///
/// There W is 64, as the stem has; here it is the stem's, and not below 8. Planes that are smaller than the means are left
/// as they are. For a stem that keeps the image's sides the first mean is to 16 x 16, as everything there is four times
/// finer.
enum FilterLayers {
    static func classifier(behind stem: Shape, halves: Bool) -> [LayerSpec] {
        let width = max(8, stem.channels)
        let first = min(halves ? 64 : 16, stem.height)
        func conv(_ channels: Int, kernel: Int, stride: Int) -> [LayerSpec] {
            [.conv(channels: channels, kernel: kernel, stride: stride, bias: false), .batchNorm(), .relu]
        }
        // Sides behind the three convolutions.
        let last = (((first - 4) / 2 + 1) - 3) / 2
        return (first < stem.height ? [.adaptiveAveragePool(side: first)] : [])
            + conv(width, kernel: 4, stride: 2) + conv(width / 2, kernel: 3, stride: 2)
            + conv(width / 4, kernel: 2, stride: 1) + (last > 8 ? [.adaptiveAveragePool(side: 8)] : [])
            + [.flatten, .dense(units: 2)]
    }
}

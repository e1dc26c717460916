import Networks

/// What stands in the place of a teacher's first layers: a head for the device that ends in few channels, and a decoder
/// for the server (Matsubara et al. 2022, BottleFit, and its authors' code). No convolution has a bias; the encoder
/// ends in one, and norm and relu of the code's C channels open the decoder. Where a row has several convolutions, norm
/// and relu stand between them. Kernels are 2 x 2 of stride 1 where nothing else is said, p is a padding of 1; T are
/// the target's channels.
///
/// | version | encoder | code's side for images of side S |
/// | --- | --- | --- |
/// | 1 | 7 x 7 / 2 to C, norm, relu, maximum 3 x 3 / 2 | S/4 |
/// | 2 | 7 x 7 / 2 to W, norm, relu, maximum 3 x 3 / 2, norm, relu, conv / 2 p to C | S/8 + 1 |
/// | 3 | as 2 with conv / 2 p to V, norm, relu, conv / 2 p to C in its last place | (S/8 + 1) / 2 + 1 |
///
/// | version | decoder |
/// | --- | --- |
/// | 1 | conv / 2 p to W, then as 2 |
/// | 2 | conv p to M, conv p to M, conv to T, conv to T, mean 2 x 2 / 1 |
/// | 3 | transposed conv / 2 to M, then as 2 from its second convolution on |
///
/// For the transition of a DenseNet three convolutions to T and a mean 2 x 2 / 2 end the decoder. The authors'
/// networks, ResNet-152 and DenseNets, have W = 64 and V = M = 512. Smaller teachers get less: W is twice the stem's
/// channels, at most 64, V eight times W, at most 512, and M twice T, at least 64 and at most 512. Versions 1 and 3 are
/// the authors' for ResNet-152, and here for all.
///
/// For a stem that keeps the image's sides, which the authors have none of, everything is four times finer: the
/// encoder's first convolution is 3 x 3 of stride 1 without the pool and the norm behind it, which gives codes of side
/// S/2 + 1 in version 2 and (S/2 + 1) / 2 + 1 in version 3, and V is 2 W. Version 1 keeps a maximum of 2 x 2 / 2, since
/// at the side S three channels would be as many values as the image; its code has the side S/2, and the first
/// convolution of its decoder stride 1.
struct BottleneckLayers {
    let encoder: [LayerSpec]
    let decoder: [LayerSpec]

    /// An encoder's layers before its second convolution.
    static func stem(_ encoder: [LayerSpec]) -> [LayerSpec] {
        func isConvolution(_ layer: LayerSpec) -> Bool {
            if case .conv = layer { true } else { false }
        }
        return Array(encoder.prefix(1)) + encoder.dropFirst().prefix { !isConvolution($0) }
    }

    init(at point: SplitPoint, version: Int, channels: Int) {
        precondition((1...3).contains(version), "version \(version) of 1 to 3")
        precondition(channels > 0, "a code of \(channels) channels")
        let halves = point.stemHalves
        let width = min(64, 2 * point.stemChannels)
        let reduced = halves ? min(512, 8 * width) : 2 * width
        let middle = max(64, min(512, 2 * point.shape.channels))
        let normRelu: [LayerSpec] = [.batchNorm(), .relu]
        func conv(_ channels: Int, stride: Int = 1, padding: Int = 0) -> LayerSpec {
            .conv(channels: channels, kernel: 2, stride: stride, padding: .explicit(padding), bias: false)
        }
        func stem(_ channels: Int) -> [LayerSpec] {
            [
                .conv(
                    channels: channels, kernel: halves ? 7 : 3, stride: halves ? 2 : 1, padding: .same,
                    bias: false)
            ] + normRelu + (halves ? [.maxPool(kernel: 3, stride: 2, padding: 1)] : [])
        }
        let behindStem = stem(width) + (halves ? normRelu : [])

        let opening: [LayerSpec]
        switch version {
        case 1:
            encoder = stem(channels) + (halves ? [] : [.maxPool(kernel: 2, stride: 2)])
            opening =
                [conv(width, stride: halves ? 2 : 1, padding: 1)] + normRelu + [conv(middle, padding: 1)]
        case 2:
            encoder = behindStem + [conv(channels, stride: 2, padding: 1)]
            opening = [conv(middle, padding: 1)]
        default:
            encoder =
                behindStem + [conv(reduced, stride: 2, padding: 1)] + normRelu + [
                    conv(channels, stride: 2, padding: 1)
                ]
            opening = [.transposedConv(channels: middle, kernel: 2, stride: 2, bias: false)]
        }
        var layers = normRelu + opening + normRelu + [conv(middle, padding: 1)]
        for _ in 0..<(point.isTransition ? 3 : 2) { layers += normRelu + [conv(point.shape.channels)] }
        decoder = layers + [.averagePool(kernel: 2, stride: point.isTransition ? 2 : 1)]
    }
}

import Networks

/// An autoencoder at the target itself, behind the teacher's own layers: the baseline of Matsubara et al. 2020, Head
/// Network Distillation, whose convolutions are 2 x 2 without padding, of stride 1 and with fewer channels from one to
/// the next. Here, so that codes can have the grid of a bottleneck's: T channels become T/2, T/4 and B by 2 x 2
/// convolutions without bias, the first and the last with a padding of 1, the last with stride 2 in version 3; and
/// transposed convolutions of the same sides lead back, T/4, T/2 and T. Norm and relu stand between all of them, also
/// between the code and the decoder, where they are the server's.
///
/// For a target of side h the code has the side h + 1, in version 3 h/2 + 1.
struct AutoencoderLayers {
    let encoder: [LayerSpec]
    let decoder: [LayerSpec]

    /// B is at least 1, and such that the code has as nearly as possible `codeValues` values.
    init(at point: SplitPoint, version: Int, codeValues: Int) {
        precondition((1...3).contains(version), "version \(version) of 1 to 3")
        precondition(codeValues > 0, "a code of \(codeValues) values")
        let target = point.shape
        let stride = version == 3 ? 2 : 1
        let area = (target.height / stride + 1) * (target.width / stride + 1)
        let channels = max(1, (codeValues + area / 2) / area)
        let (half, quarter) = (max(1, target.channels / 2), max(1, target.channels / 4))
        let normRelu: [LayerSpec] = [.batchNorm(), .relu]
        func conv(_ channels: Int, stride: Int = 1, padding: Int) -> LayerSpec {
            .conv(channels: channels, kernel: 2, stride: stride, padding: .explicit(padding), bias: false)
        }
        func transposed(_ channels: Int, stride: Int = 1, padding: Int, rest: Int = 0) -> LayerSpec {
            .transposedConv(
                channels: channels, kernel: 2, stride: stride, padding: padding, outputPadding: rest,
                bias: false)
        }
        encoder =
            [conv(half, padding: 1)] + normRelu + [conv(quarter, padding: 0)] + normRelu
            + [conv(channels, stride: stride, padding: 1)]
        decoder =
            normRelu + [transposed(quarter, stride: stride, padding: 1, rest: target.height % stride)]
            + normRelu + [transposed(half, padding: 0)] + normRelu
            + [transposed(target.channels, padding: 1)]
    }
}

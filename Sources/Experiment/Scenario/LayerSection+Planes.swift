import Networks

/// Convolutions, pools and what moves channels.
extension LayerSection {
    private var channels: Codec<Int> { .outputs(1...16_384, classes: classes) }
    private var window: Codec<Int> { .integer(1...31) }
    /// The engine keeps places within a window of a pool as bytes.
    private var poolWindow: Codec<Int> { .integer(1...16) }

    func convolution(_ section: Section, _ layer: LayerSpec?) -> LayerSpec {
        var (channels, kernel, stride, padding) = (1, 0, 1, LayerSpec.Padding.valid)
        var (groups, bias) = (1, true)
        if case .conv(let c, let k, let s, let p, let g, let b) = layer {
            (channels, kernel, stride, padding, groups, bias) = (c, k, s, p, g, b)
        }
        section.section("conv", required: true, "A convolution with square kernels.") { section in
            visitWindow(section, &channels, &kernel, &stride, &padding)
            section.field(
                "groups", &groups, .integer(1...16_384), .value(1), unit: "groups",
                "Shares of the planes; a kernel sees those of one share.")
            visitBias(section, &bias)
        }
        return .conv(
            channels: channels, kernel: kernel, stride: stride, padding: padding, groups: groups, bias: bias)
    }

    /// Read only: a convolution is written as `conv`.
    func depthwise(_ section: Section) -> LayerSpec {
        var (channels, kernel, stride, padding, bias) = (1, 0, 1, LayerSpec.Padding.valid, true)
        section.section(
            "depthwise", required: true,
            "Short for a `conv` with as many groups as channels: each plane has a kernel of its own."
        ) { section in
            visitWindow(section, &channels, &kernel, &stride, &padding)
            visitBias(section, &bias)
        }
        return .conv(
            channels: channels, kernel: kernel, stride: stride, padding: padding, groups: channels, bias: bias
        )
    }

    /// Read only: a convolution is written as `conv`. `{pointwise: 64}` is short for the channels.
    func pointwise(_ section: Section) -> LayerSpec {
        var (count, stride, bias) = (1, 1, true)
        if section.isScalar("pointwise") {
            section.field("pointwise", &count, channels, .required, "")
        } else {
            section.section(
                "pointwise", required: true,
                "Short for a `conv` with kernels of 1 x 1; a number stands for its channels."
            ) { section in
                visitChannels(section, &count)
                visitStride(section, &stride)
                visitBias(section, &bias)
            }
        }
        return .conv(channels: count, kernel: 1, stride: stride, bias: bias)
    }

    func transposedConvolution(_ section: Section, _ layer: LayerSpec?) -> LayerSpec {
        var (channels, kernel, stride, padding, extra, bias) = (1, 1, 1, 0, 0, true)
        if case .transposedConv(let c, let k, let s, let p, let e, let b) = layer {
            (channels, kernel, stride, padding, extra, bias) = (c, k, s, p, e, b)
        }
        section.section(
            "transposed_conv", required: true,
            "The gradient of a convolution as a layer, which gives planes of"
                + " (side - 1) * stride - 2 * padding + kernel + output_padding."
        ) { section in
            visitChannels(section, &channels)
            visitKernel(section, &kernel)
            visitStride(section, &stride)
            section.field(
                "padding", &padding, .integer(0...30), .value(0), unit: "values",
                "Taken away from each side of what the kernels give.")
            section.field(
                "output_padding", &extra, .integer(0...30), .value(0), unit: "values",
                "Added to the height and width; below the stride.")
            visitBias(section, &bias)
        }
        return .transposedConv(
            channels: channels, kernel: kernel, stride: stride, padding: padding, outputPadding: extra,
            bias: bias)
    }

    func maxPool(_ section: Section, _ layer: LayerSpec?) -> LayerSpec {
        var (kernel, stride, padding, ceiling) = (0, 1, 0, false)
        if case .maxPool(let k, let s, let p, let c) = layer {
            (kernel, stride, padding, ceiling) = (k, s, p, c)
        }
        visitPool(
            section, "max_pool", &kernel, &stride, &padding,
            "The largest of each window; a number stands for kernel and stride."
        ) { section in
            section.field(
                "ceiling", &ceiling, .flag, .value(false),
                "Whether windows that lap over the end count, too.")
        }
        return .maxPool(kernel: kernel, stride: stride, padding: padding, ceiling: ceiling)
    }

    func averagePool(_ section: Section, _ layer: LayerSpec?) -> LayerSpec {
        var (kernel, stride, padding) = (0, 1, 0)
        if case .averagePool(let k, let s, let p) = layer { (kernel, stride, padding) = (k, s, p) }
        visitPool(
            section, "average_pool", &kernel, &stride, &padding,
            "The mean of each window, padding left out; a number stands for kernel and stride."
        ) { _ in }
        return .averagePool(kernel: kernel, stride: stride, padding: padding)
    }

    func adaptiveAveragePool(_ section: Section, _ layer: LayerSpec?) -> LayerSpec {
        var side = 1
        if case .adaptiveAveragePool(let it) = layer { side = it }
        section.field(
            "adaptive_average_pool", &side, .integer(1...256), .required, unit: "values",
            "Height and width that planes get, by means of windows that share them out evenly.")
        return .adaptiveAveragePool(side: side)
    }

    func slice(_ section: Section, _ layer: LayerSpec?) -> LayerSpec {
        var (first, count) = (0, 1)
        if case .slice(let it) = layer { (first, count) = (it.lowerBound, it.count) }
        section.section("slice", required: true, "Some of the planes.") { section in
            section.field(
                "first", &first, .integer(0...1_000_000), .value(0), unit: "planes",
                "Planes before those that are kept.")
            section.field(
                "count", &count, .integer(1...1_000_000), .required, unit: "planes", "Planes that are kept.")
        }
        return .slice(channels: first..<(first + count))
    }

    func padChannels(_ section: Section, _ layer: LayerSpec?) -> LayerSpec {
        var (before, after) = (0, 0)
        if case .padChannels(let b, let a) = layer { (before, after) = (b, a) }
        section.section("pad_channels", required: true, "Planes of zeros around those that there are.") {
            section in
            section.field(
                "before", &before, .integer(0...16_384), .value(0), unit: "planes", "Planes before the first."
            )
            section.field(
                "after", &after, .integer(0...16_384), .value(0), unit: "planes", "Planes after the last.")
        }
        return .padChannels(before: before, after: after)
    }

    func shuffle(_ section: Section, _ layer: LayerSpec?) -> LayerSpec {
        var groups = 1
        if case .shuffle(let it) = layer { groups = it }
        section.field(
            "shuffle", &groups, .integer(1...16_384), .required, unit: "groups",
            "Deals the planes out anew, one of each group in turn (Zhang et al. 2018).")
        return .shuffle(groups: groups)
    }

    // MARK: Keys of several layers

    private func visitChannels(_ section: Section, _ count: inout Int) {
        section.field(
            "channels", &count, channels, .required, unit: "planes",
            "Planes that it gives; `classes` stands for the classes of the data set.")
    }

    private func visitKernel(_ section: Section, _ kernel: inout Int) {
        section.field(
            "kernel", &kernel, window, .required, unit: "values", "Height and width of a kernel.")
    }

    private func visitStride(_ section: Section, _ stride: inout Int) {
        section.field("stride", &stride, window, .value(1), unit: "values", "Step between windows.")
    }

    private func visitBias(_ section: Section, _ bias: inout Bool) {
        section.field(
            "bias", &bias, .flag, .value(true), "Whether a learned number is added to each plane.")
    }

    /// `kernel` is 0 until it is read.
    private func visitWindow(
        _ section: Section, _ channels: inout Int, _ kernel: inout Int, _ stride: inout Int,
        _ padding: inout LayerSpec.Padding
    ) {
        visitChannels(section, &channels)
        visitKernel(section, &kernel)
        visitStride(section, &stride)
        section.field(
            "padding", &padding, .padding, .value(.valid),
            "Zeros on each side: `valid` none, `same` (kernel - 1) / 2, or a number, at most half the kernel."
        )
        if case .explicit(let zeros) = padding { checkPadding(section, zeros, kernel: kernel) }
    }

    /// `{max_pool: 2}` is short for kernel and stride 2. `kernel` is 0 until it is read.
    private func visitPool(
        _ section: Section, _ key: String, _ kernel: inout Int, _ stride: inout Int, _ padding: inout Int,
        _ meaning: String, rest: (Section) -> Void
    ) {
        if section.isScalar(key) {
            section.field(key, &kernel, poolWindow, .required, "")
            stride = kernel
            return
        }
        section.section(key, required: true, meaning) { section in
            section.field(
                "kernel", &kernel, poolWindow, .required, unit: "values", "Height and width of a window.")
            section.field(
                "stride", &stride, poolWindow, .computed(kernel, "the kernel"), unit: "values",
                "Step between windows.")
            section.field(
                "padding", &padding, .integer(0...8), .value(0), unit: "values",
                "Places on each side that count for nothing, at most half the kernel.")
            checkPadding(section, padding, kernel: kernel)
            rest(section)
        }
    }

    private func checkPadding(_ section: Section, _ zeros: Int, kernel: Int) {
        guard walk.purpose == .read, kernel > 0, zeros > kernel / 2 else { return }
        walk.report(
            section.place(at: "padding"), section.path(of: "padding"), value: "\(zeros)",
            "is more than half the kernel", "give a whole number from 0 to \(kernel / 2)")
    }
}

extension Codec where Value == LayerSpec.Padding {
    fileprivate static var padding: Codec {
        let number = Codec<Int>.integer(0...15)
        return Codec(type: "same, valid or a \(number.type)") { (node) throws(Problem) in
            switch node.content {
            case .scalar("same", _): return .same
            case .scalar("valid", _): return .valid
            default:
                do throws(Codec<Int>.Problem) {
                    return .explicit(try number.read(node))
                } catch {
                    throw Problem(
                        message: error.message, remedy: "write same, valid or a number from 0 to 15")
                }
            }
        } write: {
            switch $0 {
            case .same: .plain("same")
            case .valid: .plain("valid")
            case .explicit(let zeros): .plain(String(zeros))
            }
        }
    }
}

import CTurboJPEG

/// Gray and colour images as baseline JPEG, by libjpeg-turbo: quantisation tables, Huffman codes and the exact integer
/// transform that Pillow and torchvision have by default, so that sizes can be compared with theirs.
///
/// Every call has a libjpeg of its own, at less than a microsecond: one that met a damaged file would go on inside it,
/// and files without tables would be read with those of the image before.
public struct JPEGCodec: Sendable, Equatable {
    /// How many pixels share one value of either colour difference. Gray images have none.
    public enum Subsampling: String, Sendable, CaseIterable {
        /// A square of 2 x 2: what Pillow and torchvision do at every quality unless told otherwise.
        case fourTwoZero = "4:2:0"
        /// None.
        case fourFourFour = "4:4:4"

        fileprivate var code: TJSAMP {
            switch self {
            case .fourTwoZero: TJSAMP_420
            case .fourFourFour: TJSAMP_444
            }
        }
    }

    /// Of colour images.
    public var subsampling: Subsampling

    public init(subsampling: Subsampling = .fourTwoZero) { self.subsampling = subsampling }

    /// Greatest height or width that libjpeg accepts.
    public static let maximumExtent = 65_500

    /// Whether images of this shape can be encoded: one channel (gray) or three (red, green, blue).
    public static func accepts(_ shape: SampleShape) -> Bool {
        [1, 3].contains(shape.channels) && max(shape.height, shape.width) <= maximumExtent
    }

    /// The JPEG file, with a JFIF header, of planar pixels [C, H, W].
    /// - Parameter quality: 1 to 100, on the scale of the Independent JPEG Group.
    /// - Precondition: `accepts(shape)`.
    public func encode(_ pixels: Span<UInt8>, shape: SampleShape, quality: Int) -> [UInt8] {
        precondition(JPEGCodec.accepts(shape), "no JPEG of \(shape)")
        precondition(pixels.count == shape.count, "\(pixels.count) pixels of \(shape)")
        precondition((1...100).contains(quality), "no quality of \(quality)")
        guard let compressor = tjInitCompress() else { preconditionFailure("libturbojpeg cannot start") }
        defer { tjDestroy(compressor) }
        let source = interleaved(pixels, shape)
        let sampling = Int32(bitPattern: (shape.channels == 1 ? TJSAMP_GRAY : subsampling.code).rawValue)
        var size = tjBufSize(Int32(shape.width), Int32(shape.height), sampling)
        return [UInt8](unsafeUninitializedCapacity: Int(size)) { target, count in
            var file = target.baseAddress
            let code = tjCompress2(
                compressor, source, Int32(shape.width), 0, Int32(shape.height), pixelFormat(shape),
                &file, &size, sampling, Int32(quality), TJFLAG_NOREALLOC | TJFLAG_ACCURATEDCT)
            precondition(code == 0, "libturbojpeg cannot encode \(shape): \(message(compressor))")
            count = Int(size)
        }
    }

    /// The planar pixels [C, H, W] of a JPEG file. Bytes behind the image's end are ignored, as by any decoder.
    /// - Parameter source: named in errors.
    /// - Throws: `DatasetError` for an image of another shape and for anything that libjpeg has an error or a warning
    ///   for; nothing is decoded before the shape is known to be right.
    public func decode(
        _ bytes: [UInt8], shape: SampleShape, source: String = "image"
    ) throws(DatasetError) -> [UInt8] {
        precondition(JPEGCodec.accepts(shape), "no JPEG of \(shape)")
        guard let decompressor = tjInitDecompress() else { preconditionFailure("libturbojpeg cannot start") }
        defer { tjDestroy(decompressor) }
        try checkHeader(bytes, shape, decompressor, source)
        var target = [UInt8](repeating: 0, count: shape.count)
        let code = tjDecompress2(
            decompressor, bytes, UInt(bytes.count), &target, Int32(shape.width), 0, Int32(shape.height),
            pixelFormat(shape), TJFLAG_ACCURATEDCT | TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS)
        guard code == 0 else { throw damage(message(decompressor), source) }
        return planar(target.span, shape)
    }

    private func checkHeader(
        _ bytes: [UInt8], _ shape: SampleShape, _ decompressor: tjhandle, _ source: String
    ) throws(DatasetError) {
        var (width, height, sampling, colours): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
        let code = tjDecompressHeader3(
            decompressor, bytes, UInt(bytes.count), &width, &height, &sampling, &colours)
        guard code == 0 else { throw damage(message(decompressor), source) }
        // Of a file that has tables and no image libjpeg leaves the size as it was.
        guard width > 0 else { throw damage("it ends before the image", source) }
        let channels =
            switch TJCS(rawValue: UInt32(bitPattern: colours)) {
            case TJCS_GRAY: 1
            case TJCS_YCbCr, TJCS_RGB: 3
            default: 4
            }
        guard (channels, Int(height), Int(width)) == (shape.channels, shape.height, shape.width) else {
            throw DatasetError(
                .wrongShape, source: source, found: "an image of \(channels)x\(height)x\(width)",
                expected: "\(shape)", remedy: "send an image of that shape")
        }
    }

    private func damage(_ reason: String, _ source: String) -> DatasetError {
        DatasetError(
            .corruptStream, source: source, found: "a damaged JPEG file (\(reason))",
            expected: "one that decodes", remedy: "send it again")
    }

    private func message(_ handle: tjhandle) -> String { String(cString: tjGetErrorStr2(handle)) }

    private func pixelFormat(_ shape: SampleShape) -> Int32 {
        (shape.channels == 1 ? TJPF_GRAY : TJPF_RGB).rawValue
    }
}

/// [C, H, W] as [H, W, C], which is libjpeg's order.
private func interleaved(_ pixels: Span<UInt8>, _ shape: SampleShape) -> [UInt8] {
    let (channels, plane) = (shape.channels, shape.height * shape.width)
    return [UInt8](unsafeUninitializedCapacity: shape.count) { target, count in
        for channel in 0..<channels {
            for i in 0..<plane { target[i * channels + channel] = pixels[channel * plane + i] }
        }
        count = shape.count
    }
}

/// [H, W, C] as [C, H, W].
private func planar(_ pixels: Span<UInt8>, _ shape: SampleShape) -> [UInt8] {
    let (channels, plane) = (shape.channels, shape.height * shape.width)
    return [UInt8](unsafeUninitializedCapacity: shape.count) { target, count in
        for channel in 0..<channels {
            for i in 0..<plane { target[channel * plane + i] = pixels[i * channels + channel] }
        }
        count = shape.count
    }
}

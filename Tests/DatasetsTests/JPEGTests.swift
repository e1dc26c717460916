import Datasets
import TensorMath
import Testing

@Suite struct JPEGTests {
    struct Example: Sendable, CustomTestStringConvertible {
        var shape: SampleShape
        var subsampling: JPEGCodec.Subsampling
        /// Bytes of Pillow's file at qualities 1, 25, 50, 75, 95 and 100.
        var sizes: [Int]
        /// Adler-32 of its file at quality 75, and of the pixels [C, H, W] that it reads from that.
        var file: UInt32
        var pixels: UInt32

        var testDescription: String { "\(shape) \(subsampling.rawValue)" }
    }

    private static func shape(_ channels: Int, _ height: Int, _ width: Int) -> SampleShape {
        SampleShape(channels: channels, height: height, width: width)
    }

    /// Made by Pillow with libjpeg-turbo 3: `save(file, "JPEG", quality=q, subsampling=s)`.
    static let examples = [
        Example(
            shape: shape(3, 29, 31), subsampling: .fourTwoZero, sizes: [671, 828, 986, 1172, 1711, 2439],
            file: 4_120_373_895, pixels: 3_397_390_338),
        Example(
            shape: shape(3, 29, 31), subsampling: .fourFourFour, sizes: [713, 969, 1264, 1621, 2663, 4202],
            file: 997_057_024, pixels: 1_424_953_734),
        Example(
            shape: shape(1, 29, 31), subsampling: .fourTwoZero, sizes: [381, 467, 536, 620, 885, 1159],
            file: 1_427_111_117, pixels: 526_426_783),
        Example(
            shape: shape(3, 1, 1), subsampling: .fourTwoZero, sizes: [630, 630, 631, 631, 631, 633],
            file: 3_906_653_793, pixels: 196_609),
        Example(
            shape: shape(3, 1, 1), subsampling: .fourFourFour, sizes: [628, 628, 628, 629, 629, 630],
            file: 805_031_342, pixels: 196_609),
        Example(
            shape: shape(3, 64, 48), subsampling: .fourTwoZero, sizes: [825, 1282, 1745, 2305, 3959, 6269],
            file: 2_661_689_692, pixels: 3_447_973_550),
        Example(
            shape: shape(3, 64, 48), subsampling: .fourFourFour,
            sizes: [1084, 1808, 2765, 3926, 7237, 12154], file: 264_872_144, pixels: 2_246_567_004),
    ]

    /// The image that Pillow was given.
    private static func image(_ shape: SampleShape) -> [UInt8] {
        var pixels: [UInt8] = []
        for channel in 0..<shape.channels {
            for y in 0..<shape.height {
                for x in 0..<shape.width {
                    let value = 5 * x * (channel + 1) + 3 * y * y / 4 + x * y * channel / 2
                    pixels.append(UInt8(truncatingIfNeeded: value))
                }
            }
        }
        return pixels
    }

    private static func adler32(_ bytes: [UInt8]) -> UInt32 {
        var (a, b) = (UInt32(1), UInt32(0))
        for byte in bytes {
            a = (a + UInt32(byte)) % 65521
            b = (b + a) % 65521
        }
        return b << 16 | a
    }

    @Test(arguments: examples) func sameAsPillow(example: Example) throws {
        let codec = JPEGCodec(subsampling: example.subsampling)
        let image = Self.image(example.shape)
        let files = [1, 25, 50, 75, 95, 100].map {
            codec.encode(image.span, shape: example.shape, quality: $0)
        }
        #expect(files.map(\.count) == example.sizes)
        #expect(Self.adler32(files[3]) == example.file)
        #expect(Self.adler32(try codec.decode(files[3], shape: example.shape)) == example.pixels)
    }

    /// A gentle slope in gray, and one in each colour, comes back nearly as it was.
    @Test(arguments: [shape(1, 28, 28), shape(3, 32, 32), shape(3, 17, 40), shape(1, 1, 9), shape(3, 9, 1)])
    func roundTrip(shape: SampleShape) throws {
        let plane = shape.height * shape.width
        let image = (0..<shape.count).map { i in
            UInt8(60 + i / plane * 30 + i % plane / shape.width + i % shape.width)
        }
        for subsampling in JPEGCodec.Subsampling.allCases {
            let codec = JPEGCodec(subsampling: subsampling)
            let file = codec.encode(image.span, shape: shape, quality: 100)
            let back = try codec.decode(file, shape: shape)
            let worst = zip(image, back).map { abs(Int($0) - Int($1)) }.max()
            #expect(worst! <= 4)
        }
    }

    @Test func bytesGrowWithQuality() {
        let shape = Self.shape(3, 64, 64)
        let image = Self.image(shape)
        let sizes = (1...100).map { JPEGCodec().encode(image.span, shape: shape, quality: $0).count }
        #expect(sizes == sizes.sorted())
        #expect(sizes[99] > 5 * sizes[0])
    }

    @Test func shapes() {
        #expect(JPEGCodec.accepts(Self.shape(1, 65_500, 1)))
        for refused in [
            Self.shape(2, 8, 8), Self.shape(4, 8, 8), Self.shape(60, 1, 1), Self.shape(1, 65_501, 1),
        ] {
            #expect(!JPEGCodec.accepts(refused))
        }
    }

    @Test func wrongShape() throws {
        let shape = Self.shape(3, 29, 31)
        let file = JPEGCodec().encode(Self.image(shape).span, shape: shape, quality: 90)
        for other in [Self.shape(3, 31, 29), Self.shape(1, 29, 31), Self.shape(3, 29, 32)] {
            let error = datasetError { () throws(DatasetError) in
                _ = try JPEGCodec().decode(file, shape: other, source: "item 3")
            }
            #expect(
                error?.description
                    == "item 3: found an image of 3x29x31, expected \(other); send an image of that shape")
        }
    }

    /// A file without its last bytes is refused; what follows its end is ignored.
    @Test(arguments: [shape(1, 29, 31), shape(3, 29, 31)]) func truncated(shape: SampleShape) throws {
        let image = Self.image(shape)
        let file = JPEGCodec().encode(image.span, shape: shape, quality: 75)
        for length in 0..<file.count {
            let error = datasetError { () throws(DatasetError) in
                _ = try JPEGCodec().decode(Array(file[..<length]), shape: shape)
            }
            #expect(error?.reason == .corruptStream, "\(length) of \(file.count) bytes")
        }
        #expect(
            try JPEGCodec().decode(file + [1, 2, 3], shape: shape) == JPEGCodec().decode(file, shape: shape))
    }

    /// Up to four bytes changed at random places: pixels or an error, and the next image is whole.
    @Test(arguments: [shape(1, 29, 31), shape(3, 29, 31)]) func damaged(shape: SampleShape) throws {
        let file = JPEGCodec().encode(Self.image(shape).span, shape: shape, quality: 75)
        let whole = try JPEGCodec().decode(file, shape: shape)
        var random = RandomStream(RandomKey(seed: 2, purpose: .test))
        var refused = 0
        for _ in 0..<2000 {
            var damaged = file
            for _ in 0...Int(random.nextUInt32() % 4) {
                damaged[Int(random.nextUInt32()) % file.count] ^= UInt8(1 + random.nextUInt32() % 255)
            }
            let error = datasetError { () throws(DatasetError) in
                #expect(try JPEGCodec().decode(damaged, shape: shape).count == shape.count)
            }
            if error != nil { refused += 1 }
        }
        #expect(refused > 200)
        #expect(try JPEGCodec().decode(file, shape: shape) == whole)
    }

    @Test func noise() {
        var random = RandomStream(RandomKey(seed: 4, purpose: .test))
        for count in [0, 1, 2, 10, 1000] {
            let bytes = random.words(count).map { UInt8(truncatingIfNeeded: $0) }
            let error = datasetError { () throws(DatasetError) in
                _ = try JPEGCodec().decode(bytes, shape: Self.shape(1, 8, 8))
            }
            #expect(error?.reason == .corruptStream)
        }
    }
}

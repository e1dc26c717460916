/// Data sets in four IDX files: MNIST, Fashion-MNIST and the splits of EMNIST.
struct MNISTFamily {
    let name: String
    let directory: String
    /// What stands before `images-idx3-ubyte` in the names of the training and the test files.
    let stems: (train: String, test: String)
    let classes: Int
    /// Subtracted from labels in the file.
    var firstLabel: UInt8 = 0
    /// Whether images are stored column by column and are to be put upright.
    var isTransposed = false
    /// What to do where a file is missing.
    let remedy: String

    func load() throws(DatasetError) -> (train: Split, test: Split) {
        let train = try split(stems.train)
        let test = try split(stems.test)
        guard train.shape == test.shape else { throw shapesDiffer("\(test.shape)", "\(train.shape)") }
        return (train, test)
    }

    /// Reads labels and, of the images, only the headers.
    func loadLabels() throws(DatasetError) -> (train: [UInt8], test: [UInt8], shape: SampleShape) {
        let (images, shape) = try openImages(stems.train)
        let labels = try readLabels(stems.train, count: images.dimensions[0], of: images.path)
        let (testImages, testShape) = try openImages(stems.test)
        let testLabels = try readLabels(stems.test, count: testImages.dimensions[0], of: testImages.path)
        guard shape == testShape else { throw shapesDiffer("\(testShape)", "\(shape)") }
        return (labels, testLabels, shape)
    }

    private func split(_ stem: String) throws(DatasetError) -> Split {
        let (images, shape) = try openImages(stem)
        let labels = try readLabels(stem, count: images.dimensions[0], of: images.path)
        var pixels = try images.elements()
        if isTransposed { transpose(&pixels, shape) }
        return Split(shape: shape, classes: classes, labels: labels, pixels: pixels)
    }

    /// Rank 3 is count, rows, columns; rank 4 is count, channels, rows, columns.
    private func openImages(_ stem: String) throws(DatasetError) -> (IDXFile, SampleShape) {
        let file = try IDXFile(path(stem, "images", rank: 3), ranks: 3...4, remedy: remedy)
        let size = file.dimensions.count == 4 ? Array(file.dimensions[1...]) : [1] + file.dimensions[1...]
        guard let shape = SampleShape(checking: size[0], size[1], size[2]),
            !isTransposed || size[1] == size[2]
        else {
            throw DatasetError(
                .absurdDimensions, source: file.path, offset: 4,
                found: file.dimensions.map(String.init).joined(separator: " x "),
                expected: isTransposed
                    ? "square images" : "images of at most \(SampleShape.maximumCount) values",
                remedy: "fetch the file again")
        }
        return (file, shape)
    }

    private func readLabels(_ stem: String, count: Int, of images: String) throws(DatasetError) -> [UInt8] {
        let file = try IDXFile(path(stem, "labels", rank: 1), ranks: 1...1, remedy: remedy)
        guard file.dimensions[0] == count else {
            throw DatasetError(
                .countMismatch, source: file.path, offset: 4, found: "\(file.dimensions[0]) labels",
                expected: "\(count), one for each image in \(images)",
                remedy: "take both files from the same distribution")
        }
        let stored = try file.elements()
        let allowed = Int(firstLabel)..<(Int(firstLabel) + classes)
        if let wrong = stored.firstIndex(where: { !allowed.contains(Int($0)) }) {
            throw DatasetError(
                .labelOutOfRange, source: file.path, offset: 8 + wrong, found: "label \(stored[wrong])",
                expected: "\(allowed.lowerBound) to \(allowed.upperBound - 1) in \(name)",
                remedy: "check that the files belong to \(name)")
        }
        return firstLabel == 0 ? stored : stored.map { $0 - firstLabel }
    }

    /// The file that exists, among the usual names; else the first of them, for the message.
    private func path(_ stem: String, _ kind: String, rank: Int) -> String {
        let names = ["-", "."].flatMap { mark in
            ["", ".gz"].map { "\(directory)/\(stem)\(kind)\(mark)idx\(rank)-ubyte\($0)" }
        }
        return names.first { InputFile.exists($0) } ?? names[1]
    }

    private func transpose(_ pixels: inout [UInt8], _ shape: SampleShape) {
        let side = shape.height
        for plane in stride(from: 0, to: pixels.count, by: side * side) {
            for row in 0..<side {
                for column in (row + 1)..<max(side, row + 1) {
                    pixels.swapAt(plane + row * side + column, plane + column * side + row)
                }
            }
        }
    }

    private func shapesDiffer(_ found: String, _ expected: String) -> DatasetError {
        DatasetError(
            .countMismatch, source: directory, found: "test images of \(found)",
            expected: "\(expected), as the training images",
            remedy: "take all files from the same distribution")
    }
}

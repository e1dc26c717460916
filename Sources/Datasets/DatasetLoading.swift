extension Dataset {
    /// Reads or generates what `spec` describes.
    /// - Parameter seed: of the experiment; only synthetic data depend on it.
    /// - Throws: `DatasetError`, with file, position, what was found and expected, and a remedy.
    public static func load(_ spec: DatasetSpec, seed: UInt64) throws(DatasetError) -> Dataset {
        switch try DatasetSource(spec, seed: seed) {
        case .idx(let family): return try limited(spec, try family.load())
        case .cifar(let family): return try limited(spec, try family.load())
        case .synthetic(let generator):
            let output = try generator.generate(keepFeatures: true)
            let (shape, classes) = (SyntheticGenerator.shape, SyntheticGenerator.classes)
            return Dataset(
                name: spec.name.rawValue,
                train: Split(
                    shape: shape, classes: classes, labels: output.trainLabels, values: output.trainValues),
                test: Split(
                    shape: shape, classes: classes, labels: output.testLabels, values: output.testValues),
                natural: output.natural)
        }
    }

    /// As `load(spec, seed:).labels`, without reading images: a few milliseconds where labels have files of
    /// their own.
    public static func loadLabels(_ spec: DatasetSpec, seed: UInt64) throws(DatasetError) -> DatasetLabels {
        switch try DatasetSource(spec, seed: seed) {
        case .idx(let family): return try limited(spec, family.classes, try family.loadLabels())
        case .cifar(let family): return try limited(spec, family.classes, try family.loadLabels())
        case .synthetic(let generator):
            let output = try generator.generate(keepFeatures: false)
            return DatasetLabels(
                name: spec.name.rawValue, shape: SyntheticGenerator.shape,
                classes: SyntheticGenerator.classes,
                train: output.trainLabels, testCount: output.testLabels.count, natural: output.natural)
        }
    }

    private static func limited(
        _ spec: DatasetSpec, _ splits: (train: Split, test: Split)
    ) throws(DatasetError) -> Dataset {
        let kept = try spec.kept(of: splits.train.count)
        let train = kept == splits.train.count ? splits.train : splits.train.prefix(kept)
        return Dataset(name: spec.name.rawValue, train: train, test: splits.test)
    }

    private static func limited(
        _ spec: DatasetSpec, _ classes: Int, _ found: (train: [UInt8], testCount: Int, shape: SampleShape)
    ) throws(DatasetError) -> DatasetLabels {
        let kept = try spec.kept(of: found.train.count)
        return DatasetLabels(
            name: spec.name.rawValue, shape: found.shape, classes: classes,
            train: Array(found.train[..<kept]),
            testCount: found.testCount)
    }
}

extension DatasetSpec {
    /// How many of `available` training samples the limit leaves.
    fileprivate func kept(of available: Int) throws(DatasetError) -> Int {
        guard let limit else { return available }
        guard limit <= available else {
            throw refused(
                "limit \(limit)", "at most \(available), the training samples there are",
                "lower dataset.limit or leave it out")
        }
        return limit
    }
}

/// The reader or generator of a description.
private enum DatasetSource {
    case idx(MNISTFamily)
    case cifar(CIFARFamily)
    case synthetic(SyntheticGenerator)

    init(_ spec: DatasetSpec, seed: UInt64) throws(DatasetError) {
        try spec.validate()
        let directory = spec.path ?? DatasetSpec.fashionMNISTPath
        let digits = (train: "train-", test: "t10k-")
        switch spec.name {
        case .fashionMNIST:
            self = .idx(
                MNISTFamily(
                    name: spec.name.rawValue, directory: directory, stems: digits, classes: 10,
                    remedy: "apt-get install dataset-fashion-mnist, or set dataset.path"))
        case .mnist:
            self = .idx(
                MNISTFamily(
                    name: spec.name.rawValue, directory: directory, stems: digits, classes: 10,
                    remedy: "name the directory of MNIST's four IDX files in dataset.path"))
        case .emnist:
            guard let split = spec.split.flatMap(EMNISTSplit.init) else {
                throw spec.refused("no split", "one that EMNIST has", "set dataset.split")
            }
            self = .idx(
                MNISTFamily(
                    name: "\(spec.name.rawValue) \(split.rawValue)", directory: directory,
                    stems: ("emnist-\(split.rawValue)-train-", "emnist-\(split.rawValue)-test-"),
                    classes: split.classes, firstLabel: split.firstLabel, isTransposed: true,
                    remedy: "unpack EMNIST's gzip.zip and name its directory in dataset.path"))
        case .cifar10: self = .cifar(.cifar10(directory))
        case .cifar100: self = .cifar(.cifar100(directory))
        case .synthetic:
            self = .synthetic(
                SyntheticGenerator(alpha: spec.alpha, beta: spec.beta, clients: spec.clients, seed: seed))
        }
    }
}

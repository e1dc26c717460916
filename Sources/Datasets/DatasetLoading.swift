extension Dataset {
    /// Reads or generates what `spec` describes.
    /// - Parameter seed: of the experiment; only synthetic data depend on it.
    /// - Throws: `DatasetError`, with file, position, what was found and expected, and a remedy.
    public static func load(_ spec: DatasetSpec, seed: UInt64) throws(DatasetError) -> Dataset {
        let (train, test, owners) = try DatasetSource(spec, seed: seed, keepFeatures: true).splits()
        try spec.requireTest(test.count)
        let all = spec.pool ? train.appending(test) : train
        let kept = try spec.kept(of: all.count)
        return Dataset(
            name: spec.name.rawValue, train: kept == all.count ? all : all.prefix(kept),
            test: spec.pool ? test.prefix(0) : test,
            natural: owners?.natural(pooledBehind: spec.pool ? train.count : nil))
    }

    /// As `load(spec, seed:).labels`, without reading images: a few milliseconds where labels have files of
    /// their own.
    public static func loadLabels(_ spec: DatasetSpec, seed: UInt64) throws(DatasetError) -> DatasetLabels {
        let source = try DatasetSource(spec, seed: seed, keepFeatures: false)
        let (train, test, shape, owners) = try source.labels()
        try spec.requireTest(test.count)
        let all = spec.pool ? train + test : train
        return DatasetLabels(
            name: spec.name.rawValue, shape: shape, classes: source.classes,
            train: Array(all[..<(try spec.kept(of: all.count))]), testCount: spec.pool ? 0 : test.count,
            natural: owners?.natural(pooledBehind: spec.pool ? train.count : nil))
    }
}

extension DatasetSpec {
    /// How many of `available` samples the limit leaves.
    fileprivate func kept(of available: Int) throws(DatasetError) -> Int {
        guard let limit else { return available }
        guard limit <= available else {
            throw refused(
                "limit \(limit)", "at most \(available), the training samples there are",
                "lower dataset.limit or leave it out")
        }
        return limit
    }

    /// Throws where there is nothing to test on, which only LEAF's files can lack.
    fileprivate func requireTest(_ count: Int) throws(DatasetError) {
        guard count == 0, !pool else { return }
        throw refused(
            "no test sample", "files with test samples in test/",
            "split the data with LEAF's scripts, or set dataset.pool to true to test on what clients keep back"
        )
    }
}

extension Owners {
    /// Samples of each owner that has training samples, or, where the test samples stand behind `trainCount` training
    /// samples, all samples of every owner.
    fileprivate func natural(pooledBehind trainCount: Int?) -> [[UInt32]] {
        trainCount.map { pooled(trainCount: $0) } ?? train.filter { !$0.isEmpty }
    }
}

/// The reader or generator of a description.
private enum DatasetSource {
    case idx(MNISTFamily)
    case cifar(CIFARFamily)
    case leaf(LEAFFamily)
    case synthetic(SyntheticGenerator)

    init(_ spec: DatasetSpec, seed: UInt64, keepFeatures: Bool) throws(DatasetError) {
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
        case .leaf:
            self = .leaf(
                LEAFFamily(
                    directory: directory, shape: spec.shape, classes: spec.classes, users: spec.users,
                    keepFeatures: keepFeatures))
        case .synthetic:
            self = .synthetic(
                SyntheticGenerator(
                    alpha: spec.alpha, beta: spec.beta, clients: spec.clients, seed: seed,
                    keepFeatures: keepFeatures))
        }
    }

    var classes: Int {
        switch self {
        case .idx(let family): family.classes
        case .cifar(let family): family.classes
        case .leaf(let family): family.classes
        case .synthetic: SyntheticGenerator.classes
        }
    }

    /// Training and test samples, and their owners where they have some.
    func splits() throws(DatasetError) -> (train: Split, test: Split, owners: Owners?) {
        switch self {
        case .idx(let family):
            let (train, test) = try family.load()
            return (train, test, nil)
        case .cifar(let family):
            let (train, test) = try family.load()
            return (train, test, nil)
        case .leaf(let family):
            let output = try family.read()
            return (
                output.train.split(shape: family.shape, classes: family.classes),
                output.test.split(shape: family.shape, classes: family.classes), output.owners
            )
        case .synthetic(let generator):
            let output = try generator.generate()
            let (shape, classes) = (SyntheticGenerator.shape, SyntheticGenerator.classes)
            return (
                Split(
                    shape: shape, classes: classes, labels: output.trainLabels, values: output.trainValues),
                Split(shape: shape, classes: classes, labels: output.testLabels, values: output.testValues),
                output.owners
            )
        }
    }

    /// As `splits`, without features.
    func labels() throws(DatasetError) -> (
        train: [UInt8], test: [UInt8], shape: SampleShape, owners: Owners?
    ) {
        switch self {
        case .idx(let family):
            let (train, test, shape) = try family.loadLabels()
            return (train, test, shape, nil)
        case .cifar(let family):
            let (train, test, shape) = try family.loadLabels()
            return (train, test, shape, nil)
        case .leaf(let family):
            let output = try family.read()
            return (output.train.labels, output.test.labels, family.shape, output.owners)
        case .synthetic(let generator):
            let output = try generator.generate()
            return (output.trainLabels, output.testLabels, SyntheticGenerator.shape, output.owners)
        }
    }
}

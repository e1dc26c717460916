import Datasets
import Methods
import Networks

/// `dataset`: the samples, whose they are, and what is held out.
enum DatasetSection {
    private static let meaning = "The samples, and whose they are."
    private static let emnistSplits = ["byclass", "bymerge", "balanced", "letters", "digits", "mnist"]

    static func visit(_ section: Section, _ value: inout FederatedConfiguration) {
        section.section("dataset", required: true, meaning) { section in
            visitName(section, &value.dataset)
            section.field(
                "pool", &value.dataset.pool, .flag, .value(false),
                "Puts the test samples behind the training samples before they are dealt out; the global test set is "
                    + "then the union of what clients hold out, and `local_test_fraction` must be above 0.")
            PartitionSection.visit(section, &value.partition)
            section.field(
                "local_test_fraction", &value.localTestFraction, .number(0...1, below: true),
                .computed(
                    value.method.method.isPersonalized ? 0.2 : 0,
                    "0, or 0.2 where the method makes personal models"),
                "Share of each client's samples that is held out for its own test.")
            visit(section, &value.preprocessing, value.dataset)
        }
    }

    /// Of an experiment whose samples are all in one place.
    static func visit(
        _ section: Section, _ dataset: inout DatasetSpec, validationFraction: inout Double,
        _ preprocessing: inout PreprocessingSpec, use: String
    ) {
        section.section("dataset", required: true, meaning) { section in
            visitName(section, &dataset)
            section.field(
                "validation_fraction", &validationFraction, .number(0...1, above: true, below: true),
                .value(0.1), "Share of the training samples that nobody trains on\(use).")
            visit(section, &preprocessing, dataset)
        }
    }

    private static func visitName(_ section: Section, _ value: inout DatasetSpec) {
        var spec = value
        section.choice(
            "name", current: spec.name.rawValue, DatasetSpec.Name.allCases.map(\.rawValue), .required,
            "Which data set. `leaf` are JSON files of LEAF, such as FEMNIST; `synthetic` is generated: logistic "
                + "models of 60 features and 10 classes, one a client."
        ) { name in
            spec.name = DatasetSpec.Name(rawValue: name)!
            visitSource(section, &spec)
        }
        value = spec
    }

    /// The keys that belong to `spec.name`.
    private static func visitSource(_ section: Section, _ spec: inout DatasetSpec) {
        guard spec.name != .synthetic else {
            section.field(
                "alpha", &spec.alpha, .number(0...1000), .value(1),
                "Standard deviation of the clients' model means: how much their models differ.")
            section.field(
                "beta", &spec.beta, .number(0...1000), .value(1),
                "Standard deviation of the clients' data means: how much their features differ.")
            section.field(
                "clients", &spec.clients, .integer(1...1_000_000), .value(30), unit: "clients",
                "Number of clients; each has data of its own.")
            return
        }
        section.optional(
            "path", &spec.path, .text(1...4096, "a path"),
            absence: spec.name == .fashionMNIST ? DatasetSpec.fashionMNISTPath : "must be written",
            "Directory of the data set's files.")
        guard spec.name != .leaf else { return visitLEAF(section, &spec) }
        section.optional(
            "limit", &spec.limit, .integer(1...1_000_000_000), absence: "all", unit: "samples",
            "Keeps only the first training samples, in the order of the files; the test split stays whole. With "
                + "`pool` it keeps the first of all samples.")
        if spec.name == .emnist {
            section.optional(
                "split", &spec.split, .word(emnistSplits), absence: "must be written",
                "Which of EMNIST's six splits.")
        }
    }

    /// What happens to images before they go in.
    private static func visit(_ section: Section, _ value: inout PreprocessingSpec, _ spec: DatasetSpec) {
        var normalizes = value.normalization != nil
        section.field(
            "normalize", &normalizes, .flag, .value(false),
            "Bring each channel to mean 0 and deviation 1 by the figures in common use for the data set.")
        value.normalization = normalizes ? ChannelStatistics.named(spec.name.rawValue) : nil
        section.field(
            "augmentation", &value.augmentation, .word(PreprocessingSpec.Augmentation.self), .value(.none),
            "`crop_and_flip` pads training images by 4, cuts them back at a random place and mirrors half of them."
        )
        if normalizes, value.normalization == nil, section.walk.purpose == .read {
            section.walk.report(
                section.place(at: "normalize"), section.path(of: "normalize"), value: "true",
                "has no figures for \(spec.name.rawValue)", "remove it; pixels are byte / 255")
        }
    }

    private static func visitLEAF(_ section: Section, _ spec: inout DatasetSpec) {
        section.optional(
            "users", &spec.users, .integer(1...1_000_000), absence: "all", unit: "users",
            "Keeps only the first users, in the order of the files.")
        section.field(
            "classes", &spec.classes, .integer(1...256), .value(DatasetSpec.leafClasses), unit: "classes",
            "Number of classes; labels count from 0.")
        section.field(
            "shape", &spec.shape, .sampleShape, .value(DatasetSpec.leafShape),
            "What the numbers of a sample are: planes x rows x columns, or the length of a vector.")
    }

    static func checkAcrossFields(_ section: Section, _ value: FederatedConfiguration) {
        let walk = section.walk
        guard walk.isSound("dataset.name"), walk.isSound("dataset.path"), walk.isSound("dataset.split") else {
            return
        }
        if value.dataset.pool, walk.isSound("dataset.local_test_fraction"), value.localTestFraction == 0 {
            walk.report(
                section.place(at: "dataset.pool"), "dataset.pool", value: "true",
                "leaves nothing to test on",
                "set dataset.local_test_fraction above 0, such as 0.25")
        }
        checkAugmentation(section, value)
        checkFiles(section, value.dataset)
    }

    /// A shift by 4 would leave nothing of what is so narrow.
    private static func checkAugmentation(_ section: Section, _ value: FederatedConfiguration) {
        let shape = value.dataset.inputShape
        guard section.walk.isSound("dataset"), value.preprocessing.augmentation == .cropAndFlip,
            min(shape.height, shape.width) <= ImageBatch.usualPadding
        else { return }
        section.walk.report(
            section.place(at: "dataset.augmentation"), "dataset.augmentation", value: "crop_and_flip",
            "shifts images by up to \(ImageBatch.usualPadding) pixels, and samples are \(shape.height) x "
                + "\(shape.width) (rows x columns)", "remove it")
    }

    /// Of an experiment with images.
    static func checkAcrossFields(_ section: Section, images dataset: DatasetSpec) {
        let walk = section.walk
        guard walk.isSound("dataset.name"), walk.isSound("dataset.path"), walk.isSound("dataset.split") else {
            return
        }
        if dataset.name == .synthetic {
            walk.report(
                section.place(at: "dataset.name"), "dataset.name", value: "synthetic", "has no images",
                "write the name of a set of images, such as fashion_mnist")
        }
        checkFiles(section, dataset)
    }

    private static func checkFiles(_ section: Section, _ spec: DatasetSpec) {
        let walk = section.walk
        let place = section.place(at: "dataset")
        if spec.path == nil, ![.fashionMNIST, .synthetic].contains(spec.name) {
            walk.report(
                place, "dataset.path", "is missing",
                "write the directory of the files of \(spec.name.rawValue)")
        }
        if spec.name == .emnist, spec.split == nil {
            walk.report(
                place, "dataset.split", "is missing", "write one of \(emnistSplits.joined(separator: ", "))")
        }
    }
}

extension Codec where Value == SampleShape {
    static var sampleShape: Codec {
        Codec(type: "shape such as 1x28x28 or 60") { (node) throws(Problem) in
            guard case .scalar(let text, _) = node.content, let shape = SampleShape(text) else {
                throw Problem(
                    message: "is not the shape of a sample",
                    remedy: "write planes, rows and columns, such as 1x28x28, or the length of a vector")
            }
            return shape
        } write: {
            .plain($0.height == 1 && $0.width == 1 ? "\($0.channels)" : $0.description)
        }
    }
}

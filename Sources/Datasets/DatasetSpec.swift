/// Which data set a scenario asks for.
public struct DatasetSpec: Sendable, Equatable {
    public enum Name: String, Sendable, CaseIterable {
        case fashionMNIST = "fashion_mnist"
        case mnist
        case emnist
        case cifar10
        case cifar100
        case leaf
        case synthetic
    }

    public var name: Name
    /// Directory of the files; required for mnist, emnist, cifar10, cifar100 and leaf, refused for synthetic.
    /// Fashion-MNIST is otherwise sought where Debian's package puts it.
    public var path: String?
    /// Keeps only the first `limit` training samples in the order of the files, before anything is shuffled or
    /// partitioned; the test set stays whole. With `pool`, the first of all samples. At least 1, at most the samples
    /// there are; refused for leaf and synthetic.
    public var limit: Int?
    /// Whether the test samples are put behind the training samples and partitioned with them. The global test set is
    /// then what clients keep back; see `LocalSplit.pooledTest`.
    public var pool: Bool
    /// Of emnist: byclass, bymerge, balanced, letters, digits or mnist. Required there, refused elsewhere.
    public var split: String?
    /// Of synthetic: standard deviation of the clients' model means, by default 1.
    public var alpha: Double
    /// Of synthetic: standard deviation of the clients' data means, by default 1.
    public var beta: Double
    /// Of synthetic: number of clients, by default 30.
    public var clients: Int
    /// Of leaf: keeps only the first users in the order of the files; nil for all.
    public var users: Int?
    /// Of leaf: number of classes, by default the 62 of FEMNIST.
    public var classes: Int
    /// Of leaf: what the numbers of one sample are, by default the 28 x 28 pixels of FEMNIST.
    public var shape: SampleShape

    public init(
        name: Name, path: String? = nil, limit: Int? = nil, pool: Bool = false, split: String? = nil,
        alpha: Double = 1, beta: Double = 1, clients: Int = 30, users: Int? = nil,
        classes: Int = DatasetSpec.leafClasses, shape: SampleShape = DatasetSpec.leafShape
    ) {
        self.name = name
        self.path = path
        self.limit = limit
        self.pool = pool
        self.split = split
        self.alpha = alpha
        self.beta = beta
        self.clients = clients
        self.users = users
        self.classes = classes
        self.shape = shape
    }

    /// Digits, capitals and small letters.
    public static let leafClasses = 62
    public static let leafShape = SampleShape(channels: 1, height: 28, width: 28)

    /// Directory of Debian's package dataset-fashion-mnist.
    public static let fashionMNISTPath = "/usr/share/datasets/fashion-mnist"

    /// Throws where the description contradicts itself; touches no file.
    public func validate() throws(DatasetError) {
        if let limit, limit < 1 {
            throw refused("limit \(limit)", "at least 1", "leave limit out to keep every sample")
        }
        try validateSplit()
        switch name {
        case .synthetic: try validateSynthetic()
        case .fashionMNIST: break
        case .leaf: try validateLEAF()
        case .mnist, .emnist, .cifar10, .cifar100: break
        }
        if path == nil, name != .synthetic && name != .fashionMNIST {
            throw refused("no path", "the directory of the files", "set dataset.path")
        }
        if path == "" { throw refused("an empty path", "the directory of the files", "set dataset.path") }
    }

    private func validateSplit() throws(DatasetError) {
        let splits = EMNISTSplit.allCases.map(\.rawValue).joined(separator: ", ")
        if name == .emnist {
            if split.flatMap(EMNISTSplit.init) == nil {
                throw refused(
                    split.map { "split \($0)" } ?? "no split", "one of \(splits)", "set dataset.split")
            }
        } else if let split {
            throw refused("split \(split)", "none: only emnist has several", "leave dataset.split out")
        }
    }

    private func validateSynthetic() throws(DatasetError) {
        if let path {
            throw refused("path \(path)", "none: the data are generated", "leave dataset.path out")
        }
        if let limit {
            throw refused("limit \(limit)", "none: sizes belong to the clients", "set dataset.clients")
        }
        for (key, value) in [("alpha", alpha), ("beta", beta)] where !(value >= 0 && value <= 1000) {
            throw refused("\(key) \(value)", "0 to 1000", "set dataset.\(key)")
        }
        guard clients >= 1 && clients <= 1_000_000 else {
            throw refused("\(clients) clients", "1 to 1,000,000", "set dataset.clients")
        }
    }

    private func validateLEAF() throws(DatasetError) {
        if let limit {
            throw refused("limit \(limit)", "none: samples belong to the users", "set dataset.users")
        }
        if let users, users < 1 {
            throw refused("\(users) users", "at least 1", "leave dataset.users out to keep all")
        }
        guard classes >= 1 && classes <= 256 else {
            throw refused("\(classes) classes", "1 to 256", "set dataset.classes")
        }
    }

    func refused(_ found: String, _ expected: String, _ remedy: String) -> DatasetError {
        DatasetError(
            .badSpecification, source: "dataset \(name.rawValue)", found: found, expected: expected,
            remedy: remedy)
    }
}

/// The splits of EMNIST (Cohen et al. 2017).
enum EMNISTSplit: String, CaseIterable {
    case byclass, bymerge, balanced, letters, digits, mnist

    var classes: Int {
        switch self {
        case .byclass: 62
        case .bymerge, .balanced: 47
        case .letters: 26
        case .digits, .mnist: 10
        }
    }

    /// Letters are numbered from 1; all others from 0.
    var firstLabel: UInt8 { self == .letters ? 1 : 0 }
}

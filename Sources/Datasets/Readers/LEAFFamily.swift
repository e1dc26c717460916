/// Data sets in the JSON files of LEAF (Caldas et al. 2018, "LEAF: a benchmark for federated settings"), such as FEMNIST
/// and the synthetic data of FedProx: every user is a client with samples of its own.
///
/// Files ending in `.json` or `.json.gz` are read in the order of their names, training files from `train/` and test
/// files from `test/`, below `directory` or its `data/`; files without these folders are training files. They are
/// streamed, so that memory holds samples and no text.
struct LEAFFamily {
    let directory: String
    let shape: SampleShape
    let classes: Int
    /// Keeps only the first users, and test samples of theirs; nil for all.
    let users: Int?
    /// Without features only labels are gathered.
    let keepFeatures: Bool

    struct Output {
        var train: GatheredSamples
        var test: GatheredSamples
        /// Training and test samples of each user, in the order of the files; users of test files alone come last.
        var owners: Owners
    }

    func read() throws(DatasetError) -> Output {
        let (trainFiles, testFiles) = try files()
        var train = LEAFReading(limit: users)
        for path in trainFiles where !train.isComplete {
            try LEAFFile(path, of: self).read(into: &train)
        }
        if let users, train.users.count < users {
            throw DatasetError(
                .badSpecification, source: directory, found: "\(train.users.count) users with samples",
                expected: "\(users), as dataset.users says", remedy: "lower dataset.users or leave it out")
        }
        guard !train.users.isEmpty else {
            throw DatasetError(
                .countMismatch, source: directory, found: "no sample", expected: "users with samples",
                remedy: "make the files again with LEAF's scripts")
        }
        var test = LEAFReading(only: users == nil ? nil : Set(train.users.map(\.name)))
        for path in testFiles where !test.isComplete {
            try LEAFFile(path, of: self).read(into: &test)
        }
        return Output(train: train.samples, test: test.samples, owners: Owners(train.users, test.users))
    }

    private func files() throws(DatasetError) -> (train: [String], test: [String]) {
        let suffixes = [".json", ".json.gz"]
        for place in [directory, "\(directory)/data"] {
            let train = FileNames.paths(in: "\(place)/train", suffixes: suffixes)
            let test = FileNames.paths(in: "\(place)/test", suffixes: suffixes)
            if !train.isEmpty { return (train, test) }
            let single = FileNames.paths(in: place, suffixes: suffixes)
            if !single.isEmpty { return (single, []) }
        }
        throw DatasetError(
            .missing, source: directory, found: "no .json file in it, in train/ or in data/train/",
            expected: "LEAF's JSON files",
            remedy: "name the directory that holds train/ and test/ in dataset.path")
    }
}

/// What was read of the files of one folder so far.
struct LEAFReading {
    var samples = GatheredSamples()
    /// Users that have samples, with their numbers.
    private(set) var users: [(name: String, samples: Range<Int>)] = []
    private var seen: Set<String> = []
    private let limit: Int?
    private let only: Set<String>?

    init(limit: Int? = nil, only: Set<String>? = nil) {
        self.limit = limit
        self.only = only
    }

    /// Whether nothing more is wanted.
    var isComplete: Bool {
        if let limit, users.count >= limit { return true }
        if let only { return seen.isSuperset(of: only) }
        return false
    }

    func hasRead(_ name: String) -> Bool { seen.contains(name) }

    func wants(_ name: String) -> Bool {
        if let limit, users.count >= limit { return false }
        return only?.contains(name) ?? true
    }

    mutating func add(_ name: String, _ range: Range<Int>) {
        seen.insert(name)
        if !range.isEmpty { users.append((name, range)) }
    }
}

/// Whose each training and each test sample of a data set is.
struct Owners: Equatable {
    /// Training samples of each owner.
    var train: [[UInt32]]
    /// Test samples of each owner, as numbers within the test split.
    var test: [[UInt32]]

    init(train: [[UInt32]], test: [[UInt32]]) {
        self.train = train
        self.test = test
    }

    /// Users are the same where their names are; those that only test come last.
    fileprivate init(
        _ training: [(name: String, samples: Range<Int>)], _ testing: [(name: String, samples: Range<Int>)]
    ) {
        train = training.map { Array(UInt32($0.samples.lowerBound)..<UInt32($0.samples.upperBound)) }
        test = training.map { _ in [] }
        var places = [String: Int](uniqueKeysWithValues: zip(training.map(\.name), training.indices))
        for (name, samples) in testing {
            let place = places[name] ?? test.count
            places[name] = place
            if place == test.count {
                train.append([])
                test.append([])
            }
            test[place] += UInt32(samples.lowerBound)..<UInt32(samples.upperBound)
        }
    }

    /// Samples of each owner where the `trainCount` training samples are followed by the test samples.
    func pooled(trainCount: Int) -> [[UInt32]] {
        zip(train, test).map { own, tested in own + tested.map { UInt32(trainCount) + $0 } }
    }
}

/// One JSON file of LEAF: `{"users": [name...], "num_samples": [count...], "user_data": {name: {"x": [[number...]...],
/// "y": [label...]}}}`. Members may come in any order, unknown ones are passed over, and so are the numbers of samples
/// where features are not kept.
struct LEAFFile: ~Copyable {
    private var scanner: JSONScanner
    private let family: LEAFFamily

    init(_ path: String, of family: LEAFFamily) throws(DatasetError) {
        scanner = try JSONScanner(path)
        self.family = family
    }

    /// Adds the samples of the users that `reading` wants, and checks the file's own counts of them.
    consuming func read(into reading: inout LEAFReading) throws(DatasetError) {
        var users: [String]?
        var counts: [Int]?
        var found: [String: Int?]?
        try scanner.open("{", "a LEAF document")
        while let key = try scanner.nextKey() {
            switch key {
            case "users": users = try names()
            case "num_samples": counts = try numbers()
            case "user_data": found = try userData(into: &reading)
            default: try scanner.skipValue()
            }
        }
        try scanner.requireEnd()
        guard let found else {
            throw mismatch("no user_data", "an object with the samples of each user")
        }
        guard let users, let counts else { return }
        guard users.count == counts.count else {
            throw mismatch("\(users.count) users and \(counts.count) num_samples", "one number for each user")
        }
        for (user, count) in zip(users, counts) {
            guard let read = found[user] else {
                throw mismatch("no data of user \(user)", "\(count) samples")
            }
            if let read, read != count {
                throw mismatch("\(read) samples of user \(user)", "\(count), as num_samples says")
            }
        }
    }

    /// Reads `user_data`. Returns how many samples each user has; nil for one that was passed over.
    private mutating func userData(
        into reading: inout LEAFReading
    ) throws(DatasetError) -> [String: Int?] {
        var found: [String: Int?] = [:]
        try scanner.open("{", "user_data")
        while let name = try scanner.nextKey() {
            guard found[name] == nil, !reading.hasRead(name) else {
                throw mismatch("user \(name) twice", "the samples of a user in one place")
            }
            guard reading.wants(name) else {
                try scanner.skipValue()
                found[name] = .some(nil)
                continue
            }
            let first = reading.samples.labels.count
            try samples(of: name, into: &reading.samples)
            let count = reading.samples.labels.count - first
            reading.add(name, first..<first + count)
            found[name] = count
        }
        return found
    }

    private mutating func samples(
        of name: String, into samples: inout GatheredSamples
    ) throws(DatasetError) {
        var features: Int?
        var labels: Int?
        try scanner.open("{", "the data of user \(name)")
        while let key = try scanner.nextKey() {
            switch key {
            case "x" where features == nil: features = try readFeatures(into: &samples)
            case "y" where labels == nil: labels = try readLabels(into: &samples)
            case "x", "y": throw mismatch("\(key) of user \(name) twice", "one list")
            default: try scanner.skipValue()
            }
        }
        guard let features, let labels, features == labels else {
            throw mismatch(
                "\(features ?? 0) entries of x and \(labels ?? 0) of y for user \(name)",
                "a label for each sample")
        }
    }

    /// Reads a list of samples. Returns their number.
    private mutating func readFeatures(into samples: inout GatheredSamples) throws(DatasetError) -> Int {
        var count = 0
        try scanner.open("[", "x, a list of samples")
        while try scanner.nextElement() {
            count += 1
            guard family.keepFeatures else {
                try scanner.skipValue()
                continue
            }
            let place = scanner.offset
            var length = 0
            try scanner.open("[", "a sample, a list of numbers")
            while try scanner.nextElement() {
                let value = try scanner.number("a feature")
                length += 1
                guard length <= family.shape.count else { break }
                guard Float(value).isFinite else {
                    throw DatasetError(
                        .valueOutOfRange, source: scanner.path, offset: scanner.offset, found: "\(value)",
                        expected: "a number that Float32 holds", remedy: "scale the data")
                }
                samples.append(value)
            }
            guard length == family.shape.count else {
                let more = length > family.shape.count ? "more than \(family.shape.count)" : "\(length)"
                throw DatasetError(
                    .countMismatch, source: scanner.path, offset: place, found: "a sample of \(more) values",
                    expected: "\(family.shape.count) for the shape \(family.shape)",
                    remedy: "set dataset.shape to that of a sample")
            }
        }
        return count
    }

    private mutating func readLabels(into samples: inout GatheredSamples) throws(DatasetError) -> Int {
        var count = 0
        try scanner.open("[", "y, a list of labels")
        while try scanner.nextElement() {
            let label = try scanner.number("a label")
            guard let category = Int(exactly: label), category >= 0, category < family.classes else {
                throw DatasetError(
                    .labelOutOfRange, source: scanner.path, offset: scanner.offset,
                    found: "label \(Int(exactly: label).map(String.init) ?? "\(label)")",
                    expected: "a whole number from 0 to \(family.classes - 1)",
                    remedy: "set dataset.classes to the number of classes")
            }
            samples.labels.append(UInt8(category))
            count += 1
        }
        return count
    }

    private mutating func names() throws(DatasetError) -> [String] {
        var names: [String] = []
        try scanner.open("[", "users, a list of names")
        while try scanner.nextElement() { names.append(try scanner.string("the name of a user")) }
        return names
    }

    private mutating func numbers() throws(DatasetError) -> [Int] {
        var numbers: [Int] = []
        try scanner.open("[", "num_samples, a list of numbers")
        while try scanner.nextElement() {
            let number = try scanner.number("a number of samples")
            guard let count = Int(exactly: number), count >= 0 else {
                throw mismatch("\(number) samples", "a whole number")
            }
            numbers.append(count)
        }
        return numbers
    }

    private func mismatch(_ found: String, _ expected: String) -> DatasetError {
        DatasetError(
            .countMismatch, source: scanner.path, offset: scanner.offset, found: found, expected: expected,
            remedy: "make the file again with LEAF's scripts")
    }
}

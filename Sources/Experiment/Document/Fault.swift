/// One thing that is wrong with a scenario: where, what, and what to write instead.
public struct Fault: Sendable, Equatable, CustomStringConvertible {
    /// Where the offending text stands.
    public enum Place: Sendable, Equatable {
        /// Of the file; both count from 1, columns in Unicode scalars.
        case line(Int, column: Int)
        /// A `--set` argument, as given.
        case flag(String)
        /// Of another file than the document's: the sweep that changes it.
        case file(String, line: Int, column: Int)
    }

    public var file: String
    public var place: Place
    /// Dotted path of the key, such as `training.rounds` or `hosts.launch.0.kind`; empty for the whole document.
    public var path: String
    /// The offending value as it was written, where there is one.
    public var value: String?
    /// What is wrong, as the rest of a sentence that starts with the value.
    public var message: String
    /// What to do about it.
    public var remedy: String
    /// Which cells of a sweep have it; nil outside of sweeps.
    public var cells: String?

    public init(
        file: String, place: Place, path: String, value: String? = nil, message: String, remedy: String
    ) {
        self.file = file
        self.place = place
        self.path = path
        self.value = value
        self.message = message
        self.remedy = remedy
    }

    /// Nil for a fault of a `--set` argument.
    public var line: Int? {
        switch place {
        case .line(let line, _), .file(_, let line, _): line
        case .flag: nil
        }
    }

    /// `scenario.yaml:12: training.rounds: -3 is not positive; give a whole number from 1 to 1000000`.
    public var description: String {
        let origin =
            switch place {
            case .line(let line, _): "\(file):\(line): "
            case .flag(let argument): "--set \(Self.shown(argument)): "
            case .file(let other, let line, _): "\(other):\(line): "
            }
        let subject = value.map { "\($0) " } ?? ""
        return origin + (path.isEmpty ? "" : "\(path): ") + subject + message + "; " + remedy
            + (cells.map { " (\($0))" } ?? "")
    }

    /// `text` on one line and at a length that suits a message.
    static func shown(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars.prefix(60) {
            out +=
                scalar.properties.generalCategory == .control ? scalar.escaped(asASCII: true) : String(scalar)
        }
        return text.unicodeScalars.count > 60 ? out + "..." : out
    }
}

/// Every fault of a scenario, in the order of its lines, then those of the sweep around it; one a line when printed.
public struct ScenarioFaults: Error, Sendable, Equatable, CustomStringConvertible {
    public let faults: [Fault]

    public init(_ faults: [Fault]) {
        func rank(_ fault: Fault) -> (Int, Int, Int) {
            switch fault.place {
            case .line(let line, let column): (0, line, column)
            case .file(_, let line, let column): (1, line, column)
            case .flag: (2, 0, 0)
            }
        }
        let ranked = faults.enumerated().sorted { a, b in
            let (first, second) = (rank(a.element), rank(b.element))
            return first == second ? a.offset < b.offset : first < second
        }
        self.faults = ranked.map(\.element)
    }

    public var description: String { faults.map(\.description).joined(separator: "\n") }

    /// Whether `--set` arguments are wrong as such: no key of a scenario has anything to do with it.
    public var areOfCommandLine: Bool { faults.allSatisfy { $0.line == nil && $0.path.isEmpty } }
}

/// The candidate that `word` was probably meant to be, if any is near enough.
func nearest(to word: String, among candidates: [String]) -> String? {
    let scored = candidates.map { (distance: editDistance(word, $0), word: $0) }
    guard let best = scored.min(by: { $0.distance < $1.distance }) else { return nil }
    let reach = max(1, min(word.count, best.word.count) / 3)
    return best.distance <= reach ? best.word : nil
}

/// Up to `count` candidates that `word` was probably meant to be, the likeliest first.
package func nearest(to word: String, among candidates: [String], count: Int) -> [String] {
    candidates.map { (distance: editDistance(word, $0), word: $0) }
        .filter { $0.distance <= max(1, min(word.count, $0.word.count) / 2) }
        .sorted { ($0.distance, $0.word) < ($1.distance, $1.word) }
        .prefix(count).map(\.word)
}

/// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b` (optimal string alignment).
func editDistance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a.unicodeScalars.prefix(64)), Array(b.unicodeScalars.prefix(64)))
    var table = [[Int]](repeating: [Int](repeating: 0, count: b.count + 1), count: a.count + 1)
    for i in 0...a.count { table[i][0] = i }
    for j in 0...b.count { table[0][j] = j }
    guard !a.isEmpty && !b.isEmpty else { return max(a.count, b.count) }
    for i in 1...a.count {
        for j in 1...b.count {
            let replaced = table[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
            table[i][j] = min(table[i - 1][j] + 1, table[i][j - 1] + 1, replaced)
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                table[i][j] = min(table[i][j], table[i - 2][j - 2] + 1)
            }
        }
    }
    return table[a.count][b.count]
}

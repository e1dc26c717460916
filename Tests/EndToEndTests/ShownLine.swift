import Testing

/// A line of the program's output, as a page shows it: widths of columns follow what is in them.
struct ShownLine {
    /// A word as it stands, or only what it is where learning may have gone another way.
    private enum Word: Equatable {
        case plain(Substring)
        case bytes, accuracy, ratio, round
    }

    private let words: [Substring]
    private let bytes: [Double]
    /// Place of the round that reached an accuracy, with the round, in the row of a target.
    private let reach: (place: Int, round: Double)?
    private let isTarget: Bool

    /// Tensors follow from the layout of the model alone, headers from the wire, which a page need not follow.
    private static let tolerance = 0.02

    init(_ line: Substring) {
        let prefixes: [Substring: Double] = ["": 1, "k": 1e3, "M": 1e6, "G": 1e9]
        bytes = line.matches(of: /([0-9.]+) ([kMG]?)B\b/).map { Double($0.1)! * prefixes[$0.2]! }
        let words = line.replacing(/[0-9.]+ [kMG]?B\b/, with: "bytes").split(separator: " ")
        self.words = words
        isTarget = words.first?.wholeMatch(of: /0\.[0-9]{1,2}/) != nil
        let place = isTarget ? words.firstIndex { $0.allSatisfy(\.isNumber) } : nil
        reach = place.map { (place: $0, round: Double(words[$0])!) }
    }

    /// Whether `printed` begins with this line. `learning`: whether accuracies and the rounds that reached one are the
    /// same, too; bytes to an accuracy are compared by the round where they need not be.
    func begins(_ printed: ShownLine, learning: Bool) -> Bool {
        guard learning || !isTarget || reach != nil else { return true }
        let scale = learning ? 1 : (reach?.round ?? 1) / (printed.reach?.round ?? 1)
        return printed.bytes.count >= bytes.count
            && printed.words(learning).starts(with: words(learning))
            && zip(bytes, printed.bytes).allSatisfy {
                abs($0 - scale * $1) <= Self.tolerance * $0
            }
    }

    private func words(_ learning: Bool) -> [Word] {
        words.enumerated().map { place, word in
            if word == "bytes" { return .bytes }
            if learning { return .plain(word) }
            if place == reach?.place { return .round }
            if word.wholeMatch(of: /[0-9.]+x/) != nil { return .ratio }
            return word.wholeMatch(of: /0\.[0-9]{4}/) != nil ? .accuracy : .plain(word)
        }
    }
}

@Suite struct ShownLineTests {
    private func begins(_ shown: Substring, _ printed: Substring, learning: Bool) -> Bool {
        ShownLine(shown).begins(ShownLine(printed), learning: learning)
    }

    @Test func bytesAreComparedWithinTwoPercent() {
        for learning in [true, false] {
            #expect(begins("10  10  0.6547  26.0 kB", "10 10 0.6547  26.4 kB  2.60 kB", learning: learning))
            #expect(!begins("10  10  0.6547  26.0 kB", "10 10 0.6547  26.6 kB", learning: learning))
            #expect(!begins("10  10  0.6547  26.0 kB", "10 10 0.6547  26.0 MB", learning: learning))
            #expect(!begins("10  10  0.6547  26.0 kB", "20 10 0.6547  26.0 kB", learning: learning))
            #expect(!begins("up, all  52.0 kB  114 kB", "up, all  52.0 kB", learning: learning))
        }
    }

    @Test func whatWasLearntIsComparedInOneFamilyOnly() {
        #expect(!begins("10  10  0.6547  26.0 kB", "10 10 0.6548  26.0 kB", learning: true))
        #expect(begins("10  10  0.6547  26.0 kB", "10 10 0.6548  26.0 kB", learning: false))
        let shown: Substring = "0.7  fewer     30  0.57x   390 kB"
        #expect(!begins(shown, "0.7  fewer     40  0.67x   520 kB", learning: true))
        #expect(begins(shown, "0.7  fewer     40  0.67x   520 kB", learning: false))
        #expect(!begins(shown, "0.7  fewer     40  0.67x   390 kB", learning: false))
        #expect(!begins(shown, "0.7  plain     40  0.67x   520 kB", learning: false))
        #expect(begins("0.8  fedavg  never  –", "0.8  fedavg  90  1.00x  9 B", learning: false))
    }
}

import Experiment
import TensorMath
import Testing

/// What YAML allows and scenarios do not, and what is not even YAML.
@Suite struct DocumentTests {
    @Test(arguments: [
        ("a: b: c\n", 1, "mapping values are not allowed in this context"),
        ("name: \"x\n", 2, "found unexpected end of stream"),
        ("a: [1, 2\nb: 3\n", 2, "did not find expected ',' or ']'"),
        ("a: 1\n\tb: 2\n", 2, "found a tab character that violates indentation"),
        ("a: *b\n", 1, "anchors and aliases are not part of scenarios"),
        ("x: 1\na: {k: &b 1}\n", 2, "anchors and aliases are not part of scenarios"),
        ("a: !!str &b 1\n", 1, "anchors and aliases are not part of scenarios"),
        ("a: !!int \"3\"\n", 1, "tags are not part of scenarios"),
        ("a: !!str 3\n", 1, "a: tags are not part of scenarios"),
        ("b: 1\na: !!map {b: 1}\n", 2, "a: tags are not part of scenarios; write the value without tag"),
        ("a:\n  - !!seq [1]\n", 2, "a.0: tags are not part of scenarios"),
        ("!mine\na: 1\n", 1, "tags are not part of scenarios; write the value without !mine"),
        ("a: !mine [1, 2]\n", 1, "a: tags are not part of scenarios; write the value without !mine"),
        ("!mine a: 1\n", 1, "a: tags are not part of scenarios"),
        ("? [a]\n: 1\n", 1, "has a key that is not a word"),
        ("a: 1\n---\nb: 2\n", 2, "but found another document"),
        ("seed: 1\nname: x\nseed: 2\n", 3, "written twice, first on line 1"),
        ("- 1\n", 1, "a list is not a mapping"),
        ("12\n", 1, "12 is not a mapping"),
        ("a: \u{0}\n", 1, "control characters are not allowed"),
    ])
    func badDocumentsAreRefusedWithTheirLine(text: String, line: Int, part: String) {
        do throws(ScenarioFaults) {
            _ = try Scenario.load(text: text)
            Issue.record("loaded \(text)")
        } catch {
            let fault = error.faults.first { $0.description.contains(part) }
            #expect(fault?.line == line, "\(error)")
        }
    }

    @Test func everyDoubledKeyIsReportedAtItsSecondPlace() {
        let text =
            minimalScenario + "stop: {}\nseed: 1\n\"seed\": 2\nseed: 3\nevaluation: {every: 1, every: 2}\n"
        #expect(
            faults(of: text) == """
                scenario.yaml:5: seed: written twice, first on line 4; keep one
                scenario.yaml:6: seed: written twice, first on line 4; keep one
                scenario.yaml:7: evaluation.every: written twice, first on line 7; keep one
                """)
    }

    @Test func ampersandsAndStarsInTextAreText() throws {
        let text = minimalScenario + "name: \"a &b *c\" # see *this* & that\n"
        #expect(try Scenario.load(text: text).name == "a &b *c")
        #expect(try Scenario.load(text: minimalScenario + "name: it's 5 & 6\n").name == "it's 5 & 6")
    }

    @Test func sizesAreBounded() {
        let long = minimalScenario + "# " + String(repeating: "x", count: 1 << 20) + "\n"
        #expect(faults(of: long).contains("the file is 1048"))
        #expect(faults(of: long).hasSuffix("bytes long; a scenario has at most 1 MiB"))
        let deep =
            minimalScenario + "stop: " + String(repeating: "[", count: 500)
            + String(repeating: "]", count: 500)
        #expect(
            faults(of: deep).contains("scenario.yaml:3: nested deeper than 32 levels; flatten the document"))
        let bottomless = "a: " + String(repeating: "[", count: 500_000)
        #expect(!faults(of: bottomless).isEmpty)
    }

    @Test func aFloodOfUnknownKeysIsCutShort() {
        let flood = (0..<50_000).map { "k\($0): 1\n" }.joined()
        let lines = faults(of: minimalScenario + flood).split(separator: "\n")
        #expect(lines.count == 51)
        #expect(lines.last == "scenario.yaml:53: 49950 more unknown keys follow; remove them")
    }

    @Test func anEmptyDocumentLacksWhatIsRequired() {
        for text in ["", "\n", "# nothing\n", "~\n", "---\n"] {
            #expect(faults(of: text).contains("dataset: is missing; give a mapping of keys and values"))
            #expect(faults(of: text).contains("model: is missing"))
        }
    }

    /// A thousand documents with a few bytes changed: each loads, or says why not, on a line that exists.
    @Test func damagedDocumentsNeverCrash() {
        var stream = RandomStream(RandomKey(seed: 2, purpose: .test))
        let interesting = Array("{}[]:,-#&*!|>'\"%@`?~\n\t 0123456789abcxyz.\\\u{0}\u{7f}".utf8)
        for _ in 0..<3000 {
            var bytes = Array(fullScenario.utf8)
            for _ in 0..<(1 + stream.index(below: 6)) { mutate(&bytes, interesting, &stream) }
            let text = String(decoding: bytes, as: UTF8.self)
            let lines = text.utf8.reduce(1) { $0 + ($1 == 10 ? 1 : 0) }
            switch load(text) {
            case .success(let scenario): checkRoundTrip(scenario)
            case .failure(let faults): check(faults, lines: lines)
            }
        }
    }

    @Test func damagedFlagsNeverCrash() {
        var stream = RandomStream(RandomKey(seed: 3, purpose: .test))
        let interesting = Array(".=[]{}:0-9 'x\"&*".utf8)
        for _ in 0..<2000 {
            var bytes = Array("hosts.launch.0.workers=3".utf8)
            for _ in 0..<(1 + stream.index(below: 5)) { mutate(&bytes, interesting, &stream) }
            let report = faults(of: fullScenario, overrides: [String(decoding: bytes, as: UTF8.self)])
            #expect(report.isEmpty || report.contains("--set ") || report.contains("scenario.yaml:"))
        }
    }

    private func checkRoundTrip(_ scenario: Scenario) {
        #expect(load(scenario.resolvedYAML) == .success(scenario))
    }

    private func check(_ report: ScenarioFaults, lines: Int) {
        #expect(!report.faults.isEmpty)
        for fault in report.faults {
            let line = fault.line ?? 0
            #expect(line >= 1 && line <= lines + 1, "\(fault)")
            #expect(!fault.message.isEmpty && !fault.remedy.isEmpty)
        }
    }

    private func mutate(_ bytes: inout [UInt8], _ alphabet: [UInt8], _ stream: inout RandomStream) {
        guard !bytes.isEmpty else { return }
        let position = stream.index(below: bytes.count)
        switch stream.index(below: 5) {
        case 0: bytes.remove(at: position)
        case 1: bytes.insert(alphabet[stream.index(below: alphabet.count)], at: position)
        case 2: bytes[position] = alphabet[stream.index(below: alphabet.count)]
        case 3: bytes[position] ^= 1 << UInt8(stream.index(below: 8))
        default:
            let end = min(bytes.count, position + stream.index(below: 40))
            bytes.insert(contentsOf: bytes[position..<end], at: stream.index(below: bytes.count))
        }
    }
}

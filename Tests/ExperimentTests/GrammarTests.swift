import Experiment
import Foundation
import Testing

/// docs/scenario.md says what the reader does.
@Suite struct GrammarTests {
    private let document: String
    private let partitions: String

    init() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        document = try String(contentsOf: root.appendingPathComponent("docs/scenario.md"), encoding: .utf8)
        partitions = try String(
            contentsOf: root.appendingPathComponent("docs/partitions.md"), encoding: .utf8)
    }

    @Test func everyKeyIsDocumentedAsItIs() {
        // scripts/generate-grammar asks for the rows to write them into the document.
        if let path = ProcessInfo.processInfo.environment["TRIBUTARY_GRAMMAR"] {
            let text = Grammar.entries.map(\.markdownRow).joined(separator: "\n")
            try? text.write(toFile: path, atomically: true, encoding: .utf8)
            return
        }
        let rows = Set(document.split(separator: "\n").filter { $0.hasPrefix("| `") }.map(String.init))
        for entry in Grammar.entries {
            if !rows.contains(entry.markdownRow) {
                Issue.record("run scripts/generate-grammar; docs/scenario.md lacks \(entry.markdownRow)")
            }
        }
        #expect(rows.count == Grammar.entries.count)
    }

    @Test func everyExampleLoads() {
        let blocks = [document, partitions].flatMap { $0.components(separatedBy: "```yaml\n").dropFirst() }
        #expect(blocks.count >= 12)
        for block in blocks {
            let text = block.components(separatedBy: "\n```")[0] + "\n"
            #expect(faults(of: text).isEmpty, "\(text)\n\(faults(of: text))")
        }
    }

    @Test func everyPartitionHasASection() {
        let kinds = Grammar.entries.first { $0.path == "dataset.partition.kind" }?.type ?? ""
        let headings = partitions.split(separator: "\n").filter { $0.hasPrefix("### ") }.joined(
            separator: " ")
        let names = kinds.replacing("one of ", with: "").split(separator: ",").map {
            $0.trimmingPrefix(" ")
        }
        #expect(names.count == 9)
        for name in names { #expect(headings.contains(name), "docs/partitions.md lacks \(name)") }
    }

    @Test func everyKeyHasOneEntryForEachCondition() {
        let keys = Grammar.entries.map { "\($0.path) \($0.conditions)" }
        #expect(Set(keys).count == keys.count)
        let required = Grammar.entries.filter { $0.fallback == nil && $0.conditions.count <= 1 }.map(\.path)
        #expect(required.contains("dataset.name") && required.contains("model"))
        #expect(Grammar.entries.allSatisfy { !$0.meaning.isEmpty && !$0.type.isEmpty })
    }
}

import Experiment
import Report
import Testing

@Suite struct SplitSweepTests {
    /// The main mode with 0.75 and 0.875: mean 0.8125, deviation 0.125 / sqrt(2). Nothing in it is about students.
    @Test func modesHaveMeansAndDeviations() throws {
        let document = try SweepDocument.load(
            text: """
                base: base.yaml
                matrix: {bottleneck.bits: [8]}
                seeds: [1, 2]
                """, file: "sweep.yaml", name: "sweep")
        let base = """
            kind: split_computing
            dataset: {name: fashion_mnist}
            teacher: {model: {name: resnet8}}
            bottleneck: {version: 3, channels: [3]}
            """
        var record = SweepRecord(try document.cells(base: base, baseFile: "base.yaml"))
        for cell in 0..<2 {
            let run = try SampleSplitRun(lift: 0.125 * Double(cell))
            record.set(.finished, SweepMeasures(try RecordedRun(run.directory)), cell: cell)
        }
        let text = record.text
        #expect(text.contains("8     bottlefit_3         2  0.8125 ± 0.0884\n"), "\(text)")
        #expect(
            text.hasSuffix(
                "\nAccuracies are over the test images, the final one that of the mode that a run is about.\n"
            ),
            "\(text)")
        #expect(!text.contains("students"))
    }
}

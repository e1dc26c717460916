import Datasets
import Foundation
import Report
import Testing

@Suite struct PartitionPictureTests {
    private static func summary(clients: Int, classes: Int) -> PartitionSummary {
        let labels = (0..<clients * 3).map { UInt8($0 % classes) }
        let lists = (0..<clients).map { client in (0..<3).map { UInt32(client * 3 + $0) } }
        return Partition(clients: lists, dropped: [], labels: labels, classes: classes).summary()
    }

    @Test func theTableNamesClassesByFrequency() {
        let summary = Partition(
            clients: [[0, 1, 2, 3], [4, 5], []], dropped: [], labels: [2, 0, 2, 1, 1, 1], classes: 3
        ).summary()
        #expect(
            PartitionTable(summary, heldOut: [1, 0, 0], rows: 3).text == """
                client  samples  held out  divergence  label:samples
                     0        4         1       0.049  2:2 0:1 1:1
                     1        2         0       0.311  1:2
                     2        0         0

                """)
        #expect(
            PartitionTable(summary, heldOut: [1, 0, 0], rows: 1).text.hasSuffix("\nand 2 more clients\n"))
        #expect(PartitionTable(summary, heldOut: [1, 0, 0], rows: 0).text.isEmpty)
        let many = Partition(
            clients: [Array(0..<14)], dropped: [], labels: Array(0..<14), classes: 20
        ).summary()
        #expect(PartitionTable(many, heldOut: [0], rows: 9).text.hasSuffix("8:1 9:1 and 4 more\n"))
    }

    /// Few clients give discs, many a map; names from elsewhere reach no command of gnuplot.
    @Test(arguments: [1, 40, 41, 300]) func pictures(clients: Int) throws {
        let gnuplot = try #require(Gnuplot(executable: "/usr/bin/gnuplot"))
        for classes in [1, 10, 62] {
            let plot = PartitionPlot(
                Self.summary(clients: clients, classes: classes), title: "a\" ; exit\n `b` 'c' \\")
            let svg = String(decoding: try plot.picture(.svg, gnuplot), as: UTF8.self)
            #expect(svg.contains("<svg") && svg.contains("</svg>"))
            #expect(try plot.picture(.svg, gnuplot) == plot.picture(.svg, gnuplot))
        }
        let png = try PartitionPlot(Self.summary(clients: clients, classes: 10), title: "d").picture(
            .png, gnuplot)
        #expect(Array(png[..<4]) == [0x89, 0x50, 0x4E, 0x47])
    }

    @Test func aProgramThatIsNotGnuplot() throws {
        let other = try #require(Gnuplot(executable: "/bin/false"))
        #expect(throws: PictureError.self) {
            try PartitionPlot(Self.summary(clients: 2, classes: 2), title: "d").picture(.svg, other)
        }
        let idle = try #require(Gnuplot(executable: "/bin/true"))
        #expect(throws: PictureError.self) {
            try PartitionPlot(Self.summary(clients: 2, classes: 2), title: "d").picture(.svg, idle)
        }
        let script = NSTemporaryDirectory() + "endless-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: script) }
        try "#!/bin/sh\nsleep 5\n".write(toFile: script, atomically: false, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: script)
        let endless = try #require(Gnuplot(executable: script, patience: 0.2))
        let error = try #require(throws: PictureError.self) {
            try PartitionPlot(Self.summary(clients: 2, classes: 2), title: "d").picture(.svg, endless)
        }
        #expect("\(error)".contains("did not end within 0.2 s"))
    }
}

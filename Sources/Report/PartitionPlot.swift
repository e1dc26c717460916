import Datasets
import Foundation

/// Clients against classes: how many samples of each class each client has. Discs, whose area is the number, for few
/// clients; a map of shades for many.
public struct PartitionPlot: Sendable {
    public enum Format: String, Sendable {
        case svg, png
    }

    /// Clients of a picture with discs.
    private static let discLimit = 40
    /// Clients of a map; more are left out, and the picture says so.
    private static let clientLimit = 1000

    private let histograms: [[Int]]
    private let title: String
    private var classes: Int { histograms[0].count }

    /// - Parameter title: names data and rule; only letters, digits and simple marks of it are shown.
    /// - Precondition: there is at least one client.
    public init(_ summary: PartitionSummary, title: String) {
        precondition(summary.clients > 0, "a picture of nobody")
        histograms = Array(summary.clientHistograms.prefix(Self.clientLimit))
        let left = summary.clients - histograms.count
        let plain = title.filter { $0.isLetter || $0.isNumber || " _-.,:".contains($0) }
        let clients = summary.clients == 1 ? "1 client" : "\(summary.clients) clients"
        self.title = "\(plain), \(clients)" + (left > 0 ? ", the first \(histograms.count) of them" : "")
    }

    /// The picture as the bytes of a file.
    public func picture(_ format: Format, _ gnuplot: Gnuplot) throws(PictureError) -> [UInt8] {
        let directory = NSTemporaryDirectory() + "tributary-plot-\(UUID().uuidString)"
        let files = FileManager.default
        defer { try? files.removeItem(atPath: directory) }
        do {
            try files.createDirectory(atPath: directory, withIntermediateDirectories: true)
            try script(format).write(toFile: directory + "/partition.gp", atomically: false, encoding: .utf8)
        } catch {
            throw PictureError("\(directory) cannot be written: \(error.localizedDescription)")
        }
        if let failure = gnuplot.run(script: "partition.gp", in: directory) { throw PictureError(failure) }
        guard let picture = files.contents(atPath: "\(directory)/partition.\(format)"), !picture.isEmpty
        else {
            throw PictureError("gnuplot drew nothing")
        }
        return Array(picture)
    }

    /// Everything that gnuplot needs, data included.
    func script(_ format: Format) -> String {
        let (width, height) = (min(max(260 + 22 * histograms.count, 480), 1000), min(150 + 20 * classes, 900))
        let terminal =
            switch format {
            case .svg: "svg size \(width),\(height) dynamic background rgb \"white\" font \"sans-serif,13\""
            case .png: "pngcairo size \(width),\(height) background rgb \"white\" font \"sans,10\""
            }
        return """
            set terminal \(terminal)
            set output "partition.\(format)"
            set title '\(title)' noenhanced
            set xlabel "client"
            set ylabel "class"
            set xrange [-0.6:\(histograms.count - 1).6]
            set yrange [-0.6:\(classes - 1).6]
            set tics out nomirror
            \(classes <= Self.discLimit ? "set ytics 1" : "set ytics auto")
            \(histograms.count <= Self.discLimit ? "set xtics 1" : "set xtics auto")
            set cbrange [0:*]

            """ + (histograms.count <= Self.discLimit ? discs : map)
    }

    private var discs: String {
        let greatest = histograms.joined().max() ?? 1
        let rows = histograms.enumerated().map { client, histogram in
            histogram.enumerated().filter { $0.element > 0 }.map { "\(client) \($0.offset) \($0.element)\n" }
                .joined()
        }.joined()
        // A cell is about 22 pixels wide, and a disc of point size 1 about 6.
        return """
            unset key
            set grid linecolor rgb "#dddddd"
            $data << EOD
            \(rows)EOD
            plot $data using 1:2:(3*sqrt($3/\(max(greatest, 1)).0)) with points pointtype 7 pointsize variable \\
                linecolor rgb "#0072b2"

            """
    }

    private var map: String {
        let rows = (0..<classes).map { label in
            histograms.map { "\($0[label])" }.joined(separator: " ") + "\n"
        }.joined()
        return """
            unset key
            set palette defined (0 "white", 0.02 "#d6e6f4", 0.3 "#6baed6", 1 "#08306b")
            set cblabel "samples"
            $data << EOD
            \(rows)EOD
            plot $data matrix using 1:2:3 with image pixels

            """
    }
}

/// Why a picture could not be drawn.
public struct PictureError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}

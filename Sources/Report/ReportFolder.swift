import Experiment
import Foundation

/// Where the files of a report are put, each in one step, and which of them are there.
struct ReportFolder {
    let path: String
    /// Relative to `path`, in the order in which they were written.
    private(set) var files: [String] = []
    /// Why pictures are missing; nil when all are there.
    private(set) var note: String?

    init(_ path: String) { self.path = path }

    mutating func write(_ text: String, to name: String) throws(RunDirectoryError) {
        let file = try AtomicFile(at: "\(path)/\(name)")
        file.write(text)
        try file.commit()
        files.append(name)
    }

    /// Scripts and pictures in `plots/`. A picture that cannot be drawn is left out, and `note` says why.
    mutating func draw(_ drawings: [any Drawing], _ gnuplot: Gnuplot?) throws(RunDirectoryError) -> [Picture]
    {
        guard let gnuplot else {
            note =
                "Pictures are missing: gnuplot was not found. Install it with `\(Gnuplot.installRemedy)`"
                + " and make the report again."
            return []
        }
        let folder = RunDirectory.Name.plots
        try make(folder)
        var pictures: [Picture] = []
        for drawing in drawings {
            let (script, picture) = ("\(folder)/\(drawing.name).gp", "\(folder)/\(drawing.name).svg")
            try write(drawing.script, to: script)
            let failure = gnuplot.run(script: "\(drawing.name).gp", in: "\(path)/\(folder)")
            // gnuplot writes in place: what it did not finish is no picture.
            if failure != nil { try? FileManager.default.removeItem(atPath: "\(path)/\(picture)") }
            guard failure == nil, let svg = FileManager.default.contents(atPath: "\(path)/\(picture)") else {
                note = "Pictures are missing: \(failure ?? "gnuplot wrote no \(picture)")."
                files.removeLast()
                continue
            }
            files.append(picture)
            pictures.append(
                Picture(
                    caption: drawing.caption, svg: Picture.inline(String(decoding: svg, as: UTF8.self))))
        }
        return pictures
    }

    /// A directory within, or with an empty name the folder itself.
    func make(_ name: String = "") throws(RunDirectoryError) {
        let place = name.isEmpty ? path : "\(path)/\(name)"
        do {
            try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        } catch {
            throw RunDirectoryError(
                .cannotCreate, path: place, "cannot be created (\(error.localizedDescription))",
                remedy: "check space and permissions above it")
        }
    }
}

/// A plot as part of a page.
struct Picture: Sendable, Equatable {
    var caption: String
    var svg: String

    /// An SVG document without what only a file of its own needs.
    static func inline(_ document: String) -> String {
        guard let start = document.range(of: "<svg") else { return "" }
        return String(document[start.lowerBound...])
    }
}

import ArgumentParser
import Experiment
import Foundation
import Networks

struct ModelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model",
        abstract: "What the blocks of a network give and cost.",
        discussion: """
            Example: tributary model resnet20 --input 3x32x32 --classes 10

            Parameters are trainable values, MACs the multiply-accumulates of one sample's forward pass. Bytes are \
            of Float32: weights with the running statistics of norms, activations of one sample.

            Networks, in whose names capitals stand for parameters:
            \(catalogue)
            """)

    @Argument(help: "Network of the zoo.") var name: String
    @Option(help: "One sample: channels, height and width, or a number of features.") var input: InputShape =
        InputShape(shape: Shape(channels: 3, height: 32, width: 32))
    @Option(help: "Classes.") var classes = 10
    @Flag(help: "Print one JSON document on standard output.") var json = false

    func validate() throws {
        guard (1...1_000_000).contains(classes) else {
            throw ValidationError("--classes is \(classes); give a whole number from 1 to 1000000.")
        }
    }

    func run() throws {
        guard let spec = ModelSpec.named(name, classes: classes) else {
            let known = Set(ModelSpec.zoo.flatMap { [$0.pattern, $0.example] })
            let near = nearest(to: name, among: Array(known.subtracting([name])), count: 3)
            let remedy =
                near.isEmpty
                ? "write one of \(ModelSpec.names.joined(separator: ", "))"
                : "nearest are \(near.joined(separator: ", ")); `tributary model --help` lists all"
            throw Failure("\(name): is no network of the zoo; \(remedy)", code: .badData)
        }
        let table = ModelTable(try NetworkPlan(spec: spec, input: input.shape, classes: classes))
        if json { try printJSON(table) } else { print(table.text) }
    }

    private static var catalogue: String {
        let width = (ModelSpec.names.map(\.count).max() ?? 0) + 2
        return ModelSpec.zoo.map {
            "  \($0.pattern)\(String(repeating: " ", count: width - $0.pattern.count))\($0.meaning)"
        }.joined(separator: "\n")
    }
}

/// A sample's shape as it is written on the command line, such as 3x32x32.
struct InputShape: ExpressibleByArgument, CustomStringConvertible {
    private static let limit = 1 << 16

    let shape: Shape

    init(shape: Shape) { self.shape = shape }

    init?(argument: String) {
        let parts = argument.split(separator: "x", omittingEmptySubsequences: false)
        let sides = parts.compactMap { part in
            Int(part).flatMap { (1...Self.limit).contains($0) ? $0 : nil }
        }
        guard sides.count == parts.count, sides.count == 1 || sides.count == 3 else { return nil }
        shape =
            sides.count == 1
            ? Shape(channels: sides[0]) : Shape(channels: sides[0], height: sides[1], width: sides[2])
        guard shape.count <= Self.limit * Self.limit else { return nil }
    }

    var description: String { "\(shape.channels)x\(shape.height)x\(shape.width)" }
    var defaultValueDescription: String { description }
}

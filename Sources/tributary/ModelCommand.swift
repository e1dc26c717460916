import ArgumentParser
import Datasets
import Experiment
import Foundation
import Methods
import Networks

struct ModelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model",
        abstract: "What the blocks of a network give and cost.",
        discussion: """
            Example: tributary model resnet20 --input 3x32x32 --classes 10
            Example: tributary model --scenario scenarios/mlp.yaml

            Parameters are trainable values, MACs the multiply-accumulates of one sample's forward pass. Bytes are \
            of Float32: weights with the running statistics of norms, activations of one sample.

            Networks, in whose names capitals stand for parameters:
            \(catalogue)
            """)

    @Argument(help: "Network of the zoo.") var name: String?
    @Option(
        name: .customLong("scenario"),
        help: ArgumentHelp(
            "Scenario whose network to show, for its data set's samples and classes.", valueName: "file"))
    var file: String?
    @OptionGroup var scenario: ScenarioOptions
    @Option(help: "One sample: channels, height and width, or a number of features. Default: 3x32x32.")
    var input: InputShape?
    @Option(help: "Classes. Default: 10.") var classes: Int?
    @Flag(help: "Print one JSON document on standard output.") var json = false

    func validate() throws {
        guard (name == nil) != (file == nil) else {
            throw ValidationError("Give either the name of a network or --scenario.")
        }
        guard file == nil || input == nil && classes == nil else {
            throw ValidationError("--input and --classes follow from --scenario; leave them out.")
        }
        guard file != nil || scenario.overrides.isEmpty else {
            throw ValidationError("--set changes a scenario; give --scenario, too.")
        }
        if let classes, !(1...1_000_000).contains(classes) {
            throw ValidationError("--classes is \(classes); give a whole number from 1 to 1000000.")
        }
    }

    func run() throws {
        let table = ModelTable(
            try file.map(plan(ofScenario:)) ?? zooPlan(name ?? "", input: input, classes: classes))
        if json { try printJSON(table) } else { try printText(table.text) }
    }

    private func plan(ofScenario file: String) throws -> NetworkPlan {
        switch try scenario.load(file).kind {
        case .federated(let it):
            try NetworkPlan(spec: it.model, input: it.dataset.inputShape, classes: it.dataset.classCount)
        case .distributedInference(let it): try plan(it.teacher, it.dataset)
        case .splitComputing(let it): try plan(it.teacher, it.dataset)
        }
    }

    private func plan(_ teacher: TeacherSpec, _ dataset: DatasetSpec) throws -> NetworkPlan {
        try NetworkPlan(spec: teacher.model, input: dataset.inputShape, classes: dataset.classCount)
    }

    private static var catalogue: String {
        let width = (ModelSpec.names.map(\.count).max() ?? 0) + 2
        return ModelSpec.zoo.map {
            "  \($0.pattern)\(String(repeating: " ", count: width - $0.pattern.count))\($0.meaning)"
        }.joined(separator: "\n")
    }
}

/// The plan of a network of the zoo; without `input` for 3 x 32 x 32, without `classes` for 10.
func zooPlan(_ name: String, input: InputShape?, classes: Int?) throws -> NetworkPlan {
    let classes = classes ?? 10
    guard let spec = ModelSpec.named(name, classes: classes) else {
        let known = Set(ModelSpec.zoo.flatMap { [$0.pattern, $0.example] })
        let near = nearest(to: name, among: Array(known.subtracting([name])), count: 3)
        let remedy =
            ModelSpec.family(of: name)?.rule
            ?? (near.isEmpty
                ? "write one of \(ModelSpec.names.joined(separator: ", "))"
                : "nearest are \(near.joined(separator: ", ")); `tributary model --help` lists all")
        throw Failure("\(name): is no network of the zoo; \(remedy)", code: .badData)
    }
    let shape = input?.shape ?? Shape(channels: 3, height: 32, width: 32)
    return try NetworkPlan(spec: spec, input: shape, classes: classes)
}

/// A sample's shape as it is written on the command line, such as 3x32x32.
struct InputShape: ExpressibleByArgument {
    private static let limit = 1 << 16

    let shape: Shape

    init(_ shape: Shape) { self.shape = shape }

    var defaultValueDescription: String {
        shape.height * shape.width == 1
            ? "\(shape.channels)" : "\(shape.channels)x\(shape.height)x\(shape.width)"
    }

    init?(argument: String) {
        let inner =
            argument.hasPrefix("[") && argument.hasSuffix("]")
            ? argument.dropFirst().dropLast() : argument[...]
        let parts = inner.split(omittingEmptySubsequences: false) { $0 == "x" || $0 == "," }.map {
            $0.trimmingPrefix { $0 == " " }
        }
        let sides = parts.compactMap { part in
            Int(part).flatMap { (1...Self.limit).contains($0) ? $0 : nil }
        }
        guard sides.count == parts.count, sides.count == 1 || sides.count == 3 else { return nil }
        shape =
            sides.count == 1
            ? Shape(channels: sides[0]) : Shape(channels: sides[0], height: sides[1], width: sides[2])
        guard shape.count <= Self.limit * Self.limit else { return nil }
    }
}

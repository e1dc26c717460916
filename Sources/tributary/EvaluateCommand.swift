import ArgumentParser
import Datasets
import Experiment
import Foundation
import Methods
import Networks
import Runtime
import TensorMath

struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Accuracy and loss of a model file on a scenario's global test split.",
        discussion: """
            Example: tributary evaluate --model runs/quickstart/model.safetensors \\
                       --scenario scenarios/quickstart.yaml --json
            """)

    @Option(help: "Model file (safetensors).") var model: String
    @Option(help: "Scenario file, or the scenario.yaml of a run.") var scenario: String
    @OptionGroup var changes: ScenarioOptions
    @Flag(help: "Print one JSON document on standard output.") var json = false

    private struct Report: Encodable {
        let accuracy: Double
        /// null in JSON where the model gives no finite one.
        let loss: Measured
        let samples: Int
    }

    func run() throws {
        guard FileManager.default.fileExists(atPath: model) else {
            throw Failure("\(model) does not exist; name a .safetensors file", code: .missingInput)
        }
        let scenario = try changes.load(scenario)
        let result =
            switch scenario.kind {
            case .federated(let configuration): try evaluate(configuration)
            case .distributedInference(let configuration): try evaluate(configuration)
            case .splitComputing(let configuration): try evaluate(configuration)
            }
        if json { return try printJSON(result) }
        try printText(
            "accuracy \(result.accuracy)\nloss     \(result.loss.value)\nsamples  \(result.samples)")
    }

    private func evaluate(_ configuration: FederatedConfiguration) throws -> Report {
        guard configuration.method.hasGlobalModel else {
            throw Failure(
                "\(self.scenario): method.name: \(configuration.method.name) has no global model, so there is nothing to "
                    + "evaluate on the global test split; see local_test in the run's rounds.csv, and the clients' own "
                    + "models in personal.safetensors",
                code: .badData)
        }
        let dataset = try Dataset.load(configuration.dataset, seed: configuration.seed)
        let setup = try FederatedSetup(configuration, labels: dataset.labels)
        let parameters = FloatBuffer(count: setup.plan.layout.count)
        try SafetensorsFile(path: model).load(setup.plan.layout, into: parameters.view)
        try requireFinite(parameters.view, setup.plan.layout)
        return try evaluate(setup.payload(of: parameters.view), configuration, dataset, setup)
    }

    /// Of the teacher, on the test images that contenders are asked.
    private func evaluate(_ configuration: DistributedInferenceConfiguration) throws -> Report {
        let file = try SafetensorsFile(path: model)
        guard !file.tensors.contains(where: { $0.name.contains("/") }) else {
            throw Failure(
                "\(model): students of distributed inference are not evaluated alone, for what they look like follows from "
                    + "the teacher; see their accuracy in the run's contenders.csv, or name its teacher.safetensors",
                code: .badData)
        }
        let dataset = try Dataset.load(configuration.dataset, seed: configuration.seed)
        let plan = try InferenceSetup(configuration, dataset: dataset).teacher
        let parameters = FloatBuffer(count: plan.layout.count)
        try file.load(plan.layout, into: parameters.view)
        try requireFinite(parameters.view, plan.layout)
        let images = min(configuration.deployment.images ?? dataset.test.count, dataset.test.count)
        let executor = try InferenceExecutor(configuration: configuration, dataset: dataset, teacher: plan)
        return try evaluate(
            ObjectBytes(parameters.view), executor, .teacherOutputs,
            participation: InferenceExecutor.testPart,
            images: images, layout: plan.layout.digest)
    }

    /// Of the teacher, or of the divided network that a run was about, with values that cross the link as they are.
    private func evaluate(_ configuration: SplitComputingConfiguration) throws -> Report {
        let file = try SafetensorsFile(path: model)
        let dataset = try Dataset.load(configuration.dataset, seed: configuration.seed)
        let setup = try SplitSetup(configuration, dataset: dataset)
        let modes = configuration.modes
        let isDivided = file.metadata["mode"] != nil
        let mode = isDivided ? 0 : modes.firstIndex { $0.kind == .local }!
        let layout = try setup.layout(ofMode: mode)
        let parameters = FloatBuffer(count: layout.count)
        try file.load(layout, into: parameters.view)
        try requireFinite(parameters.view, layout)
        let images = min(configuration.deployment.images ?? dataset.test.count, dataset.test.count)
        let executor = try SplitExecutor(
            configuration: configuration, dataset: dataset, teacher: setup.teacher)
        return try evaluate(
            ObjectBytes(parameters.view), executor, .evaluateTest, client: mode, images: images,
            layout: layout.digest)
    }

    /// The same tasks as a run would compute.
    private func evaluate(
        _ model: ObjectBytes, _ executor: any TaskExecutor, _ kind: TaskSpec.Kind, client: Int? = nil,
        participation: Int = 0, images: Int, layout: [UInt8]
    ) throws -> Report {
        var (loss, correct) = (0.0, 0.0)
        let slice = FederatedProgram.evaluationSlice
        for first in stride(from: 0, to: images, by: slice) {
            let task = TaskSpec(
                id: UInt64(first) + 1, kind: kind, round: 1, client: client, participation: participation,
                first: first, count: min(slice, images - first), layout: layout,
                inputs: [ObjectReference(model)])
            let execution = try executor.begin(task, inputs: [model])
            var output: TaskOutput?
            while output == nil { output = try execution.advance() }
            loss += output!.metrics[0]
            correct += output!.metrics[1]
        }
        return Report(
            accuracy: correct / Double(images), loss: Measured(loss / Double(images)), samples: images)
    }

    /// A model with other values has no accuracy: the greatest of its outputs is nobody's.
    private func requireFinite(_ values: FloatView, _ layout: ParameterLayout) throws(Failure) {
        for segment in layout.segments {
            let part = values.slice(segment.offset, segment.count)
            guard let index = (0..<part.count).first(where: { !part[$0].isFinite }) else { continue }
            throw Failure(
                "\(model): \(segment.name), value \(index) is \(part[index]); "
                    + "take a model whose values are finite, such as one of an earlier checkpoint",
                code: .badData)
        }
    }

    /// The same tasks, in the same order, as a run would compute.
    private func evaluate(
        _ model: ObjectBytes, _ configuration: FederatedConfiguration, _ dataset: Dataset,
        _ setup: FederatedSetup
    ) throws -> Report {
        let executor = FederatedExecutor(
            configuration: configuration, dataset: dataset, holdings: setup.holdings, plan: setup.plan)
        return try evaluate(
            model, executor, .evaluateTest, images: setup.testCount, layout: setup.payloadDigest)
    }
}

import ArgumentParser
import Devices
import Experiment
import Foundation
import Networks
import Report

struct DevicesPredictCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict",
        abstract: "What a network takes on a device: seconds a layer, joules, memory.",
        discussion: """
            Example: tributary devices predict resnet18 --device jetson_nano --input 3x224x224 --classes 1000
            Example: tributary devices predict cnn --input 1x28x28 --device raspberry_pi_4 --batch 10 --training
            """)

    @Argument(help: "Network of the zoo, as in `tributary model`.") var model: String
    @Option(help: "Device profile: its name, or a file of your own.") var device: String
    @Option(help: "Samples at once.") var batch = 1
    @Flag(help: "A step of training: forward, backward, and plain SGD.") var training = false
    @Option(help: "One sample: channels, height and width, or a number of features. Default: 3x32x32.")
    var input: InputShape?
    @Option(help: "Classes. Default: 10.") var classes: Int?
    @Flag(help: "Print one JSON document on standard output.") var json = false

    private struct Document: Encodable {
        struct Layer: Encodable {
            let layer: String
            let kind: String
            let macs: UInt64
            let bytes: UInt64
            let seconds: Double
        }

        struct Memory: Encodable {
            let weights: UInt64
            let gradients: UInt64
            let optimizerState: UInt64
            let activations: UInt64
            let total: UInt64
        }

        let model: String
        let device: String
        let batch: Int
        let training: Bool
        let layers: [Layer]
        let macs: UInt64
        /// Of all layers; `seconds` has what a pass costs as such and the optimiser as well.
        let layerSeconds: Double
        let seconds: Double
        let joules: Double
        let joulesAboveIdle: Double
        let errorPercent: Double?
        let memoryBytes: Memory
        let deviceMemoryBytes: UInt64
        let fits: Bool
    }

    func validate() throws {
        guard (1...1_000_000).contains(batch) else {
            throw ValidationError("--batch is \(batch); give a whole number from 1 to 1000000.")
        }
        if let classes, !(1...1_000_000).contains(classes) {
            throw ValidationError("--classes is \(classes); give a whole number from 1 to 1000000.")
        }
    }

    func run() throws {
        let plan = try zooPlan(model, input: input, classes: classes)
        let profile = try ProfileCatalogue.device(device)
        let document = document(plan, profile)
        if json { try printJSON(document) } else { try printText(text(document, plan, profile)) }
    }

    private func document(_ plan: NetworkPlan, _ profile: DeviceProfile) -> Document {
        let layers = plan.deviceLayers()
        let costs = layers.map(\.cost)
        let factor = training ? 1 + profile.training.backwardFactor : 1
        let rows = layers.map {
            Document.Layer(
                layer: $0.name, kind: $0.cost.kind.rawValue, macs: $0.cost.macs,
                bytes: $0.cost.activationBytes + $0.cost.weightBytes,
                seconds: factor * profile.seconds(of: $0.cost, batch: batch))
        }
        let seconds =
            training
            ? profile.stepSeconds(costs, batch: batch, parameters: plan.parameterCount)
            : profile.forwardSeconds(costs, batch: batch)
        let memory =
            training
            ? DeviceMemory.training(costs, batch: batch, parameters: plan.parameterCount)
            : DeviceMemory.inference(costs, batch: batch, precision: profile.precision)
        return Document(
            model: plan.spec.name, device: profile.name, batch: batch, training: training, layers: rows,
            macs: costs.reduce(0) { $0 + $1.macs }, layerSeconds: rows.reduce(0) { $0 + $1.seconds },
            seconds: seconds, joules: profile.computingJoules(seconds),
            joulesAboveIdle: profile.computingJoules(seconds) - profile.idleJoules(seconds),
            errorPercent: profile.speed.errorPercent,
            memoryBytes: .init(
                weights: memory.weights, gradients: memory.gradients, optimizerState: memory.optimizerState,
                activations: memory.activations, total: memory.total),
            deviceMemoryBytes: profile.memory.bytes, fits: profile.holds(memory))
    }

    private func text(_ document: Document, _ plan: NetworkPlan, _ profile: DeviceProfile) -> String {
        var table = TextTable(["layer", "kind", ">MACs", ">bytes", ">ms", ">share"])
        func milliseconds(_ seconds: Double) -> String { String(format: "%.4f", 1000 * seconds) }
        func share(_ seconds: Double) -> String {
            String(format: "%.1f %%", 100 * seconds / document.seconds)
        }
        for row in document.layers {
            table.append([
                row.layer, row.kind, "\(row.macs)", "\(row.bytes)", milliseconds(row.seconds),
                share(row.seconds),
            ])
        }
        let rest = document.seconds - document.layerSeconds
        let bytes = document.layers.reduce(0) { $0 + $1.bytes }
        table.append([training ? "pass and optimiser" : "pass", "", "", "", milliseconds(rest), share(rest)])
        table.append([
            "total", "", "\(document.macs)", "\(bytes)", milliseconds(document.seconds),
            share(document.seconds),
        ])
        let work = training ? "one step of training" : "one forward pass"
        let memory = document.memoryBytes
        let room = document.fits ? "fits" : "does not fit"
        let error = document.errorPercent.map { String(format: ", error of the profile %.3g %%", $0) } ?? ""
        return """
            \(document.model), input \(plan.input), \(plan.classes) classes: \(work) of \(batch) on \(profile.name)

            \(table.text)
            time    \(String(format: "%.6g", document.seconds)) s\(error)
            energy  \(String(format: "%.4g J, of which %.4g J above idle", document.joules, document.joulesAboveIdle))
            memory  \(memory.total) B (weights \(memory.weights), gradients \(memory.gradients), activations \
            \(memory.activations)): \(room) in \(document.deviceMemoryBytes) B
            """
    }
}

import Foundation
import Networks

/// What a network's blocks give and cost, as rows and as text.
struct ModelTable: Encodable {
    struct Row: Encodable {
        let block: String
        let output: [Int]
        let parameters: Int
        let macs: UInt64
        let weightBytes: UInt64
        let activationBytes: UInt64
    }

    let name: String
    let input: [Int]
    let classes: Int
    let blocks: [Row]
    let parameters: Int
    /// Running statistics, which are not trained.
    let bufferValues: Int
    let macs: UInt64
    let weightBytes: UInt64
    /// Of all blocks together, which training keeps; blocks that only rename values have none.
    let activationBytes: UInt64

    init(_ plan: NetworkPlan) {
        name = plan.spec.name
        input = Self.sides(plan.input)
        classes = plan.classes
        blocks = plan.blocks.map {
            Row(
                block: $0.name, output: Self.sides($0.output), parameters: $0.parameterCount,
                macs: $0.cost.macs, weightBytes: $0.cost.weightBytes, activationBytes: $0.cost.outputBytes)
        }
        parameters = plan.parameterCount
        bufferValues = plan.layout.count - plan.parameterCount
        macs = plan.macs
        weightBytes = blocks.reduce(0) { $0 + $1.weightBytes }
        activationBytes = blocks.reduce(0) { $0 + $1.activationBytes }
    }

    private static func sides(_ shape: Shape) -> [Int] { [shape.channels, shape.height, shape.width] }

    /// Columns of numbers end below each other.
    var text: String {
        func cells(
            _ block: String, _ output: [Int], _ parameters: Int, _ macs: UInt64, _ weights: UInt64,
            _ activations: UInt64
        ) -> [String] {
            [
                block, output.map(String.init).joined(separator: "x"), "\(parameters)", "\(macs)",
                "\(weights)", "\(activations)",
            ]
        }
        var lines = [["block", "output", "parameters", "MACs", "weight bytes", "activation bytes"]]
        lines += blocks.map {
            cells($0.block, $0.output, $0.parameters, $0.macs, $0.weightBytes, $0.activationBytes)
        }
        lines.append(
            cells("total", blocks.last?.output ?? input, parameters, macs, weightBytes, activationBytes))
        let widths = lines[0].indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        let rows = lines.map { line in
            line.enumerated().map { column, cell in
                let space = String(repeating: " ", count: widths[column] - cell.count)
                return column == 0 ? cell + space : space + cell
            }.joined(separator: "  ")
        }
        let title = "\(name), input \(input.map(String.init).joined(separator: "x")), \(classes) classes"
        let note = "\(bufferValues) values of running statistics are among the weights, not the parameters."
        return ([title, ""] + rows + (bufferValues > 0 ? ["", note] : [])).joined(separator: "\n")
    }
}

import Networks
import TensorMath

/// A network whose topmost blocks belong to its client: what FedPer and FedRep share.
struct PersonalBlocks {
    static let countMeaning = "Topmost blocks with weights that stay with their client; 1 is the classifier."
    static let batchNormWords = ["shared", "local_statistics", "local"]
    static let batchNormMeaning =
        "Batch norm below the personal blocks: `shared` averages all of it, `local_statistics` keeps running "
        + "statistics with the client, `local` its weights, too."

    let count: Int
    let batchNorm: String

    func exchange(_ plan: NetworkPlan) -> Exchange {
        let starts = plan.blockStarts
        let lowest = count < starts.count ? starts[starts.count - count] : 0
        let norms = plan.normSegments
        return Exchange(plan.layout, keeps: [.personal]) { segment in
            guard segment.layer < lowest else { return false }
            switch batchNorm {
            case "local_statistics": return segment.role == .trainable
            case "local": return !norms.contains(segment.name)
            default: return true
            }
        }
    }

    /// Names of the outermost blocks that belong to the client, and of those that do not.
    func split(_ plan: NetworkPlan) -> (personal: Set<String>, shared: Set<String>) {
        let starts = plan.blockStarts
        let lowest = starts[max(0, starts.count - count)]
        var personal: Set<String> = []
        var shared: Set<String> = []
        for segment in plan.layout.segments {
            let name = String(segment.name.split(separator: ".")[0])
            if segment.layer < lowest { shared.insert(name) } else { personal.insert(name) }
        }
        return (personal, shared)
    }

    func objections(_ plan: NetworkPlan) -> [MethodObjection] {
        let blocks = plan.blockStarts.count
        guard count >= blocks else { return [] }
        return [
            MethodObjection(
                "method.personal_blocks",
                "leaves nothing to share: \(plan.spec.name) has \(blocks) blocks with weights",
                remedy: blocks > 1
                    ? "give at most \(blocks - 1)" : "use a model of more blocks, or local_only")
        ]
    }
}

extension NetworkPlan {
    /// Names of all segments of norms, at any depth.
    var normSegments: Set<String> {
        Set(
            blocks.filter(\.spec.isNorm).flatMap { block in
                [block.weight, block.bias, block.runningMean, block.runningVariance].compactMap { $0?.name }
            })
    }
}

/// Why a teacher's knowledge cannot be divided as asked.
public enum PartitionFault: Error, Sendable, Equatable, CustomStringConvertible {
    /// A number below the least that has a meaning.
    case tooSmall(key: String, value: Int, least: Int)
    /// A percentile outside 0...100.
    case badPercentile(Double)
    /// A resolution that is not above zero.
    case badResolution(Double)
    /// Not one capacity for each part.
    case wrongCapacities(count: Int, parts: Int)
    /// A capacity that is not above zero.
    case badCapacity(part: Int, value: Double)
    /// The teacher gives no number for a filter.
    case notFinite(image: Int, filter: Int)
    /// Somebody would learn nothing.
    case moreParts(parts: Int, filters: Int)
    /// There is nothing to compare.
    case tooFewActive(active: Int, filters: Int)
    /// No two filters have weight between them.
    case noEdges(rule: PartitionRule)
    /// What is left after the isolated filters, or the largest group, does not reach for all parts.
    case tooFewKept(kept: Int, parts: Int, filters: Int, isolated: IsolatedFilters)

    public var description: String {
        switch self {
        case .tooSmall(let key, let value, let least):
            return "\(key) is \(value); set it to at least \(least)"
        case .badPercentile(let value):
            return "edge_percentile is \(value); set it to 0 (all edges stay) to 100 (only the greatest)"
        case .badResolution(let value):
            return "resolution is \(value); set it above 0, such as 1.43"
        case .wrongCapacities(let count, let parts):
            return "\(count) capacities for \(parts) parts; give one for each, or set balance to greedy"
        case .badCapacity(let part, let value):
            return "the capacity of part \(part) is \(value); give it one above 0, or set balance to greedy"
        case .notFinite(let image, let filter):
            return
                "filter \(filter) of the teacher answers image \(image) with no finite number; "
                + "lower the learning rate of the teacher's training"
        case .moreParts(let parts, let filters):
            return "\(parts) parts of \(filters) filters would leave some empty; "
                + "ask for at most \(filters) parts, or take a teacher with more filters"
        case .tooFewActive(let active, let filters):
            return
                "only \(active) of the teacher's \(filters) filters answer an image; train the teacher further, "
                + "take more images, or set rule to equal or random"
        case .noEdges(let rule):
            let alike =
                rule == .activationHub
                ? "set rule to co_activation, which links filters of equal activity, too, " : ""
            return "no two filters have weight between them in the rule \(rule.rawValue); "
                + "\(alike)raise top_filters, or take more images"
        case .tooFewKept(let kept, let parts, let filters, let isolated):
            let drops = isolated == .dropLargest ? "the largest group" : "filters without an edge"
            return
                "\(kept) of \(filters) filters are left without \(drops), too few for \(parts) parts; "
                + "lower edge_percentile, set isolated to cover, or ask for fewer parts"
        }
    }
}

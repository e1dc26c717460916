/// How a round's cohort is drawn.
public enum SelectionSpec: Sendable, Equatable {
    /// Without replacement, every client alike.
    case uniform
    /// One after the other, in the order of their numbers.
    case roundRobin
    /// Of `candidates` clients, drawn by their samples, those with the greatest loss; see `PowerOfChoice`.
    case powerOfChoice(candidates: Int)
    /// By statistical utility, with exploration; see `Oort`.
    case oort(Oort)

    /// The names that scenarios use.
    public static let names = ["uniform", "round_robin", "power_of_choice", "oort"]

    public var name: String {
        switch self {
        case .uniform: "uniform"
        case .roundRobin: "round_robin"
        case .powerOfChoice: "power_of_choice"
        case .oort: "oort"
        }
    }
}

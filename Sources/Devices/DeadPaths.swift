/// What a runtime does with layers on which the result does not depend: those that only see zeros, and those whose
/// output nobody reads.
public enum DeadPaths: String, Sendable, CaseIterable, Codable {
    /// Runs them, as eager runtimes do.
    case counted
    /// Leaves them out, as compilers of graphs do.
    case eliminated
}

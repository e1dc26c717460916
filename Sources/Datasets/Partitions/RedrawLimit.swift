/// Rules that draw again until a condition holds stop here: a partition is made in a few seconds or refused.
enum RedrawLimit {
    /// Random numbers that all draws of one rule may take together.
    private static let numbers = 5_000_000

    /// How often a rule may draw that takes `count` random numbers each time: at least 5 times, at most 10,000.
    static func draws(of count: Int) -> Int { min(max(numbers / max(count, 1), 5), 10_000) }
}

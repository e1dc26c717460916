/// Where gradients of values stand during the backward pass. Their memory is used again as soon as a gradient
/// has been handed on, and the gradient of a sum is, where nothing forbids it, also that of its terms.
struct GradientPlan {
    /// A step as the plan sees it.
    struct Step {
        let sources: [Int]
        /// Values of all samples' outputs.
        let count: Int
        let isSum: Bool
        /// Whether its backward pass overwrites the gradient of its output.
        let overwrites: Bool
        /// Whether anything that is to have a gradient lies at or below it.
        let needed: Bool
    }

    /// For each value the region of its gradient.
    private(set) var region: [Int?]
    /// Whether another value's gradient stands in the same memory at some time while this one's does.
    private(set) var isShared: [Bool]
    /// Sizes of the regions.
    private(set) var sizes: [Int] = []
    /// Room for a gradient that is to be added to another one.
    private(set) var scratch = 0
    private var holders: [Int] = []
    private let steps: [Step]
    private let readers: [[Int]]

    /// `inputCount`: values of the input where its gradient is wanted.
    init(steps: [Step], inputCount: Int?) {
        self.steps = steps
        var readers = [[Int]](repeating: [], count: steps.count)
        for (index, step) in steps.enumerated() where step.needed {
            for source in step.sources where source >= 0 { readers[source].append(index) }
        }
        self.readers = readers
        region = Array(repeating: nil, count: steps.count)
        isShared = Array(repeating: false, count: steps.count)
        var inputIsWritten = false
        for index in steps.indices.reversed() where steps[index].needed {
            let step = steps[index]
            if region[index] == nil { region[index] = take(step.count) }
            var sharing: [Int] = []
            for source in step.sources {
                if source < 0 {
                    if inputIsWritten { scratch = max(scratch, inputCount ?? 0) }
                    inputIsWritten = true
                    continue
                }
                if !steps[source].needed { continue }
                if region[source] != nil {
                    if !step.isSum { scratch = max(scratch, steps[source].count) }
                } else if canShare(source, of: index, with: sharing) {
                    region[source] = region[index]
                    holders[region[index]!] += 1
                    isShared[source] = true
                    sharing.append(source)
                } else {
                    region[source] = take(steps[source].count)
                }
            }
            holders[region[index]!] -= 1
        }
    }

    /// The smallest free region that is large enough, or else a larger or new one.
    private mutating func take(_ count: Int) -> Int {
        let free = holders.indices.filter { holders[$0] == 0 }
        let enough = free.filter { sizes[$0] >= count }.min { sizes[$0] < sizes[$1] }
        if let found = enough ?? free.max(by: { sizes[$0] < sizes[$1] }) {
            sizes[found] = max(sizes[found], count)
            holders[found] = 1
            return found
        }
        sizes.append(count)
        holders.append(1)
        return sizes.count - 1
    }

    /// Steps, besides `sum`, at which the gradient of `value` changes.
    private func changes(of value: Int, besides sum: Int) -> [Int] {
        readers[value].filter { $0 != sum } + (steps[value].overwrites ? [value] : [])
    }

    /// Whether `source`'s gradient may stand where that of the step `sum` does, as those of `sharing` already
    /// do: only one of them may change, and only when the others have been handed on.
    private func canShare(_ source: Int, of sum: Int, with sharing: [Int]) -> Bool {
        guard steps[sum].isSum, sum != steps.count - 1, holders[region[sum]!] == 1 + sharing.count else {
            return false
        }
        let all = sharing + [source]
        let changing = all.filter { !changes(of: $0, besides: sum).isEmpty }
        guard let first = changing.first else { return true }
        guard changing.count == 1, let latest = changes(of: first, besides: sum).max() else { return false }
        return all.allSatisfy { $0 == first || latest < $0 || (latest == $0 && !steps[$0].isSum) }
    }
}

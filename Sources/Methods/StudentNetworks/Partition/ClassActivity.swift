/// How much of the teacher's answer to each class is in each group of its filters: shows whether communities are
/// about classes, and what is lost with those that no student learns.
public struct ClassActivity: Sendable, Equatable {
    /// [classes]: normalised activity of all filters, summed over the images of the class.
    public let totals: [Double]
    /// [groups, classes]: the part of a class's total that a group of filters has, 0 to 1; 0 for a class to which no
    /// filter answers.
    public let shares: [[Double]]

    /// - Parameters:
    ///   - labels: [images]: classes of the images, true or predicted, below `classes`.
    ///   - groups: filters of each group: communities, parts, or those dropped.
    public init(_ activity: FilterActivity, labels: [Int], classes: Int, groups: [[Int]]) {
        precondition(labels.count == activity.images, "\(labels.count) labels of \(activity.images) images")
        precondition(labels.allSatisfy { 0 <= $0 && $0 < classes }, "labels outside 0..<\(classes)")
        var totals = [Double](repeating: 0, count: classes)
        var sums = [[Double]](repeating: totals, count: groups.count)
        for (image, label) in labels.enumerated() {
            let row = activity.normalized(image)
            totals[label] += row.reduce(0, +)
            for (group, members) in groups.enumerated() {
                sums[group][label] += members.reduce(0) { $0 + row[$1] }
            }
        }
        self.totals = totals
        shares = sums.map { sums in zip(sums, totals).map { $1 > 0 ? $0 / $1 : 0 } }
    }

    /// One observation a row, `group,class,share`; the share is empty for a class without activity.
    /// - Parameter names: [groups]: what to call them.
    public func csv(names: [String]) -> String {
        precondition(names.count == shares.count, "\(names.count) names of \(shares.count) groups")
        var text = "group,class,share\n"
        for (name, shares) in zip(names, shares) {
            for (label, share) in shares.enumerated() {
                text += "\(name),\(label),\(totals[label] > 0 ? "\(share)" : "")\n"
            }
        }
        return text
    }
}

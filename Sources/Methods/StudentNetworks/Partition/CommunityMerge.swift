/// Makes as many parts of a graph's communities as there are students.
///
/// The largest communities, one for each part, are the parts' seeds. Every other one, in descending order of size,
/// comes to the part that is then the least full: the one with the fewest filters for its room.
///
/// Deviations from the NoNN paper's program: there, communities of equal size become one community first, because they
/// are kept under their size, and where there are fewer communities than parts there are fewer parts. Here each
/// community stands for itself, and the largest is halved, by `SpectralCut`, until there are enough.
struct CommunityMerge {
    let graph: FilterGraph
    /// [parts]: relative; all equal where parts are to have equally many filters.
    let room: [Double]

    /// - Parameters:
    ///   - groups: disjoint, sorted communities.
    ///   - isolated: filters that are dealt out one by one when the communities are.
    /// - Returns: sorted parts; none is empty if there are as many filters.
    func parts(of groups: [[Int]], dealing isolated: [Int]) -> [[Int]] {
        var groups = groups
        while groups.count < room.count, let largest = groups.min(by: largerFirst), largest.count > 1 {
            groups.removeAll { $0 == largest }
            let half = (largest.count + 1) / 2
            groups += SpectralCut.groups(of: largest, in: graph, sizes: [half, largest.count - half])
        }
        groups.sort(by: largerFirst)
        var parts = [[Int]](repeating: [], count: room.count)
        let roomiestFirst = room.indices.sorted { (room[$1], $0) < (room[$0], $1) }
        for (part, seed) in zip(roomiestFirst, groups) { parts[part] = seed }
        for group in groups.dropFirst(room.count) { parts[leastFull(parts, with: group.count)] += group }
        return dealt(isolated, to: parts).map { $0.sorted() }
    }

    /// Deals filters one by one, to empty parts first.
    func dealt(_ filters: [Int], to parts: [[Int]]) -> [[Int]] {
        var parts = parts
        for filter in filters { parts[leastFull(parts, with: 1)].append(filter) }
        return parts.map { $0.sorted() }
    }

    /// The part that would be the least full with `count` filters more; an empty one before all others, the first of
    /// equal ones.
    private func leastFull(_ parts: [[Int]], with count: Int) -> Int {
        func fullness(_ part: Int) -> Double {
            parts[part].isEmpty ? 0 : Double(parts[part].count + count) / room[part]
        }
        return room.indices.min { (fullness($0), $0) < (fullness($1), $1) }!
    }
}

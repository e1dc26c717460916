/// The samples of each class, in their own order. O(samples + classes).
func samplesOfClasses(_ labels: [UInt8], classes: Int) -> [[UInt32]] {
    var counts = [Int](repeating: 0, count: classes)
    for label in labels { counts[Int(label)] += 1 }
    var samples = counts.map { count in
        var list: [UInt32] = []
        list.reserveCapacity(count)
        return list
    }
    for (sample, label) in labels.enumerated() { samples[Int(label)].append(UInt32(sample)) }
    return samples
}

/// Cuts a list into `parts` runs whose lengths differ by at most one; the longer ones come first, as
/// numpy.array_split cuts. Runs are empty where there are more parts than entries.
func cutEvenly<Entry>(_ list: [Entry], into parts: Int) -> [ArraySlice<Entry>] {
    let (size, longer) = list.count.quotientAndRemainder(dividingBy: parts)
    return (0..<parts).map { part in
        let start = part * size + min(part, longer)
        return list[start..<start + size + (part < longer ? 1 : 0)]
    }
}

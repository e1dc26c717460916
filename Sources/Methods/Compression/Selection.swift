import TensorMath

/// The positions, ascending, of the `count` greatest magnitudes, the first of equal ones.
///
/// `words` are bit patterns of floats, whose magnitudes have the order of their lower 31 bits. One histogram of the
/// upper 11 of these leaves few candidates, two more of 10 bits each find the least that is kept: O(n) in any case.
func greatest(_ count: Int, of words: Span<UInt32>) -> [UInt32] {
    precondition(count > 0 && count <= words.count && words.count <= Int(UInt32.max))
    var counts = [Int](repeating: 0, count: 1 << 11)
    counts.withUnsafeMutableBufferPointer { counts in
        for i in words.indices { counts[Int(words[i] & 0x7fff_ffff) >> 20] &+= 1 }
    }
    var wanted = count
    var least = takeGreatest(&wanted, counts)
    let candidates = places(
        of: words, from: least << 20, expecting: count - wanted + counts[Int(least)])
    for shift in [10, 0] as [UInt32] {
        counts = [Int](repeating: 0, count: 1 << 10)
        for place in candidates {
            let magnitude = words[Int(place)] & 0x7fff_ffff
            if magnitude >> (shift + 10) == least { counts[Int(magnitude >> shift & 0x3ff)] += 1 }
        }
        least = least << 10 | takeGreatest(&wanted, counts)
    }
    // Of those that equal the least, `wanted` are kept.
    return candidates.filter { place in
        let magnitude = words[Int(place)] & 0x7fff_ffff
        guard magnitude == least else { return magnitude > least }
        wanted -= 1
        return wanted >= 0
    }
}

/// The digit that the `wanted` greatest reach down to, given how often each digit comes, and leaves in `wanted` how
/// many of that digit are among them.
private func takeGreatest(_ wanted: inout Int, _ counts: [Int]) -> UInt32 {
    var digit = counts.count - 1
    while counts[digit] < wanted {
        wanted -= counts[digit]
        digit -= 1
    }
    return UInt32(digit)
}

/// Where magnitudes are `bottom` or more. Every place is written and counted afterwards: no branch to mispredict.
private func places(of words: Span<UInt32>, from bottom: UInt32, expecting count: Int) -> [UInt32] {
    [UInt32](unsafeUninitializedCapacity: count + 1) { places, found in
        for i in words.indices {
            places[found] = UInt32(truncatingIfNeeded: i)
            found &+= Int(truncatingIfNeeded: (bottom &- 1 &- (words[i] & 0x7fff_ffff)) >> 31)
        }
    }
}

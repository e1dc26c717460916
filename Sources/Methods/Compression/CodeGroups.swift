// Eight codes at once: neighbours are joined to pairs, pairs to fours, fours to eights, and parted again.

/// Eight codes of 1 to 8 bits, each in a byte of its own, without the bits between them; the first stays lowest.
func joined(_ codes: UInt64, bits: Int) -> UInt64 {
    let gap = UInt64(8 - bits)
    let pairs = codes & 0x00ff_00ff_00ff_00ff | (codes & 0xff00_ff00_ff00_ff00) >> gap
    let fours = pairs & 0x0000_ffff_0000_ffff | (pairs & 0xffff_0000_ffff_0000) >> (2 * gap)
    return fours & 0x0000_0000_ffff_ffff | (fours & 0xffff_ffff_0000_0000) >> (4 * gap)
}

/// The codes that were joined, each in a byte of its own. Bits above the eighth code have no effect.
func parted(_ word: UInt64, bits: Int) -> UInt64 {
    let gap = UInt64(8 - bits)
    let least = (UInt64(1) << UInt64(bits)) - 1
    let (ofPair, ofFour) = (least | least << UInt64(bits), UInt64(1) << UInt64(4 * bits) - 1)
    let fours = word & ofFour | word << (4 * gap) & (ofFour << 32)
    let pairs = fours & (ofPair * 0x1_0000_0001) | fours << (2 * gap) & (ofPair * 0x1_0000_0001 << 16)
    return pairs & (least * 0x0001_0001_0001_0001) | pairs << gap & (least * 0x0001_0001_0001_0001 << 8)
}

import TensorMath

/// Which versions of a client's state must stay, and where each stands.
///
/// A client has four slots: while one version is durable, another on its way to the disk and a third waits for its
/// turn, there is room for the newest. A version is written once and never changed; its slot is used again when
/// nothing can ask for it any more.
package struct StateVersions {
    package struct Version: Equatable {
        /// The round after which the client has this state.
        package let round: Int
        package let id: ObjectID
        /// Of the client's own: 0, 1, 2 or 3.
        package let slot: Int
    }

    package static let slots = 4

    /// Oldest first.
    package private(set) var versions: [Version] = []

    package init(_ versions: [Version] = []) { self.versions = versions }

    package var newest: Version? { versions.last }

    /// Makes room for the state after `round` and says where it goes. `pins` are the rounds that a run may still
    /// resume from. Versions that no pin needs are forgotten and returned.
    package mutating func add(round: Int, id: ObjectID, pins: [Int]) -> (slot: Int, forgotten: [Version]) {
        var kept: [Version] = []
        var forgotten: [Version] = []
        for (index, version) in versions.enumerated() {
            let next = index + 1 < versions.count ? versions[index + 1].round : round
            let isNeeded = pins.contains { version.round <= $0 && $0 < next }
            if isNeeded { kept.append(version) } else { forgotten.append(version) }
        }
        let free = (0..<Self.slots).first { slot in !kept.contains { $0.slot == slot } }
        guard let free else { preconditionFailure("more than \(Self.slots - 1) rounds to resume from") }
        kept.append(Version(round: round, id: id, slot: free))
        versions = kept
        return (free, forgotten)
    }
}

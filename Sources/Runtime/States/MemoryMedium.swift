import TensorMath

/// States in memory: for runs in one process.
public final class MemoryMedium: StateMedium {
    private struct Place: Hashable {
        let client: Int
        let slot: Int
    }

    private var places: [Place: (round: Int, state: ObjectBytes)] = [:]

    public init() {}

    public func write(_ state: ObjectBytes, client: Int, round: Int, slot: Int) {
        places[Place(client: client, slot: slot)] = (round, state)
    }

    public func read(client: Int, round: Int, slot: Int) -> ObjectBytes? {
        guard let place = places[Place(client: client, slot: slot)], place.round == round else { return nil }
        return place.state
    }
}

import Methods
import TensorMath

/// Where the bytes of client states are: numbered places, each written whole.
public protocol StateMedium: AnyObject {
    func write(_ state: ObjectBytes, client: Int, round: Int, slot: Int) throws(StateError)
    /// The state that was written there for that round, if it is whole.
    func read(client: Int, round: Int, slot: Int) throws(StateError) -> ObjectBytes?
}

/// Why a state cannot be kept or is not there.
public struct StateError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: Sendable, Equatable {
        case cannotWrite
        /// What should be there is not, or is something else.
        case damaged
    }

    public let kind: Kind
    public let description: String

    public init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }

    /// What is missing of a client's.
    static func damaged(_ client: Int, round: Int) -> StateError {
        StateError(
            .damaged,
            "the state of client \(client) after round \(round) is not there or is damaged; "
                + "take the run from a copy, or run it again")
    }
}

/// The newest state of every client, and older ones as long as a run may be resumed from their round.
public final class ClientStateStore {
    private let medium: any StateMedium
    private var clients: [Int: StateVersions] = [:]
    private var places: [ObjectID: [(client: Int, version: StateVersions.Version)]] = [:]
    /// What was read last: chunks of one object are asked for one after the other.
    private var recent: [ObjectBytes] = []

    /// An empty store.
    public init(medium: any StateMedium) { self.medium = medium }

    /// A store that goes on with what the medium must hold: for each client the round of its last state, and its name.
    public init(
        medium: any StateMedium, resuming states: [(client: Int, round: Int, id: ObjectID)]
    ) throws(StateError) {
        self.medium = medium
        for state in states {
            guard let version = try find(state) else {
                throw .damaged(state.client, round: state.round)
            }
            clients[state.client] = StateVersions([version])
            places[state.id, default: []].append((state.client, version))
        }
    }

    private func find(
        _ state: (client: Int, round: Int, id: ObjectID)
    ) throws(StateError) -> StateVersions.Version? {
        for slot in 0..<StateVersions.slots {
            let object = try medium.read(client: state.client, round: state.round, slot: slot)
            if object?.id == state.id {
                return StateVersions.Version(round: state.round, id: state.id, slot: slot)
            }
        }
        return nil
    }

    /// Keeps a state; `pins` are the rounds from which the run may have to be resumed.
    public func keep(_ state: ClientState, pins: [Int]) throws(StateError) {
        var versions = clients[state.client] ?? StateVersions()
        let (slot, forgotten) = versions.add(round: state.round, id: state.object.id, pins: pins)
        for version in forgotten { forget(version, of: state.client) }
        try medium.write(state.object, client: state.client, round: state.round, slot: slot)
        clients[state.client] = versions
        places[state.object.id, default: []].append((state.client, versions.newest!))
    }

    private func forget(_ version: StateVersions.Version, of client: Int) {
        places[version.id]?.removeAll { $0.client == client && $0.version == version }
        if places[version.id]?.isEmpty == true { places[version.id] = nil }
    }

    /// The state of that name, if it is kept.
    public func object(_ id: ObjectID) throws(StateError) -> ObjectBytes? {
        if let object = recent.first(where: { $0.id == id }) { return object }
        guard let place = places[id]?.first else { return nil }
        let (client, version) = place
        guard let object = try medium.read(client: client, round: version.round, slot: version.slot),
            object.id == id
        else { throw .damaged(client, round: version.round) }
        recent.append(object)
        if recent.count > 2 { recent.removeFirst() }
        return object
    }

    /// The newest state of a client.
    public func newest(of client: Int) throws(StateError) -> ObjectBytes? {
        guard let version = clients[client]?.newest else { return nil }
        return try object(version.id)
    }
}

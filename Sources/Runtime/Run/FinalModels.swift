import Experiment
import Methods
import Networks
import TensorMath

/// The models that a finished run leaves.
enum FinalModels {
    /// Writes `model.safetensors`: the model with what no client shares as it was at the start; where the method has no
    /// global model, the shared segments alone.
    static func writeGlobal(_ snapshot: Snapshot, setup: FederatedSetup, to directory: RunDirectory) throws {
        let exchange = setup.exchange
        let payload = FloatBuffer(count: exchange.payload.count).view
        let fits = snapshot.model.copy(into: payload)
        precondition(fits, "a payload of another layout")
        let path = directory.path(of: RunDirectory.Name.model)
        let metadata = ["round": "\(snapshot.round)"]
        guard setup.configuration.method.method.hasGlobalModel else {
            var shared = ParameterLayout()
            for segment in exchange.payload.segments where segment.offset < exchange.sharedCount {
                shared.append(
                    name: segment.name, shape: segment.shape, role: segment.role, layer: segment.layer)
            }
            return try SafetensorsFile.write(
                path: path, layout: shared, parameters: payload.slice(0, exchange.sharedCount),
                metadata: metadata)
        }
        let model = FloatBuffer(count: setup.plan.layout.count).view
        var stream = RandomStream(RandomKey(seed: setup.configuration.seed, purpose: .initialization))
        setup.plan.initialParameters(setup.configuration.initialization, stream: &stream, into: model)
        exchange.scatter(payload, into: model)
        try SafetensorsFile.write(
            path: path, layout: setup.plan.layout, parameters: model, metadata: metadata)
    }

    /// Writes `personal.safetensors`: `client-ID/SEGMENT` for every client that keeps something of a model of its own.
    static func writePersonal(
        _ clients: [Int], states: ClientStateStore, setup: FederatedSetup, to directory: RunDirectory
    ) throws {
        let method = setup.configuration.method.method
        guard method.keepsModel else { return }
        // What compression keeps besides stands behind it.
        let state = method.exchange(setup.plan).state
        var layout = ParameterLayout()
        for client in clients {
            for segment in state.segments {
                layout.append(
                    unchecked: "client-\(client)/\(segment.name)", shape: segment.shape, role: segment.role,
                    layer: segment.layer)
            }
        }
        let values = FloatBuffer(count: setup.exchange.state.count).view
        try SafetensorsFile.write(
            path: directory.path(of: RunDirectory.Name.personal), layout: layout, parts: clients.count
        ) { (index) throws(StateError) in
            guard let object = try states.newest(of: clients[index]), object.copy(into: values) else {
                throw StateError(
                    .damaged,
                    "the state of client \(clients[index]) is not there; take the run from a copy")
            }
            return values.slice(0, state.count)
        }
    }
}

import Networks
import TensorMath

/// What of a model travels between clients and server, and what a client keeps for itself.
///
/// Everything that travels is one flat buffer, the *payload*: the shared segments of the model in their order, then a
/// copy of the same segments for each further vector of the method. Everything that a client keeps is one flat buffer,
/// too, its *state*.
package struct Exchange: Sendable, Equatable {
    /// A part of a client's state.
    package enum Part: Sendable, Equatable {
        /// The segments that do not travel, under their own names.
        case personal
        /// A copy of the whole model, as `name.segment`.
        case model(String)
        /// A copy of the shared segments, as `name.segment`.
        case shared(String)
        /// A copy of all that travels, as `name.segment`.
        case payload(String)
        /// Some numbers.
        case numbers(String, count: Int)
    }

    /// Where a run of shared values stands in the model and in the payload.
    package struct Run: Sendable, Equatable {
        package let model: Int
        package let payload: Int
        package let count: Int
    }

    package let model: ParameterLayout
    package let payload: ParameterLayout
    /// Empty where clients keep nothing.
    package let state: ParameterLayout
    /// The shared values, in order.
    package let shared: [Run]
    /// The values of the model that do not travel; `payload` is their place in the state's part `personal`.
    package let personal: [Run]
    /// Shared values: the payload has one such block for the model and one for each further vector.
    package let sharedCount: Int
    private let parts: [(name: String, offset: Int, count: Int)]
    private let keeps: [Part]
    private let vectors: [String]

    /// The name under which a client keeps what its compressed updates lacked.
    package static let residual = "residual"

    /// `isShared` says which segments travel; `vectors` names what travels beside the model; `keeps` says what a client
    /// keeps.
    package init(
        _ model: ParameterLayout, vectors: [String] = [], keeps: [Part] = [],
        isShared: (Segment) -> Bool = { _ in true }
    ) {
        self.model = model
        self.keeps = keeps
        self.vectors = vectors
        let travelling = model.segments.filter(isShared)
        let staying = model.segments.filter { !isShared($0) }
        var payload = ParameterLayout()
        payload.append(travelling, prefix: "")
        sharedCount = payload.count
        for vector in vectors { payload.append(travelling, prefix: "\(vector).") }
        self.payload = payload
        shared = Self.runs(of: travelling)
        personal = Self.runs(of: staying)
        var state = ParameterLayout()
        var parts: [(name: String, offset: Int, count: Int)] = []
        for part in keeps {
            let offset = state.count
            let name: String
            switch part {
            case .personal:
                name = "personal"
                state.append(staying, prefix: "")
            case .model(let text):
                name = text
                state.append(model.segments, prefix: "\(text).")
            case .shared(let text):
                name = text
                state.append(travelling, prefix: "\(text).")
            case .payload(let text):
                name = text
                state.append(payload.segments, prefix: "\(text).")
            case .numbers(let text, let count):
                name = text
                state.append(name: text, shape: [count], role: .buffer, layer: 0)
            }
            parts.append((name, offset, state.count - offset))
        }
        self.state = state
        self.parts = parts
    }

    /// The same with a further part of the clients' state.
    func keeping(_ part: Part) -> Exchange {
        let names = Set(payload.segments.map(\.name))
        return Exchange(model, vectors: vectors, keeps: keeps + [part]) { names.contains($0.name) }
    }

    package static func == (a: Exchange, b: Exchange) -> Bool {
        a.model == b.model && a.payload == b.payload && a.state == b.state
    }

    /// Where the shared values stand, if they stand together.
    var soleRun: Run? { shared.count == 1 ? shared[0] : nil }

    /// Whether the payload is the model and nothing else.
    package var isWholeModel: Bool { payload == model }

    /// Whether what a client keeps is the model and nothing else.
    package var keepsWholeModel: Bool { state == model && keeps == [.personal] }

    /// Whether a client keeps the segments that do not travel.
    package var keepsPersonal: Bool { keeps.contains(.personal) }

    /// The values of a part of a client's state; `.personal`'s name is `personal`.
    package func part(_ name: String, of state: FloatView) -> FloatView {
        guard let part = parts.first(where: { $0.name == name }) else {
            preconditionFailure("clients keep no \(name)")
        }
        return state.slice(part.offset, part.count)
    }

    /// The values of vector `index` of a payload, [sharedCount]; 0 is the model's.
    package func vector(_ index: Int, of payload: FloatView) -> FloatView {
        payload.slice(index * sharedCount, sharedCount)
    }

    /// Takes the shared values out of a model.
    package func gather(_ model: FloatView, into payload: FloatView) {
        copy(shared, from: model, to: payload, toModel: false)
    }

    /// Puts the shared values of a payload in their places in a model.
    package func scatter(_ payload: FloatView, into model: FloatView) {
        copy(shared, from: payload, to: model, toModel: true)
    }

    /// Takes the values that do not travel out of a model.
    package func gatherPersonal(_ model: FloatView, into personal: FloatView) {
        copy(self.personal, from: model, to: personal, toModel: false)
    }

    /// Puts values that do not travel in their places in a model.
    package func scatterPersonal(_ personal: FloatView, into model: FloatView) {
        copy(self.personal, from: personal, to: model, toModel: true)
    }

    private func copy(_ runs: [Run], from source: FloatView, to target: FloatView, toModel: Bool) {
        for run in runs {
            let (from, to) = toModel ? (run.payload, run.model) : (run.model, run.payload)
            target.slice(to, run.count).copy(from: source.slice(from, run.count))
        }
    }

    /// As few runs as possible.
    package static func runs(of segments: [Segment]) -> [Run] {
        var runs: [Run] = []
        var place = 0
        for segment in segments {
            if let last = runs.last, last.model + last.count == segment.offset {
                runs[runs.count - 1] = Run(
                    model: last.model, payload: last.payload, count: last.count + segment.count)
            } else {
                runs.append(Run(model: segment.offset, payload: place, count: segment.count))
            }
            place += segment.count
        }
        return runs
    }
}

extension ParameterLayout {
    /// Appends copies of `segments`, renamed.
    mutating func append(_ segments: [Segment], prefix: String) {
        for segment in segments {
            append(
                name: prefix + segment.name, shape: segment.shape, role: segment.role, layer: segment.layer)
        }
    }
}

extension NetworkPlan {
    /// The lowest layer of each block with weights: a norm belongs to the layer before it, and a composite layer is
    /// one block.
    package var blockStarts: [Int] {
        var starts: [Int] = []
        for layer in Set(layout.segments.map(\.layer)).sorted()
        where starts.isEmpty || !spec.layers[layer].isNorm {
            starts.append(layer)
        }
        return starts
    }
}

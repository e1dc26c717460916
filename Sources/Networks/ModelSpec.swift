/// A model as a list of layers, under a name. `named` finds those of the zoo.
public struct ModelSpec: Sendable, Equatable {
    public var name: String
    public var layers: [LayerSpec]

    public init(name: String, layers: [LayerSpec]) {
        self.name = name
        self.layers = layers
    }
}

import Devices
import Networks

/// What tables of measurements call the zoo's networks, and what these run on.
enum MeasuredNetwork {
    /// Words for the digits 0 to 4 of a cell's edges: the short ones, and NAS-Bench-201's own.
    static let operations = [
        ["none"], ["skip", "skip_connect"], ["conv1x1", "nor_conv_1x1"], ["conv3x3", "nor_conv_3x3"],
        ["avgpool3x3", "avg_pool_3x3"],
    ]

    /// Names that are other ones in the zoo.
    private static let aliases = ["mobilenet": "mobilenet_v1"]

    /// Sides of images that are not 224, in ncnn's benchmark.
    private static let sides = ["squeezenet": 227]

    static func zooName(_ name: String) -> String { aliases[name] ?? name }

    /// The plan of a network of the zoo as it was measured: cells on 32 x 32 images with 10 classes, others as for
    /// ImageNet. Nil for what the zoo does not have.
    static func plan(_ name: String) throws(NetworkError) -> NetworkPlan? {
        let isCell = name.hasPrefix("nasbench201_")
        let classes = isCell ? 10 : 1000
        guard let spec = ModelSpec.named(name, classes: classes) else { return nil }
        let side = isCell ? 32 : sides[name] ?? 224
        return try NetworkPlan(
            spec: spec, input: Shape(channels: 3, height: side, width: side), classes: classes)
    }
}

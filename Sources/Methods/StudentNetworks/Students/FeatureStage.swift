import CKernels
import Networks
import TensorMath

/// What of a network stands before its classifier: the layers whose last output are the final feature maps. A
/// teacher's knowledge is cut by these maps, and a student keeps these layers as its trunk.
///
/// The classifier begins with the first of the outermost layers that is a global or adaptive pool, a flatten or a dense
/// one; where nothing dense follows, as in SqueezeNet, the last convolution before it belongs to the classifier.
/// Dropout before a classifier belongs to it. So wide ResNets end in their last relu, networks such as `cnn` in the
/// maximum pool after the last convolution's relu.
package struct FeatureStage: Sendable, Equatable {
    /// The first of the model's outermost layers.
    package let layers: [LayerSpec]
    /// Index of the block of the whole network that gives the maps.
    package let block: Int
    /// [filters, height, width] of one sample.
    package let maps: Shape

    package var filters: Int { maps.channels }

    package init(_ plan: NetworkPlan) throws(StudentError) {
        let all = plan.spec.layers
        var end = all.firstIndex(where: \.beginsClassifier) ?? all.count
        if !all[end...].contains(where: \.isDense) {
            end = all[..<end].lastIndex(where: \.isConvolution) ?? 0
        }
        while end > 0, case .dropout = all[end - 1] { end -= 1 }
        layers = Array(all[..<end])
        guard let index = plan.indexOfOutermost(end - 1), layers.contains(where: \.computes) else {
            throw .noFeatureMaps(model: plan.spec.name)
        }
        block = index
        maps = plan.blocks[index].output
    }

    /// Means of the maps over their planes, [samples, filters], after a network of the plan went forward.
    package func pool(_ network: Network, samples: Int, into features: FloatView) {
        precondition(features.count == samples * filters, "\(features.count) features of \(samples) samples")
        var pool = ck_pool(
            height: Int64(maps.height), width: Int64(maps.width), out_height: 1, out_width: 1,
            kernel_height: Int64(maps.height), kernel_width: Int64(maps.width), stride: 1, padding: 0)
        ck_average_pool(
            &pool, Int64(samples * filters), network.activation(of: block).pointer, features.pointer)
    }
}

extension NetworkPlan {
    /// The block of one of the outermost layers, whose names are family and number.
    func indexOfOutermost(_ layer: Int) -> Int? {
        guard spec.layers.indices.contains(layer) else { return nil }
        let family = spec.layers[layer].family
        return index(of: "\(family)\(spec.layers[...layer].filter { $0.family == family }.count)")
    }
}

extension LayerSpec {
    var isDense: Bool { if case .dense = self { true } else { false } }
    var isConvolution: Bool { if case .conv = self { true } else { false } }
    var isComposite: Bool { family == "block" }

    /// Whether it makes new maps of old ones.
    var computes: Bool { isConvolution || isComposite }

    fileprivate var beginsClassifier: Bool {
        switch self {
        case .globalAveragePool, .adaptiveAveragePool, .flatten, .dense: true
        default: false
        }
    }
}

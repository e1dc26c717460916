import Networks

/// NN-Mass (Bhardwaj, Li and Marculescu 2021, How Does Topology Influence Gradient Propagation and Model Performance of
/// Deep Networks with DenseNet-Type Skip Connections?): how well gradients pass a network, without training it.
/// Networks of equal mass and width are about equally accurate, whatever their parameters.
public enum NNMass {
    /// The density rho of a cell of `depth` layers with `width` channels each, whose layer i (from 0, i >= 2) can take
    /// (i - 1) width channels of earlier layers besides those of the one before, and takes at most `links`: the
    /// channels that are taken over those that could be. 0 for fewer than three layers.
    public static func density(width: Int, depth: Int, links: Int) -> Double {
        var (taken, possible) = (0, 0)
        for layer in 0..<max(depth, 2) where layer >= 2 {
            possible += (layer - 1) * width
            taken += min(links, (layer - 1) * width)
        }
        return possible == 0 ? 0 : Double(taken) / Double(possible)
    }

    /// width x depth x density of a cell; the mass of a network is the sum over its cells.
    public static func mass(width: Int, depth: Int, links: Int) -> Double {
        Double(width * depth) * density(width: width, depth: depth, links: links)
    }

    /// The mass of a network whose skips add, as in the authors' code: a residual block of two convolutions adds its
    /// input and output channels; a bottleneck and an inverted residual (those whose body narrows or widens by a 1 x 1
    /// convolution to h channels) (in + 2 h) in / (2 in + h), an inverted residual without a shortcut nothing. Networks
    /// without skips have none.
    package static func mass(of plan: NetworkPlan) -> Double {
        plan.blocks.reduce(0) { mass, block in
            guard case .residual(let body, _) = block.spec else { return mass }
            let channels = Double(block.input.channels)
            guard let hidden = body.hiddenChannels else {
                return mass + channels + Double(block.output.channels)
            }
            return mass + (channels + 2 * hidden) * channels / (2 * channels + hidden)
        }
    }
}

extension [LayerSpec] {
    /// h of a body with three convolutions or more; of MobileNet V2's first block, which has no first 1 x 1
    /// convolution, and of others nil.
    fileprivate var hiddenChannels: Double? {
        let convolutions = filter(\.isConvolution)
        guard convolutions.count >= 3, case .conv(let channels, 1, _, _, _, _) = convolutions[0] else {
            return nil
        }
        return Double(channels)
    }
}

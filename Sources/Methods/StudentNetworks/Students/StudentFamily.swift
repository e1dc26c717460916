import Networks

/// Architectures of growing size to choose students from.
public enum StudentFamily: String, Sendable, CaseIterable {
    /// Wide ResNets of five depths and, below width 1, thin ones: `wrn_10_0.25` to `wrn_40_4`.
    case wideResNet = "wide_resnet"
    /// MobileNet V2 of widths 0.1 to 1.4.
    case mobileNetV2 = "mobilenet_v2"
    /// Three plain convolutions of widths 0.125 to 4, for small grey images.
    case smallCNN = "small_cnn"

    /// Names of the zoo, by depth and width. Sizes depend on the input and the bridge; `StudentBudget` orders by them.
    public var names: [String] {
        switch self {
        case .wideResNet:
            [10, 16, 22, 28, 40].flatMap { depth in
                ["0.25", "0.375", "0.5", "0.625", "0.75", "0.875", "1", "1.25", "1.5", "1.75", "2", "3", "4"]
                    .map { "wrn_\(depth)_\($0)" }
            }
        case .mobileNetV2:
            ["0.1", "0.15", "0.2", "0.25", "0.35", "0.5", "0.75", "1.0", "1.4"].map { "mobilenet_v2_\($0)" }
        case .smallCNN:
            [
                "0.125", "0.1875", "0.25", "0.375", "0.5", "0.625", "0.75", "1.0", "1.25", "1.5", "2.0",
                "3.0",
                "4.0",
            ].map { "small_cnn_\($0)" }
        }
    }

    /// The students of `filters` filters that this family has for `input`, in the order of `names`.
    package func candidates(filters: Int, input: Shape) throws(StudentError) -> [NetworkPlan] {
        var plans: [NetworkPlan] = []
        for name in names {
            // The trunk does not depend on the classes.
            let model = try NetworkPlan.zoo(name, input: input, classes: filters)
            plans.append(try .student(of: model, filters: filters))
        }
        return plans
    }
}

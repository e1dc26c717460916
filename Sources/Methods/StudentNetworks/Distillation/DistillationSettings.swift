/// How students learn from a teacher (Bhardwaj et al. 2019, as in the authors' code):
///
/// L = 2 alpha T^2 KL(softmax(z_T / T) || softmax(z_S / T)) + (1 - alpha) CE(z_S, y)
///     + beta |v_S / |v_S| - v_T / |v_T||^2, the last two norms over filters
///
/// with logits z, and features v: the teacher's pooled maps, and all students' features side by side. For a single
/// student of the teacher's family the last term may give way to attention transfer (Zagoruyko and Komodakis 2017).
public struct DistillationSettings: Sendable, Equatable {
    /// Over what the features' norms are.
    public enum Normalization: String, Sendable, CaseIterable {
        /// Over all students' features together, as in the authors' code.
        case joint
        /// Over each student's own, the sum over students of the paper.
        case perPart = "per_part"
    }

    /// What the divergence and the squared distance of one image are divided by; the cross-entropy never is.
    public enum Reduction: String, Sendable, CaseIterable {
        /// The number of classes, and that of features: means over all elements, as in the authors' code. For CIFAR-10
        /// and 97 filters the defaults then weigh an image's divergence by 2.88 and its squared distance by 103.
        case elementMean = "element_mean"
        /// Nothing: means over the batch, so that alpha and beta are an image's own weights.
        case batchMean = "batch_mean"
        /// 10 and 97, whatever the data set and the partition: the weights that the authors' settings have for their
        /// own data set. Means over elements would lower them for more classes or filters.
        case asForCIFAR10 = "as_for_cifar10"

        static let classesOfCIFAR10 = 10.0
        static let filtersOfAuthors = 97.0

        func divisor(classes: Int) -> Double {
            switch self {
            case .elementMean: Double(classes)
            case .batchMean: 1
            case .asForCIFAR10: Self.classesOfCIFAR10
            }
        }

        func divisor(features: Int) -> Double {
            switch self {
            case .elementMean: Double(features)
            case .batchMean: 1
            case .asForCIFAR10: Self.filtersOfAuthors
            }
        }
    }

    public var temperature = 4.0
    /// Between labels (0) and the teacher (1).
    public var alpha = 0.9
    /// Weight of the features; 0: students learn from logits alone.
    public var beta = 10_000.0
    public var normalization = Normalization.joint
    public var reduction = Reduction.elementMean
    /// Probability with which a step does without a student.
    public var studentDropout = 0.0
    /// Weight of attention transfer, where there are maps to compare; always a mean over all elements.
    public var attention = 0.0

    public init() {}

    /// Logits alone (Hinton et al. 2015): what `single_student` and `split_kd` learn by.
    public static var logits: DistillationSettings {
        var settings = DistillationSettings()
        settings.beta = 0
        return settings
    }

    /// Attention transfer and logits, with the weight of Zagoruyko and Komodakis 2017.
    public static var attentionTransfer: DistillationSettings {
        var settings = DistillationSettings.logits
        settings.attention = 1000
        return settings
    }

    /// Weight of the mean over images of T^2 KL.
    package func weightOfDivergence(classes: Int) -> Double {
        2 * alpha / reduction.divisor(classes: classes)
    }
}

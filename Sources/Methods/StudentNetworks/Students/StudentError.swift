import Networks

/// Why there is no student; each names the model, the value and a remedy.
public enum StudentError: Error, Equatable, CustomStringConvertible {
    /// A model has no convolution before its classifier.
    case noFeatureMaps(model: String)
    /// A model whose classifier reads more than the means of its last maps.
    case featuresNotPooled(model: String)
    /// A model belongs to no family that has networks of other sizes.
    case noFamily(model: String)
    /// The zoo has no model of this name.
    case unknownModel(String)
    /// A student cannot be built for this input.
    case unbuildable(model: String, NetworkError)
    /// No candidate keeps to the budget; the smallest and its costs.
    case nothingFits(budget: StudentBudget, smallest: String, cost: StudentCost)
    /// A network cannot be cut channel-wise into so many.
    case indivisible(model: String, layer: String, parts: Int)
    /// A teacher's and a student's stages have no planes of one size.
    case noCommonMaps(student: String, teacher: String)

    public var description: String {
        switch self {
        case .noFeatureMaps(let model):
            return """
                \(model): no convolution stands before its classifier, so there are no feature maps to teach; use a \
                network such as small_cnn or wrn_16_1
                """
        case .featuresNotPooled(let model):
            return """
                \(model): its classifier does not read the means of its last maps, of which images: dream is made; use a \
                network that ends in a global average pool, such as small_cnn or wrn_16_1
                """
        case .noFamily(let model):
            return """
                \(model) belongs to no family with networks of other sizes, which single_student and split_kd need; set \
                student.family, or leave these baselines out
                """
        case .unknownModel(let name):
            return "\(name) is unknown; \(ModelSpec.family(of: name)?.rule ?? "tributary model lists all")"
        case .unbuildable(let model, let error):
            return "\(model): \(error)"
        case .nothingFits(let budget, let smallest, let cost):
            return """
                no student keeps to \(budget): the smallest, \(smallest), has \(cost); raise the budget, use more \
                students, or a family with smaller ones
                """
        case .indivisible(let model, let layer, let parts):
            return """
                \(model): \(layer) cannot be cut into \(parts); use fewer students, or a network of convolutions and \
                batch norms with \(parts) channels or more
                """
        case .noCommonMaps(let student, let teacher):
            return """
                \(student): its stages have no planes of the size of \(teacher)'s; use a student of the teacher's \
                family for attention transfer
                """
        }
    }
}

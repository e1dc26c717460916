import Methods
import Networks

/// `student`: what stands below a student's bridge.
enum StudentSection {
    /// Times that a student is smaller than its teacher where a scenario sets no limit.
    private static let shrinkage = 8

    static func visit(
        _ section: Section, _ value: inout StudentSpec, teacher: NetworkPlan?, input: Shape, classes: Int
    ) {
        section.section("student", "What the students are.") { section in
            var name: String?
            if case .model(let model) = value { name = model }
            section.section("model", "One network for all students, in place of the best of a family.") {
                section in
                section.optional(
                    "name", &name, .zooName(classes: classes), absence: "the best of `student.family`",
                    "A network of the zoo, whose classifier gives way to a bridge to the student's filters.")
            }
            if let name, section.walk.purpose != .list {
                for key in ["family", "rank", "budget"] {
                    section.refuse(key, "is there beside a model", "keep one of model and \(key)")
                }
                value = .model(name)
            } else {
                visitFamily(section, &value, teacher, input)
            }
        }
    }

    private static func visitFamily(
        _ section: Section, _ value: inout StudentSpec, _ teacher: NetworkPlan?, _ input: Shape
    ) {
        let standard = input.channels == 1 ? StudentFamily.smallCNN : .wideResNet
        var (family, budget, rank) = (standard, StudentBudget(), StudentBudget.Rank.parameters)
        if case .family(let own, let limits, let order) = value {
            (family, budget, rank) = (own, limits, order)
        }
        section.field(
            "family", &family, .word(StudentFamily.self),
            .computed(standard, "small_cnn for grey images, else wide_resnet"),
            "Networks of growing size of which each device gets the best that its budget and its memory hold."
        )
        section.field(
            "rank", &rank, .word(StudentBudget.Rank.self), .value(.parameters),
            "What the best has most of: `parameters`, or NN-Mass (Bhardwaj, Li and Marculescu 2021).")
        section.section("budget", "What a device can spare for a student, its bridge included.") { section in
            visit(section, &budget)
            let isLimited = ["parameters", "macs", "memory_bytes"].contains { section.isWritten($0) }
            if section.walk.purpose == .read, !isLimited {
                budget.parameters = teacher.map { max(1, $0.parameterCount / shrinkage) }
            }
        }
        value = .family(family, budget: budget, rank: rank)
    }

    private static func visit(_ section: Section, _ value: inout StudentBudget) {
        section.optional(
            "parameters", &value.parameters, .integer(1...1 << 40),
            absence: "any, or an eighth of the teacher's where no limit is written", unit: "values",
            "Trainable values.")
        section.optional(
            "macs", &value.macs, .count(1...1 << 52), absence: "any", unit: "multiply-accumulates",
            "Of one image.")
        section.optional(
            "memory_bytes", &value.memoryBytes, .count(1...1 << 52), absence: "any", unit: "bytes",
            "Weights and the largest activations of one image.")
    }

    /// Whether a student can be built, with one filter at least.
    static func checkAcrossFields(_ section: Section, _ value: DistributedInferenceConfiguration) {
        let walk = section.walk
        guard walk.isSound("student"), walk.isSound("teacher.model") else { return }
        func report(_ path: String, _ value: String? = nil, _ message: String, _ remedy: String) {
            walk.report(section.place(at: path), path, value: value, message, remedy)
        }
        let input = value.dataset.inputShape
        let path = if case .model = value.student { "student.model.name" } else { "student.family" }
        do throws(StudentError) {
            switch value.student {
            case .model(let name):
                let model = try NetworkPlan.zoo(name, input: input, classes: value.dataset.classCount)
                _ = try NetworkPlan.student(of: model, filters: 1)
            case .family(let family, let budget, let rank):
                _ = try budget.largest(of: family.candidates(filters: 1, input: input), rank: rank)
            }
        } catch {
            switch error {
            case .nothingFits(let budget, let smallest, let cost):
                report(
                    "student.budget", nil, "is \(budget), and the smallest student, \(smallest), has \(cost)",
                    "raise it, or use a family with smaller ones")
            case .noFeatureMaps(let model):
                report(
                    path, model, "has no convolution before its classifier",
                    "use a network with some, such as small_cnn_0.25 or wrn_10_0.5")
            case .unbuildable(let model, let reason):
                report(
                    path, nil, "\(model) does not fit \(value.dataset.name.rawValue): \(reason)",
                    "use other students or another data set")
            case .unknownModel, .indivisible, .noCommonMaps, .noFamily, .featuresNotPooled:
                preconditionFailure("no student is unknown, cut or compared here: \(error)")
            }
        }
    }
}

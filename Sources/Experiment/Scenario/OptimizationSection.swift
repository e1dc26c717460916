import Methods
import Networks

/// `optimizer`, `clip_norm` and `schedule`, wherever something is trained.
enum OptimizationSection {
    /// What a schedule counts, and what holds where a scenario does not say.
    struct Course {
        /// `round` or `epoch`.
        let step: String
        let optimizer: OptimizerSpec
        /// Kind of the schedule.
        var schedule = "constant"
        /// Steps of a cosine, and what the documentation says of them.
        var length = Fallback<Int>.value(100)
        /// Of `step`, likewise.
        var every = Fallback<Int>.value(10)
        var factor = 0.99

        fileprivate var sgd: SGD {
            if case .sgd(let settings) = optimizer { settings } else { SGD(learningRate: 0.1) }
        }

        fileprivate var name: String { if case .adam = optimizer { "adam" } else { "sgd" } }
    }

    private static let adam = Adam(learningRate: 0.001)

    /// `state`: what the optimiser is for.
    static func visit(
        _ section: Section, _ optimizer: inout OptimizerSpec, _ clipNorm: inout Float?,
        _ schedule: inout Schedule, _ course: Course, state: String
    ) {
        visitOptimizer(section, &optimizer, course, state)
        section.optional(
            "clip_norm", &clipNorm, .float(0...1e30, above: true), absence: "gradients are not clipped",
            "Greatest Euclidean norm of a step's gradient; longer ones are shortened to it.")
        visitSchedule(section, &schedule, course)
    }

    private static func visitOptimizer(
        _ section: Section, _ value: inout OptimizerSpec, _ course: Course, _ state: String
    ) {
        var sgd = course.sgd
        var adam = Self.adam
        var name = course.name
        switch value {
        case .sgd(let settings): (name, sgd) = ("sgd", settings)
        case .adam(let settings): (name, adam) = ("adam", settings)
        }
        let rate = "Step size of \(course.step) 1; see `\(section.path(of: "schedule"))`."
        section.section("optimizer", state) { section in
            section.choice(
                "name", current: name, ["sgd", "adam"], later: ["adamw", "rmsprop", "adagrad"],
                .value(course.name),
                "`sgd` is stochastic gradient descent, with momentum if asked; `adam` is Kingma and Ba 2015."
            ) { name in
                if name == "sgd" {
                    visit(section, &sgd, standard: course.sgd, rate)
                    value = .sgd(sgd)
                } else {
                    visit(section, &adam, rate)
                    value = .adam(adam)
                }
            }
        }
    }

    private static func visit(_ section: Section, _ value: inout SGD, standard: SGD, _ rate: String) {
        section.field(
            "learning_rate", &value.learningRate, .float(0...1000, above: true),
            .value(standard.learningRate), rate)
        section.field(
            "momentum", &value.momentum, .float(0...1, below: true), .value(standard.momentum),
            "Share of the last step that is kept.")
        section.field(
            "nesterov", &value.nesterov, .flag, .value(standard.nesterov),
            "Nesterov's form of momentum; needs `momentum` above 0.")
        visitDecay(section, &value.weightDecay, standard.weightDecay)
    }

    private static func visit(_ section: Section, _ value: inout Adam, _ rate: String) {
        section.field(
            "learning_rate", &value.learningRate, .float(0...1000, above: true), .value(adam.learningRate),
            rate)
        section.field(
            "beta1", &value.beta1, .float(0...1, below: true), .value(adam.beta1),
            "Share of the mean gradient that is kept.")
        section.field(
            "beta2", &value.beta2, .float(0...1, below: true), .value(adam.beta2),
            "Share of the mean squared gradient that is kept.")
        section.field(
            "epsilon", &value.epsilon, .float(0...1, above: true), .value(adam.epsilon),
            "What is added to the root of the mean square.")
        visitDecay(section, &value.weightDecay, 0)
    }

    private static func visitDecay(_ section: Section, _ value: inout Float, _ standard: Float) {
        section.field(
            "weight_decay", &value, .float(0...1000), .value(standard),
            "Factor of the weights that is added to their gradient.")
    }

    private static func visitSchedule(_ section: Section, _ value: inout Schedule, _ course: Course) {
        let (step, steps) = (course.step, "\(course.step)s")
        var (kind, factor, every, length, minimum) = ("constant", course.factor, 10, 100, 0.0)
        switch value {
        case .constant: break
        case .exponential(let each): (kind, factor) = ("exponential", each)
        case .step(let length, let each): (kind, every, factor) = ("step", length, each)
        case .cosine(let whole, let least): (kind, length, minimum) = ("cosine", whole, least)
        }
        section.section("schedule", "How the learning rate changes over \(steps).") { section in
            section.choice(
                "kind", current: kind, ["constant", "exponential", "step", "cosine"], later: ["linear"],
                .value(course.schedule),
                "`exponential` multiplies the learning rate by `factor` after each \(step), `step` after every "
                    + "`every` \(steps); `cosine` lets it fall along half a cosine."
            ) { kind in
                switch kind {
                case "exponential":
                    visitFactor(section, &factor, course.factor)
                    value = .exponential(factor: factor)
                case "step":
                    section.field(
                        "every", &every, .integer(1...1_000_000), course.every, unit: steps,
                        "How many lie between two steps.")
                    visitFactor(section, &factor, course.factor)
                    value = .step(every: every, factor: factor)
                case "cosine":
                    section.field(
                        steps, &length, .integer(2...1_000_000), course.length, unit: steps,
                        "The one in which the learning rate reaches its least value, where it stays.")
                    section.field(
                        "minimum", &minimum, .number(0...1), .value(0),
                        "Least learning rate, as a share of `learning_rate`.")
                    value = .cosine(rounds: length, minimum: minimum)
                default: value = .constant
                }
            }
        }
    }

    private static func visitFactor(_ section: Section, _ value: inout Double, _ fallback: Double) {
        section.field(
            "factor", &value, .number(0...1, above: true), .value(fallback),
            "What the learning rate is multiplied by.")
    }

    /// The optimiser in the mapping at `path`.
    static func checkAcrossFields(_ section: Section, _ value: OptimizerSpec, at path: String) {
        let walk = section.walk
        let optimizer = "\(path).optimizer"
        let nesterov = "\(optimizer).nesterov"
        guard walk.isSound(optimizer), case .sgd(let sgd) = value, sgd.nesterov, sgd.momentum == 0 else {
            return
        }
        walk.report(
            section.place(at: nesterov), nesterov, value: "true", "needs momentum",
            "set \(optimizer).momentum above 0, such as 0.9")
    }
}

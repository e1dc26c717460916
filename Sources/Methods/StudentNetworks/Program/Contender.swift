/// One way to do the inference: the students, or a baseline that they are compared with.
public struct Contender: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        /// The teacher on one device.
        case teacher
        /// A student for each part of the teacher's filters, divided by a rule.
        case partitioned(PartitionRule)
        /// Students without a partition, from one network cut by channels.
        case splitKD
        /// One network of the size of all students; with attention transfer or without.
        case single(attention: Bool)
        /// The network of `single` without attention transfer, cut over devices by channels.
        case channelSplit
    }

    public let kind: Kind
    /// Students, or devices over which a network is cut; 1 where it stands on one.
    public let devices: Int
    /// Students that are replaced together: what `single` is as large as.
    public let students: Int

    /// Such as `activation_hub_4`: unique in a run.
    public var name: String {
        switch kind {
        case .teacher: "teacher"
        case .partitioned(let rule): "\(rule.rawValue)_\(students)"
        case .splitKD: "split_kd_\(students)"
        case .single(let attention): "\(attention ? "attention_transfer" : "single_student")_\(students)"
        case .channelSplit: "channel_split_\(students)"
        }
    }

    /// What is trained for it; others use what is trained for another.
    var isTrained: Bool { kind != .teacher && kind != .channelSplit }

    /// Whether its devices answer images over the wire.
    public var isServed: Bool {
        switch kind {
        case .partitioned, .splitKD: true
        case .teacher, .single, .channelSplit: false
        }
    }
}

extension DistributedInferenceConfiguration {
    /// The teacher, then for each number of students these and their baselines.
    public var contenders: [Contender] {
        [Contender(kind: .teacher, devices: 1, students: 1)]
            + students.flatMap { count in
                [Contender(kind: .partitioned(partition.rule), devices: count, students: count)]
                    + trained.compactMap { contender($0, of: count) }
            }
    }

    /// What the run is about: the students of the first number, by the scenario's own rule.
    public var mainContender: Contender { contenders[1] }

    /// With the network that a channel split divides before it.
    private var trained: [InferenceBaseline] {
        baselines.contains(.channelSplit) && !baselines.contains(.singleStudent)
            ? [.singleStudent] + baselines : baselines
    }

    /// nil where the baseline is one of those that are there anyway, or cannot be told from them: one student has
    /// nothing to divide.
    private func contender(_ baseline: InferenceBaseline, of count: Int) -> Contender? {
        switch baseline {
        case .teacher: nil
        case .singleStudent: Contender(kind: .single(attention: false), devices: 1, students: count)
        case .attentionTransfer: Contender(kind: .single(attention: true), devices: 1, students: count)
        case .channelSplit:
            count > 1 ? Contender(kind: .channelSplit, devices: count, students: count) : nil
        case .splitKD: count > 1 ? Contender(kind: .splitKD, devices: count, students: count) : nil
        case .activationHub, .coActivation, .equal, .random, .eigenvector:
            count > 1 && baseline.rule != partition.rule
                ? Contender(kind: .partitioned(baseline.rule!), devices: count, students: count) : nil
        }
    }

    /// M: parts of the teacher's filters for so many students.
    func parts(of students: Int) -> Int { (students + redundancy - 1) / redundancy }
}

import Methods
import TensorMath

/// A program of streams that takes microseconds: every student answers every item with eight bytes that depend on its
/// weights, the item's input and the item, and nothing else.
struct StreamProgram: Program {
    static let weightBytes = 3000

    let experiment: StreamExperiment
    private let weights: [ObjectBytes]
    /// By student; nil where neither answered nor lost.
    private var fates: [[Fate?]]
    private(set) var ordinary = 0

    enum Fate: Equatable { case answered, local, lost }

    init(_ experiment: StreamExperiment) {
        self.experiment = experiment
        weights = (0..<experiment.students).map { Self.weights(of: $0) }
        let none = [Fate?](repeating: nil, count: experiment.items)
        fates = .init(repeating: none, count: experiment.students)
    }

    /// Sum of all answers.
    private(set) var sum: UInt64 = 0
    var answered: Int { count(.answered) + local }
    /// Of these, the ones that devices gave by themselves.
    var local: Int { count(.local) }
    var lost: Int { count(.lost) }

    private func count(_ fate: Fate) -> Int { fates.reduce(0) { $0 + $1.count { $0 == fate } } }

    /// Items of a student that met a fate, in order.
    func items(_ fate: Fate, of student: Int) -> [Int] {
        fates[student].indices.filter { fates[student][$0] == fate }.map { $0 + 1 }
    }

    static func weights(of student: Int) -> ObjectBytes {
        ObjectBytes((0..<weightBytes).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ student &+ 1) })
    }

    static func input(of item: Int, bytes: Int = 500) -> ObjectBytes {
        ObjectBytes((0..<bytes).map { UInt8(truncatingIfNeeded: $0 &* item &+ 3) })
    }

    /// Every second student senses its inputs itself.
    static func senses(_ student: Int) -> Bool { student % 2 == 1 }

    static func answer(_ weights: ObjectBytes, _ input: ObjectBytes, item: Int) -> UInt64 {
        weights.id.low &* 31 &+ input.id.high ^ UInt64(item) &* 0x9E37_79B9_7F4A_7C15
    }

    mutating func start() -> ProgramStep {
        var step = ProgramStep()
        step.phase = .training(round: 1)
        let stream = StreamSpec(
            items: experiment.items, window: experiment.window, onDisconnect: experiment.onDisconnect)
        step.tasks = weights.enumerated().map { student, weights in
            task(student, kind: .serveStudent, weights, isFederated: true, stream)
        }
        step.tasks += (0..<experiment.ordinary).map { task($0, kind: .trainNetwork, weights[0]) }
        return step
    }

    private func task(
        _ number: Int, kind: TaskSpec.Kind, _ weights: ObjectBytes, isFederated: Bool = false,
        _ stream: StreamSpec? = nil
    ) -> TaskSpec {
        TaskSpec(
            id: UInt64(1) << 32 | UInt64(kind.rawValue) << 28 | UInt64(number), kind: kind, round: 1,
            client: number, layout: .init(repeating: 1, count: 32), inputs: [ObjectReference(weights)],
            isFederated: isFederated, stream: stream)
    }

    func object(_ id: ObjectID) -> ObjectBytes? { weights.first { $0.id == id } }

    func input(_ item: Int, of task: TaskSpec) -> StreamInput {
        precondition(1...experiment.items ~= item)
        if experiment.isGated && item > 1 && fates.contains(where: { $0[item - 2] == nil }) { return .later }
        return Self.senses(task.client!)
            ? .sensed : .object(Self.input(of: item, bytes: experiment.inputBytes))
    }

    mutating func accept(_ output: TaskOutput, of task: TaskSpec) throws(Rejection) -> ProgramStep {
        ordinary += 1
        return next()
    }

    mutating func accept(
        _ answer: ObjectBytes, item: Int, of task: TaskSpec, isLocal: Bool
    ) throws(Rejection) -> ProgramStep {
        precondition(fates[task.client!][item - 1] == nil, "an item twice")
        guard answer.count == 8 else { throw Rejection(.wrongShape, "\(answer.count) bytes") }
        let value = answer.bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard value != .max else { throw Rejection(.notFinite, "no number") }
        fates[task.client!][item - 1] = isLocal ? .local : .answered
        // A device that is alone gives the complement: with the wrong origin the sum is another.
        sum &+= isLocal ? ~value : value
        return next()
    }

    mutating func lose(_ items: [Int], of task: TaskSpec) -> ProgramStep {
        precondition(experiment.onDisconnect == .lose && !items.isEmpty && items == items.sorted())
        for item in items {
            precondition(fates[task.client!][item - 1] == nil, "an item twice")
            fates[task.client!][item - 1] = .lost
        }
        return next()
    }

    private func next() -> ProgramStep {
        var step = ProgramStep()
        guard answered + lost == experiment.students * experiment.items, ordinary == experiment.ordinary
        else { return step }
        let row = RoundRow(round: 1, clients: answered, samples: lost, modelDigest: "\(sum)")
        step.rows = [.round(row)]
        step.snapshot = Snapshot(
            round: 1, model: weights[0], layout: ParameterLayout(), final: true)
        step.outcome = Outcome(rounds: 1, finalAccuracy: nil, modelDigest: "\(sum)")
        return step
    }
}

/// What a stream program is made of.
struct StreamExperiment: SimulatedExperiment {
    var students = 3
    var items = 12
    var window = 4
    var onDisconnect = StreamSpec.Disconnection.restart
    /// Item s + 1 is due when all students have answered or lost item s.
    var isGated = false
    /// Tasks beside the streams.
    var ordinary = 2
    /// Of each item.
    var inputBytes = 500

    var stateBytes: Int { 0 }
    func program(resuming snapshot: Snapshot?) -> StreamProgram { StreamProgram(self) }
    func executor() -> any TaskExecutor { StreamExecutor(experiment: self) }

    /// The sum of all answers.
    var sum: UInt64 {
        var sum: UInt64 = 0
        for student in 0..<students {
            let weights = StreamProgram.weights(of: student)
            for item in 1...items {
                sum &+= StreamProgram.answer(weights, StreamProgram.input(of: item), item: item)
            }
        }
        return sum
    }
}

/// The worker's side: streams beside tasks that take four steps.
final class StreamExecutor: TaskExecutor {
    private final class Countdown: TaskExecution {
        var left = 4
        func advance() throws(TaskFailure) -> TaskOutput? {
            left -= 1
            return left > 0 ? nil : TaskOutput(objects: [], metrics: [], work: [])
        }
    }

    private final class Student: StreamExecution {
        let number: Int
        let weights: ObjectBytes
        let experiment: StreamExperiment

        init(_ number: Int, _ weights: ObjectBytes, _ experiment: StreamExperiment) {
            self.number = number
            self.weights = weights
            self.experiment = experiment
        }

        var continues: Bool { experiment.onDisconnect == .continue }
        var items: Int { experiment.items }
        var window: Int { experiment.window }

        func answer(_ input: ObjectBytes?, item: Int) throws(TaskFailure) -> ObjectBytes {
            guard (input == nil) == StreamProgram.senses(number) else { throw TaskFailure("wrong input") }
            let input = input ?? StreamProgram.input(of: item)
            return Self.bytes(StreamProgram.answer(weights, input, item: item))
        }

        func answerLocally(item: Int) throws(TaskFailure) -> ObjectBytes {
            guard 1...items ~= item else { throw TaskFailure("there is no item \(item)") }
            return Self.bytes(~StreamProgram.answer(weights, StreamProgram.input(of: item), item: item))
        }

        private static func bytes(_ value: UInt64) -> ObjectBytes {
            ObjectBytes((0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) })
        }
    }

    private let experiment: StreamExperiment

    init(experiment: StreamExperiment) { self.experiment = experiment }

    func begin(_ task: TaskSpec, inputs: [ObjectBytes]) throws(TaskFailure) -> any TaskExecution {
        Countdown()
    }

    func isStream(_ task: TaskSpec) -> Bool { task.kind == .serveStudent }

    func serve(_ task: TaskSpec, inputs: [ObjectBytes]) throws(TaskFailure) -> any StreamExecution {
        guard let student = task.client, student < experiment.students else {
            throw TaskFailure("there is no such student")
        }
        return Student(student, inputs.first ?? StreamProgram.weights(of: student), experiment)
    }
}

import Methods
import TensorMath

/// A program and the worker that computes for it, in an order that is drawn.
struct ProgramCourse<Experiment: Program> {
    var program: Experiment
    let executor: any TaskExecutor
    /// nil: tasks in their order, each stream item by item.
    var order: RandomStream?
    /// Share of the items that are lost.
    var losses = 0.0

    private(set) var rows: [Row] = []
    /// With the number of rows that came up to it.
    private(set) var snapshots: [(snapshot: Snapshot, rows: Int)] = []
    private(set) var finished: [FinishedRound] = []
    private(set) var outcome: Outcome?
    private(set) var failure: String?
    private(set) var lost = 0
    private(set) var tasks: [TaskSpec] = []
    private var streams: [Open] = []

    private struct Open {
        let task: TaskSpec
        let execution: any StreamExecution
        var items: [Int]
    }

    init(program: Experiment, executor: any TaskExecutor, order: UInt64? = nil) {
        self.program = program
        self.executor = executor
        self.order = order.map { RandomStream(RandomKey(seed: $0, purpose: .test)) }
    }

    mutating func start() throws { try take(program.start()) }

    mutating func run() throws {
        try start()
        while try advance() {}
    }

    /// Computes a task or answers an item; false when there is nothing left to do.
    mutating func advance() throws -> Bool {
        guard outcome == nil, failure == nil, tasks.count + streams.count > 0 else { return false }
        let place = draw(below: tasks.count + streams.count)
        if place < tasks.count {
            let task = tasks.remove(at: place)
            try take(program.accept(try Self.compute(task, executor, program), of: task))
        } else {
            try answer(place - tasks.count)
        }
        return true
    }

    private mutating func answer(_ index: Int) throws {
        let stream = streams[index]
        let due = stream.items.prefix { item in
            if case .later = program.input(item, of: stream.task) { false } else { true }
        }
        // The slowest student always has something to do.
        guard !due.isEmpty else {
            streams.append(streams.remove(at: index))
            return
        }
        let item = streams[index].items.remove(at: draw(below: due.count))
        if streams[index].items.isEmpty { streams.remove(at: index) }
        if losses > 0, order!.uniformDouble() < losses {
            lost += 1
            return try take(program.lose([item], of: stream.task))
        }
        let answer = try Self.answer(item, stream.task, stream.execution, program)
        try take(program.accept(answer, item: item, of: stream.task, isLocal: false))
    }

    static func answer(
        _ item: Int, _ task: TaskSpec, _ execution: any StreamExecution, _ program: some Program
    ) throws -> ObjectBytes {
        switch program.input(item, of: task) {
        case .object(let input): try execution.answer(input, item: item)
        case .sensed: try execution.answer(nil, item: item)
        case .later: throw TaskFailure("item \(item) is not due")
        }
    }

    static func inputs(_ task: TaskSpec, _ program: some Program) throws -> [ObjectBytes] {
        try task.inputs.map { reference in
            guard let object = program.object(reference.id) else { throw TaskFailure("no input") }
            return object
        }
    }

    static func compute(
        _ task: TaskSpec, _ executor: some TaskExecutor, _ program: some Program
    ) throws -> TaskOutput {
        let execution = try executor.begin(task, inputs: try inputs(task, program))
        while true { if let output = try execution.advance() { return output } }
    }

    private mutating func draw(below bound: Int) -> Int { order?.index(below: bound) ?? 0 }

    private mutating func take(_ step: ProgramStep) throws {
        rows += step.rows
        finished += step.finished
        if let snapshot = step.snapshot { snapshots.append((snapshot, rows.count)) }
        outcome = step.outcome ?? outcome
        failure = step.failure ?? failure
        for task in step.tasks {
            guard let stream = task.stream else {
                tasks.append(task)
                continue
            }
            let execution = try executor.serve(task, inputs: try Self.inputs(task, program))
            streams.append(
                Open(task: task, execution: execution, items: Array(1...stream.items)))
        }
    }

    /// Streams that are open now.
    var openStreams: [TaskSpec] { streams.map(\.task) }
}

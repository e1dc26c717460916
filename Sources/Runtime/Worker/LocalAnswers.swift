import TensorMath

/// What a device keeps of a stream that it continues by itself while the link is down: its own answers, which it sends
/// when it is asked again, and the pace at which it gives them.
struct LocalAnswers {
    /// Of the stream; a coordinator has no more than `window` items under way.
    let items: Int
    let window: Int
    /// By item.
    private(set) var answers: [Int: ObjectBytes] = [:]
    /// The last `window` items that it was asked for: nothing says that their answers arrived.
    private var asked: [Int] = []
    /// The greatest item that it was asked for, or answered by itself.
    private var greatest = 0
    /// Nanoseconds between two answers over the link, all and how many.
    private var pace: (sum: UInt64, count: UInt64) = (0, 0)
    /// When it last answered over the link; nil when it has been alone since.
    private var lastAnswer: Instant?
    /// When the next answer is due; nil for at once.
    private var due: Instant?
    /// Nanoseconds between two answers as long as no pace is known.
    private let firstInterval: UInt64

    init(items: Int, window: Int, firstInterval: UInt64) {
        precondition(items >= 1 && window >= 1 && firstInterval >= 1)
        self.items = items
        self.window = window
        self.firstInterval = firstInterval
    }

    /// Takes note of a question, which proves that the link is up.
    mutating func ask(_ item: Int) {
        due = nil
        guard !asked.contains(item) else { return }
        asked.append(item)
        if asked.count > window { asked.removeFirst() }
        greatest = max(greatest, item)
    }

    /// Takes note that an item was answered over the link.
    mutating func answer(at now: Instant) {
        if let lastAnswer {
            pace.sum += now - lastAnswer
            pace.count += 1
        }
        lastAnswer = now
    }

    /// The item that is to be answered next without the link: those whose answers may be lost, then all that follow.
    var next: Int? {
        if let item = asked.lazy.filter({ answers[$0] == nil }).min() { return item }
        return greatest < items ? greatest + 1 : nil
    }

    func isDue(at now: Instant) -> Bool { now >= due ?? 0 && next != nil }

    /// Keeps what was answered without the link; the next answer is due an interval after this one was.
    mutating func keep(_ answer: ObjectBytes, of item: Int, at now: Instant) {
        precondition(answers[item] == nil)
        answers[item] = answer
        greatest = max(greatest, item)
        lastAnswer = nil
        due = (due ?? now) + (pace.count > 0 ? pace.sum / pace.count : firstInterval)
    }
}

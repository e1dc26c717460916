import TensorMath

extension DividedNetwork {
    /// What a device holds of `all` of `whole`: the head's parameters and an exit's.
    func parametersOfDevice(_ all: ObjectBytes) -> ObjectBytes {
        all.part(0..<4 * (head.layout.count + (exit?.layout.count ?? 0)))
    }

    /// What is a neural filter's own: behind the stem.
    func parametersOfClassifier(_ all: ObjectBytes) -> ObjectBytes {
        all.part(4 * head.layout.count..<all.count)
    }

    /// The head's parameters, in its own layout, within `all` of `whole`.
    package func parametersOfHead(in all: FloatView) -> FloatView { part(0, head.layout.count, of: all) }

    /// The exit's; nil without one.
    package func parametersOfExit(in all: FloatView) -> FloatView? {
        exit.map { part(head.layout.count, $0.layout.count, of: all) }
    }

    /// The tail's; nil without one.
    package func parametersOfTail(in all: FloatView) -> FloatView? {
        tail.map { part(whole.layout.count - $0.layout.count, $0.layout.count, of: all) }
    }

    /// Gives what begins as the teacher's its values; `teacher` is in the teacher's layout, or the bottleneck's.
    package func inherit(from teacher: FloatView, into all: FloatView) {
        for values in inherited {
            part(values.own.lowerBound, values.own.count, of: all).copy(
                from: teacher.slice(values.teacher.lowerBound, values.teacher.count))
        }
    }

    private func part(_ offset: Int, _ count: Int, of all: FloatView) -> FloatView {
        precondition(all.count == whole.layout.count, "\(all.count) of \(whole.layout.count) parameters")
        return all.slice(offset, count)
    }
}

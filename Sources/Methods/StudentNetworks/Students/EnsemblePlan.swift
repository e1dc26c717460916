import Networks
import TensorMath

/// Students and the dense head that reads all their features; everything together is one flat buffer with one layout,
/// so that it travels as one object.
///
/// There are M parts of knowledge and N >= M students; student i serves part i mod M (Jeong, Park and Yang 2021). With
/// N = M each part has one student; otherwise students of a part are twins, whose features are averaged before the
/// head, so that it reads one vector a part and D = sum |P_k| values in all, whatever the number of twins.
package struct EnsemblePlan: Sendable, Equatable {
    /// Each gives the |P_k| features of its part. Their architectures may differ.
    package let students: [NetworkPlan]
    /// M.
    package let parts: Int
    /// Dense, [D] to classes.
    package let head: NetworkPlan
    /// Segments of the students in their order, `student1/conv1.weight`, then `head/dense1.weight` and its bias.
    package let layout: ParameterLayout
    /// Where the features of each part stand among those that the head reads.
    package let columns: [Range<Int>]
    private let starts: [Int]

    /// `parts` nil: one for each student.
    package init(students: [NetworkPlan], parts: Int? = nil, classes: Int) {
        let parts = parts ?? students.count
        precondition(parts > 0 && students.count >= parts, "\(students.count) students for \(parts) parts")
        for (index, student) in students.enumerated() {
            precondition(student.input == students[0].input, "student \(index + 1) reads \(student.input)")
            precondition(
                student.classes == students[index % parts].classes,
                "student \(index + 1) gives \(student.classes) features")
        }
        self.students = students
        self.parts = parts
        var columns: [Range<Int>] = []
        for part in 0..<parts {
            let start = columns.last?.upperBound ?? 0
            columns.append(start..<start + students[part].classes)
        }
        self.columns = columns
        let spec = ModelSpec(name: "head", layers: [.dense(units: classes)])
        guard
            let head = try? NetworkPlan(
                spec: spec, input: Shape(channels: columns[parts - 1].upperBound), classes: classes)
        else { preconditionFailure("no head for \(classes) classes") }
        self.head = head
        var layout = ParameterLayout()
        var starts: [Int] = []
        var layer = 0
        let names = (1...students.count).map { "student\($0)" } + ["head"]
        for (name, plan) in zip(names, students + [head]) {
            starts.append(layout.count)
            for segment in plan.layout.segments {
                layout.append(
                    unchecked: "\(name)/\(segment.name)", shape: segment.shape, role: segment.role,
                    layer: layer + segment.layer)
            }
            layer += plan.spec.layers.count
        }
        self.layout = layout
        self.starts = starts
    }

    /// D.
    package var features: Int { columns[parts - 1].upperBound }

    package func part(of student: Int) -> Int { student % parts }

    /// The students of a part, in order.
    package func students(of part: Int) -> StrideTo<Int> { stride(from: part, to: students.count, by: parts) }

    /// A student's parameters, in its own layout, within a buffer of this one.
    package func parameters(ofStudent index: Int, in flat: FloatView) -> FloatView {
        flat.slice(starts[index], students[index].layout.count)
    }

    package func parametersOfHead(in flat: FloatView) -> FloatView {
        flat.slice(starts[students.count], head.layout.count)
    }

    /// Draws all parameters, each network's from a stream of its own: students are clients 1 to N of the stream's key,
    /// the head is N + 1.
    package func initialParameters(
        _ initialization: Initialization, seed: UInt64, participation: UInt32 = 0, into flat: FloatView
    ) {
        for (index, plan) in (students + [head]).enumerated() {
            var stream = RandomStream(
                RandomKey(
                    seed: seed, purpose: .initialization, client: UInt32(index + 1),
                    participation: participation))
            plan.initialParameters(
                initialization, stream: &stream, into: flat.slice(starts[index], plan.layout.count))
        }
    }

    /// What the head reads, [samples, D], of what each student gives, [samples, |P_k|], nil for a lost one: a part's
    /// features are the mean over its students that are there. A part whose students are all lost is `fill`, [D], or
    /// zero.
    package func join(
        _ features: [FloatView?], samples: Int, fill: FloatView? = nil, into joined: FloatView
    ) {
        precondition(features.count == students.count, "features of \(features.count) students")
        precondition(joined.count >= samples * self.features, "no room for \(samples) samples")
        precondition(fill.map { $0.count == self.features } ?? true, "a fill for other features")
        for (part, columns) in columns.enumerated() {
            let present = students(of: part).compactMap { features[$0] }
            for given in present {
                precondition(given.count >= samples * columns.count, "\(given.count) features")
            }
            let divisor = Float(present.count)
            for sample in 0..<samples {
                let target = joined.slice(sample * self.features + columns.lowerBound, columns.count)
                guard let first = present.first else {
                    if let fill {
                        target.copy(from: fill.slice(columns.lowerBound, columns.count))
                    } else {
                        target.fill(0)
                    }
                    continue
                }
                target.copy(from: first.slice(sample * columns.count, columns.count))
                if present.count == 1 { continue }
                for twin in present.dropFirst() {
                    for column in 0..<columns.count {
                        target.pointer[column] += twin.pointer[sample * columns.count + column]
                    }
                }
                for column in 0..<columns.count { target.pointer[column] /= divisor }
            }
        }
    }
}

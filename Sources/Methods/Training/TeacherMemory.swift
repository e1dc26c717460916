import Networks
import TensorMath

// A teacher's training, whose state is its parameters and what the optimiser keeps, in snapshots: parameters are the model.
extension Snapshot {
    private static let optimizerVector = "teacher_optimizer"

    /// Of a teacher with so many parameters, as `TeacherTraining.state`, what a snapshot has beside the parameters.
    static func memory(ofTeacher state: ObjectBytes, parameters: Int) -> [NamedVector] {
        let rest = state.part(4 * parameters..<state.count)
        guard rest.count > 0 else { return [] }
        var layout = ParameterLayout()
        layout.append(name: "memory", shape: [rest.count / 4], role: .buffer, layer: 0)
        return [NamedVector(name: optimizerVector, layout: layout, values: rest)]
    }

    /// As `TeacherTraining.state`.
    var teacherState: ObjectBytes {
        .joined([model] + memory.filter { $0.name == Self.optimizerVector }.map(\.values))
    }
}

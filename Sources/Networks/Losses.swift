import CKernels
import TensorMath

/// Losses over outputs or taps: each returns its value and leaves the gradient with respect to its first
/// argument in `gradient`, of the same count, unless nil.
public enum Loss {
    /// How squared differences become one number.
    public enum Reduction: String, Sendable, CaseIterable, Codable {
        /// Mean over all values.
        case mean
        case sum
    }

    /// (values - target)^2.
    public static func squaredError(
        _ values: FloatView, _ target: FloatView, reduction: Reduction = .mean, gradient: FloatView? = nil
    ) -> Double {
        precondition(values.count == target.count, "\(values.count) values for \(target.count)")
        let share = reduction == .mean ? 1 / Double(values.count) : 1
        if let gradient {
            precondition(gradient.count == values.count, "\(gradient.count) gradients")
            ck_difference(
                values.pointer, target.pointer, Float(2 * share), gradient.pointer, values.count)
        }
        return ck_squares(values.pointer, target.pointer, values.count) * share
    }

    /// temperature^2 times the mean over samples of KL(softmax(teacher / temperature) || softmax(student /
    /// temperature)), for logits [samples, classes] (Hinton et al. 2015).
    public static func distillation(
        student: FloatView, teacher: FloatView, samples: Int, temperature: Float, gradient: FloatView? = nil
    ) -> Double {
        precondition(student.count == teacher.count, "\(student.count) logits for \(teacher.count)")
        precondition(
            samples > 0 && student.count % samples == 0 && student.count > 0,
            "\(student.count) logits of \(samples) samples")
        precondition(temperature > 0, "a temperature of \(temperature)")
        precondition(gradient.map { $0.count == student.count } ?? true, "gradients for other logits")
        let sum = ck_distillation(
            Int64(samples), Int64(student.count / samples), student.pointer, teacher.pointer, temperature,
            gradient?.pointer)
        return sum / Double(samples)
    }
}

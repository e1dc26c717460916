import TensorMath

/// What a batch of images is to become, as a loss over their pixels.
package protocol ImageLoss {
    var teacher: FrozenTeacher { get }
    /// [images]: the class of each.
    var labels: [UInt8] { get }
    /// The loss of the images in the teacher's input; leaves its gradient in the teacher's.
    func evaluate() -> ImageLossTerms
}

/// The terms of such a loss before their weights.
package struct ImageLossTerms: Sendable, Equatable {
    /// All terms with their weights.
    package var total = 0.0
    /// The teacher's, mean over the images.
    package var crossEntropy = 0.0
    /// Images that the teacher takes for their class.
    package var correct = 0
    /// How far the images are from the statistics or the features that they are to have.
    package var mismatch = 0.0
    package var variation = 0.0
    /// Euclidean norm of all pixels.
    package var norm = 0.0
}

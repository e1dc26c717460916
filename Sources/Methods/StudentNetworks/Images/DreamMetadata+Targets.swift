import CKernels
import TensorMath

extension DreamMetadata {
    /// Which images the metadata are to be measured on, in order: `fraction` of each class, rounded to the nearest but
    /// at least `leastImages` of it where there are as many.
    package static func images(labels: [UInt8], fraction: Double, key: RandomKey) -> [Int] {
        precondition(fraction > 0 && fraction <= 1, "\(fraction) of the images")
        var stream = RandomStream(key)
        var chosen: [Int] = []
        for label in Set(labels).sorted() {
            let all = labels.indices.filter { labels[$0] == label }
            let count = Int((fraction * Double(all.count)).rounded())
            let kept = min(all.count, max(leastImages, count))
            chosen += stream.sample(kept, of: all.count).map { all[$0] }
        }
        return chosen.sorted()
    }

    /// Where the features of images of these classes are to be, [n, D]: mu + spread x sum_j eps_j sqrt(lambda_j) u_j
    /// for a cluster mu drawn by its share and eps_j standard normal.
    package func targets(labels: [UInt8], spread: Double = 1, key: RandomKey) -> FloatView {
        var stream = RandomStream(key)
        let targets = FloatBuffer(count: labels.count * size.features).view
        for (index, label) in labels.enumerated() {
            precondition(label < size.classes, "class \(label) of \(size.classes)")
            let cluster = cluster(in: Int(label), stream: &stream)
            let target = targets.slice(index * size.features, size.features)
            target.copy(from: centroid(of: cluster, in: Int(label)))
            guard size.directions > 0 else { continue }
            let variances = variances(of: cluster, in: Int(label))
            let directions = directions(of: cluster, in: Int(label))
            for number in 0..<size.directions {
                let length = spread * stream.normal() * Double(variances[number]).squareRoot()
                let direction = directions.slice(number * size.features, size.features)
                ck_axpy(Float(length), direction.pointer, target.pointer, size.features)
            }
        }
        return targets
    }

    /// A cluster of the class, by their shares.
    private func cluster(in label: Int, stream: inout RandomStream) -> Int {
        var rest = stream.uniformDouble()
        var last = 0
        for cluster in 0..<size.clusters {
            let share = Double(share(of: cluster, in: label))
            guard share > 0 else { continue }
            last = cluster
            rest -= share
            if rest < 0 { break }
        }
        return last
    }
}

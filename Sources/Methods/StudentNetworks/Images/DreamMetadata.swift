import TensorMath

/// What Dream Distillation keeps of the data: where in the space of the teacher's pooled features the images of each class
/// lie. A share of them, a tenth in the paper, is shown to the teacher once; of their features only clusters remain, each
/// with its centroid and its principal directions with the variances along them.
///
/// No image and no activation is in it, and no cluster stands for fewer than `leastImages`. That is a summary, no guarantee
/// of privacy. Clusters are found within each class, so that every target has a label; the paper does not say.
package struct DreamMetadata {
    /// How much there is of everything, which decides on the layout.
    package struct Size: Sendable, Equatable {
        package var classes: Int
        /// Most of one class.
        package var clusters: Int
        /// Most of one cluster.
        package var directions: Int
        /// D.
        package var features: Int

        package init(classes: Int, clusters: Int, directions: Int, features: Int) {
            precondition(
                classes > 0 && classes <= 256 && clusters > 0 && directions >= 0 && features > 0,
                "\(classes) classes, \(clusters) clusters, \(directions) directions, \(features) features")
            self.classes = classes
            self.clusters = clusters
            self.directions = directions
            self.features = features
        }

        /// `shares` of a class's images, 0 for clusters that do not exist, `centroids`, `variances`, `directions`.
        package var layout: ParameterLayout {
            var layout = ParameterLayout()
            func add(_ name: String, _ shape: [Int]) {
                layout.append(name: name, shape: shape, role: .buffer, layer: 0)
            }
            add("shares", [classes, clusters])
            add("centroids", [classes, clusters, features])
            if directions > 0 {
                add("variances", [classes, clusters, directions])
                add("directions", [classes, clusters, directions, features])
            }
            return layout
        }
    }

    /// Images that a cluster has at least.
    package static let leastImages = 5

    package let size: Size
    /// All of it in the order of `size.layout`.
    package let values: FloatView

    /// As it comes from elsewhere.
    package init(_ object: ObjectBytes, size: Size) throws(ImageSynthesisError) {
        let layout = size.layout
        values = FloatBuffer(count: layout.count).view
        self.size = size
        guard object.copy(into: values) else {
            throw .metadataSize(values: object.count / 4, expected: layout.count)
        }
        for segment in layout.segments {
            let isPositive = segment.name == "shares" || segment.name == "variances"
            for index in 0..<segment.count {
                let value = values[segment.offset + index]
                guard value.isFinite, !isPositive || value >= 0 else {
                    throw .metadataValue(segment: segment.name, index: index, value: value)
                }
            }
        }
        for label in 0..<size.classes {
            let sum = (0..<size.clusters).reduce(Float(0)) { $0 + share(of: $1, in: label) }
            guard abs(sum - 1) < 1e-3 else {
                throw .metadataValue(segment: "shares", index: label * size.clusters, value: sum)
            }
        }
    }

    /// Of the features [n, D] of images with these labels. `key` numbers the stream for seeds of clusters and
    /// directions.
    package init(
        features: FloatView, labels: [UInt8], size: Size, key: RandomKey
    ) throws(ImageSynthesisError) {
        precondition(
            features.count == labels.count * size.features,
            "\(features.count) features of \(labels.count) images")
        precondition(labels.allSatisfy { $0 < size.classes }, "a label above \(size.classes - 1)")
        values = FloatBuffer(count: size.layout.count).view
        self.size = size
        var stream = RandomStream(key)
        for label in 0..<size.classes {
            let points = labels.indices.filter { labels[$0] == label }.map { image in
                features.slice(image * size.features, size.features).array.map { Double($0) }
            }
            guard points.count >= Self.leastImages else {
                throw .fewImages(label: label, images: points.count, least: Self.leastImages)
            }
            let clusters = KMeans.clusters(
                of: points, count: size.clusters, least: Self.leastImages, stream: &stream)
            for (cluster, members) in clusters.enumerated() {
                keep(members.map { points[$0] }, of: points.count, at: (label, cluster), stream: &stream)
            }
        }
    }

    private func keep(
        _ points: [[Double]], of all: Int, at place: (label: Int, cluster: Int), stream: inout RandomStream
    ) {
        let number = place.label * size.clusters + place.cluster
        part("shares", number, 1)[0] = Float(points.count) / Float(all)
        part("centroids", number, size.features).copy(
            from: KMeans.mean(of: points, Array(points.indices)).map { Float($0) })
        let found = PrincipalDirections.of(points, count: size.directions, stream: &stream)
        for (index, direction) in found.enumerated() {
            let number = number * size.directions + index
            part("variances", number, 1)[0] = Float(direction.variance)
            part("directions", number, size.features).copy(from: direction.direction.map { Float($0) })
        }
    }

    /// Run `number` of `count` values each of a segment.
    private func part(_ name: String, _ number: Int, _ count: Int) -> FloatView {
        guard let segment = size.layout.segment(named: name) else { preconditionFailure("no \(name)") }
        return values.slice(segment.offset, segment.count).slice(number * count, count)
    }

    /// Of the class's images.
    package func share(of cluster: Int, in label: Int) -> Float {
        part("shares", label * size.clusters + cluster, 1)[0]
    }

    /// [D].
    package func centroid(of cluster: Int, in label: Int) -> FloatView {
        part("centroids", label * size.clusters + cluster, size.features)
    }

    /// Along each direction.
    package func variances(of cluster: Int, in label: Int) -> FloatView {
        part("variances", label * size.clusters + cluster, size.directions)
    }

    /// [directions, D]; rows of zeros where the variance is 0.
    package func directions(of cluster: Int, in label: Int) -> FloatView {
        part("directions", label * size.clusters + cluster, size.directions * size.features)
    }
}

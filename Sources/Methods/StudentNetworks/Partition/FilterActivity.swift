/// How strongly the filters of a teacher's last convolution answer images: the data that knowledge is divided by.
public struct FilterActivity: Sendable, Equatable {
    /// Number of images, at least 1.
    public let images: Int
    /// Number of filters, at least 1.
    public let filters: Int
    /// [images, filters], row-major: mean over a filter's map, after the last ReLU or before it. What is below zero
    /// counts as zero.
    public let values: [Float]

    public init(images: Int, filters: Int, values: [Float]) {
        precondition(
            images >= 1 && filters >= 1 && values.count == images * filters,
            "\(values.count) values of \(images) images and \(filters) filters")
        self.images = images
        self.filters = filters
        self.values = values
    }

    /// The first `count` images, or all if there are no more.
    public func first(_ count: Int) -> FilterActivity {
        guard count < images else { return self }
        return FilterActivity(images: count, filters: filters, values: Array(values[..<(count * filters)]))
    }

    /// [filters]: what the filters answer to one image, between 0 and 1: clamped at 0 and divided by the greatest.
    /// All are 0 if no filter answers.
    public func normalized(_ image: Int) -> [Double] {
        let row = values[image * filters..<(image + 1) * filters].map { max(0, Double($0)) }
        let greatest = row.max() ?? 0
        return greatest > 0 ? row.map { $0 / greatest } : row
    }

    /// The at most `count` filters that answer an image most, the strongest first; equal ones by their numbers.
    /// Filters that do not answer are never among them.
    public func topFilters(_ count: Int, of image: Int) -> [Int] {
        Self.top(count, of: normalized(image))
    }

    static func top(_ count: Int, of row: [Double]) -> [Int] {
        let active = row.indices.filter { row[$0] > 0 }
        return Array(active.sorted { (row[$1], $0) < (row[$0], $1) }.prefix(count))
    }

    /// [filters]: mean of the normalised activities over all images.
    public var means: [Double] {
        var sums = [Double](repeating: 0, count: filters)
        for image in 0..<images {
            for (filter, value) in normalized(image).enumerated() { sums[filter] += value }
        }
        return sums.map { $0 / Double(images) }
    }

    /// Filters that answer at least one image.
    public var activeFilters: [Int] {
        (0..<filters).filter { filter in (0..<images).contains { values[$0 * filters + filter] > 0 } }
    }

    func requireFinite() throws(PartitionFault) {
        guard let index = values.firstIndex(where: { !$0.isFinite }) else { return }
        throw .notFinite(image: index / filters, filter: index % filters)
    }
}

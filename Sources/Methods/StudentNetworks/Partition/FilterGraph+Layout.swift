import TensorMath

extension FilterGraph {
    /// [filters]: places for a picture, x and y in 0...1, the same on every machine.
    ///
    /// Filters with edges are placed by forces (Fruchterman and Reingold 1991; attraction in proportion to the weight
    /// divided by the greatest), from a start drawn from the seed, and fill what is above. Those without stand in rows
    /// below. O(iterations * filters^2).
    public func positions(seed: UInt64, iterations: Int = 200) -> [SIMD2<Double>] {
        let (connected, isolated) = (connected, isolated)
        let columns = 32
        let rows = (isolated.count + columns - 1) / columns
        let floor = connected.isEmpty ? 0 : min(0.5, 0.04 * Double(rows))
        var positions = [SIMD2<Double>](repeating: SIMD2(0.5, 0.5), count: filters)
        for (index, filter) in isolated.enumerated() {
            positions[filter] = SIMD2(
                (Double(index % columns) + 0.5) / Double(columns),
                max(0, floor * (1 - (Double(index / columns) + 1) / Double(max(rows, 1)))))
        }
        guard !connected.isEmpty else { return positions }
        let placed = induced(on: connected).placedByForces(seed: seed, iterations: iterations)
        for (place, filter) in zip(placed, connected) {
            positions[filter] = SIMD2(place.x, floor + (1 - floor) * place.y)
        }
        return positions
    }

    /// Places that fill the unit square; no filter is isolated.
    private func placedByForces(seed: UInt64, iterations: Int) -> [SIMD2<Double>] {
        var stream = RandomStream(RandomKey(seed: seed, purpose: .layout))
        var places = (0..<filters).map { _ in SIMD2(stream.uniformDouble(), stream.uniformDouble()) }
        let distance = (1 / Double(filters)).squareRoot()
        let greatest = edges.map(\.weight).max() ?? 1
        for iteration in 0..<iterations {
            var forces = [SIMD2<Double>](repeating: .zero, count: filters)
            for first in 0..<filters {
                for second in first + 1..<filters {
                    let apart = places[first] - places[second]
                    let force = apart * (distance * distance / max((apart * apart).sum(), 1e-12))
                    forces[first] += force
                    forces[second] -= force
                }
            }
            for edge in edges {
                let apart = places[edge.first] - places[edge.second]
                let length = (apart * apart).sum().squareRoot()
                let force = apart * (length / distance * (edge.weight / greatest))
                forces[edge.first] -= force
                forces[edge.second] += force
            }
            // Steps get shorter, to nothing; a weak pull to the middle keeps components together.
            let longest = 0.1 * (1 - Double(iteration) / Double(iterations))
            for filter in places.indices {
                let force = forces[filter] - (places[filter] - 0.5) * distance
                let length = (force * force).sum().squareRoot()
                places[filter] += force * (min(length, longest) / max(length, 1e-12))
            }
        }
        return Self.fitted(places)
    }

    /// Stretched over the unit square; a direction in which all are equal stays in the middle.
    private static func fitted(_ places: [SIMD2<Double>]) -> [SIMD2<Double>] {
        var (low, high) = (places[0], places[0])
        for place in places { (low, high) = (pointwiseMin(low, place), pointwiseMax(high, place)) }
        let size = high - low
        return places.map { place in
            SIMD2(
                size.x > 1e-9 ? (place.x - low.x) / size.x : 0.5,
                size.y > 1e-9 ? (place.y - low.y) / size.y : 0.5)
        }
    }
}

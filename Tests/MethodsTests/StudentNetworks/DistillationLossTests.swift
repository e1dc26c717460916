import CKernels
import Foundation
import Methods
import Networks
import TensorMath
import Testing

/// The terms of the students' loss against PyTorch's values and against differences in double.
@Suite struct DistillationLossTests {
    static func view(_ values: [Float]) -> FloatView {
        let view = FloatBuffer(count: values.count).view
        view.copy(from: values)
        return view
    }

    static func random(_ count: Int, _ seed: UInt32) -> [Float] {
        var stream = RandomStream(RandomKey(seed: 17, purpose: .test, client: seed))
        return (0..<count).map { _ in Float(stream.normal()) }
    }

    /// Three images, students of two and three filters of six.
    static let ones: [Float] = [1.21875, 3.625, 1, 1.203125, 1.1875, 1.28125]
    static let twos: [Float] = [
        1.078125, 0.125, 3.84375, 0.0625, 0.078125, 0.890625, 0.84375, 2.21875, 1.46875,
    ]
    static let taught: [Float] = [
        2.640625, 0.375, 1.296875, 1.859375, 0.40625, 0.171875, 0.8125, 1.34375, 2.375, 0.671875, 5.4375,
        1.796875, 0.03125, 5.609375, 5.9375, 1.171875, 0.015625, 0.359375,
    ]
    static let filters = [[4, 1], [0, 5, 2]]

    static func transfer(
        _ transfer: FeatureTransfer, _ features: [[Float]], _ teacher: [Float], samples: Int,
        lost: Set<Int> = []
    ) -> (loss: Double, gradients: [[Float]]) {
        let gradients = features.map { view($0.map { _ in -7 }) }
        let loss = transfer.loss(
            features: features.map(view), teacher: view(teacher), samples: samples, lost: lost,
            gradients: gradients)
        return (loss, gradients.map(\.array))
    }

    /// mean (v_S / |v_S| - v_T / |v_T|)^2 times beta, by torch.nn.functional.normalize (PyTorch 2.15).
    @Test func jointFeaturesAreThoseOfPyTorch() {
        let found = Self.transfer(
            FeatureTransfer(filters: Self.filters, beta: 10_000), [Self.ones, Self.twos], Self.taught,
            samples: 3)
        #expect(abs(found.loss - 1307.4416564272228) < 1e-8)
        #expect(
            near(
                found.gradients[0],
                [
                    -1.5545952402458667, 62.39087495417314, -295.78260056952433, 245.21953197612328,
                    90.06457338654556, -179.7790480327983,
                ]))
        #expect(
            near(
                found.gradients[1],
                [
                    -184.82823183649913, -10.630508049805957, -6.159481705333732, -73.14058482013122,
                    -181.76320587563666, 21.92212005169783, 62.99547396989063, 151.92724378911925,
                    -181.68563671401094,
                ]))
    }

    @Test func featuresPerPartAreThoseOfPyTorch() {
        let found = Self.transfer(
            FeatureTransfer(filters: Self.filters, normalization: .perPart, beta: 10_000),
            [Self.ones, Self.twos], Self.taught, samples: 3)
        #expect(abs(found.loss - 2009.1897734171232) < 1e-8)
        #expect(
            near(
                found.gradients[0],
                [
                    -158.73424475609937, 53.36754780592995, -388.8192493551624, 323.17444102247265,
                    379.37809050762456, -351.618718031457,
                ]))
        #expect(
            near(
                found.gradients[1],
                [
                    -239.00858732560445, -12.499243160044067, 67.44547345832137, -305.0794693548987,
                    -757.857849649246, 87.88784430992672, 80.48074575866343, 189.3757104323149,
                    -332.3118207697504,
                ]))
    }

    /// The stated distance, in double.
    static func distance(
        _ features: [[Double]], _ teacher: [Double], filters: [[Int]], perPart: Bool, divisor: Double
    ) -> Double {
        func unit(_ v: [Double]) -> [Double] { (1 / max(sqrt(v.reduce(0) { $0 + $1 * $1 }), 1e-12)) * v }
        let samples = features[0].count / filters[0].count
        let all = teacher.count / samples
        var sum = 0.0
        for n in 0..<samples {
            let own = zip(features, filters).map { v, part in
                Array(v[n * part.count..<(n + 1) * part.count])
            }
            let due = filters.map { $0.map { teacher[n * all + $0] } }
            let u = perPart ? own.flatMap(unit) : unit(own.flatMap(\.self))
            let t = perPart ? due.flatMap(unit) : unit(due.flatMap(\.self))
            sum += zip(u, t).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        }
        return sum / (Double(samples) * divisor)
    }

    @Test(arguments: [false, true], DistillationSettings.Reduction.allCases)
    func featureGradientsAreThoseOfTheStatedLoss(
        perPart: Bool, reduction: DistillationSettings.Reduction
    ) {
        let filters = [[0, 3, 6], [5], [2, 7]]
        let divisor = [.elementMean: 6, .batchMean: 1, .asForCIFAR10: 97][reduction]!
        let teacher = Self.random(4 * 8, 1)
        let features = [Self.random(12, 2), Self.random(4, 3), Self.random(8, 4)]
        let found = Self.transfer(
            FeatureTransfer(
                filters: filters, normalization: perPart ? .perPart : .joint, reduction: reduction, beta: 3),
            features, teacher, samples: 4)
        func loss(_ flat: [Double]) -> Double {
            3
                * Self.distance(
                    [Array(flat[0..<12]), Array(flat[12..<16]), Array(flat[16..<24])], doubles(teacher),
                    filters: filters, perPart: perPart, divisor: Double(divisor))
        }
        let point = doubles(features.flatMap(\.self))
        #expect(abs(found.loss - loss(point)) < 1e-10)
        #expect(near(found.gradients.flatMap(\.self), PlainNet.gradient(at: point, of: loss), 1e-6))
    }

    /// The distance is then that of the others.
    @Test func lostStudentsAreLeftOutOnBothSides() {
        let found = Self.transfer(
            FeatureTransfer(filters: Self.filters, beta: 1), [Self.ones, Self.twos], Self.taught, samples: 3,
            lost: [0])
        let alone = Self.transfer(
            FeatureTransfer(filters: [[0, 5, 2]], beta: 1), [Self.twos], Self.taught, samples: 3)
        #expect(found.loss == alone.loss)
        #expect(found.gradients[1] == alone.gradients[0])
        #expect(found.gradients[0] == Self.ones.map { _ in -7 })
    }

    @Test func featuresOfNoLengthHaveNoGradient() {
        let zero = Self.transfer(
            FeatureTransfer(filters: [[0, 1]], beta: 2), [[0, 0, 3, 4]], [3, 4, 0, 0], samples: 2)
        // Distances 1 and 1: a mean of 1 / 2 over elements.
        #expect(zero.loss == 1)
        #expect(zero.gradients == [[0, 0, 0, 0]])
        let equal = Self.transfer(
            FeatureTransfer(filters: [[1, 0]], beta: 2), [[8, 6]], [3, 4], samples: 1)
        #expect(equal.loss < 1e-30)
        #expect(near(equal.gradients[0], [0, 0], 1e-15))
    }

    /// szagoruyko's at_loss, by PyTorch: weight 1000, three student channels, two of the teacher, planes of 2 x 2.
    @Test func attentionIsThatOfPyTorch() {
        let student: [Float] = [
            -5.375, -2.125, -3.109375, 1.75, -1.15625, -1.953125, -0.328125, -2.46875, -2.609375, 1.3125,
            0.328125, -5.1875, -1.84375, -1.484375, 1.125, -0.09375, 1.34375, 1.078125, 0.65625, -0.0625,
            0.09375, 2.15625, -2.109375, -1.59375,
        ]
        let teacher: [Float] = [
            -3.78125, 4.953125, -0.359375, -1.84375, -4.3125, 0.5, -2.296875, 0.1875, -1.65625, 1.109375,
            2.390625, 4.453125, -0.03125, 2.25, -2.75, -1.53125,
        ]
        let map = FloatBuffer(count: 8).view
        AttentionTransfer.map(
            Self.view(teacher), shape: Shape(channels: 2, height: 2, width: 2), samples: 2, into: map)
        #expect(
            near(
                map.array,
                [
                    0.7892125397206929, 0.5945920479788236, 0.12966889716740906, 0.08240048989751156,
                    0.10261341899076441, 0.23532616559830374, 0.49649740140682586, 0.8292058926612225,
                ], 1e-7))
        let gradient = FloatBuffer(count: 24).view
        let loss = AttentionTransfer.loss(
            Self.view(student), shape: Shape(channels: 3, height: 2, width: 2), target: map, samples: 2,
            weight: 1000, gradient: gradient)
        #expect(abs(loss - 153.0302166033444) < 1e-4)
        #expect(
            near(
                gradient.array,
                [
                    14.054147822102212, 9.050379698165386, -0.17877687689986937, 6.748558553703386,
                    3.0232759849871043, 8.318363693166715, -0.018865901582398276, -9.520287959688707,
                    6.822798506660086, -5.5899404018080325, 0.018865901582398276, -20.00465571276361,
                    -14.952494568465793, -13.563086395842097, -7.378844881986365, 2.762109733736739,
                    10.897580787186934, 9.85108380329584, -4.304326181158713, 1.8414064891578261,
                    0.7602963339897861, 19.70216760659168, 13.835334153724435, 46.95586547352457,
                ]))
    }

    @Test func attentionGradientsAreThoseOfTheStatedLoss() {
        let shape = Shape(channels: 2, height: 2, width: 3)
        let values = Self.random(24, 5)
        let target = Self.random(12, 6).map(abs)
        let gradient = FloatBuffer(count: 24).view
        let loss = AttentionTransfer.loss(
            Self.view(values), shape: shape, target: Self.view(target), samples: 2, weight: 5,
            gradient: gradient)
        func stated(_ x: [Double]) -> Double {
            (0..<2).reduce(0) { sum, n in
                let map = (0..<6).map { p in
                    (0..<2).reduce(0) { $0 + x[n * 12 + $1 * 6 + p] * x[n * 12 + $1 * 6 + p] } / 2
                }
                let length = sqrt(map.reduce(0) { $0 + $1 * $1 })
                return sum
                    + (0..<6).reduce(0) { sum, p in
                        let difference = map[p] / length - Double(target[n * 6 + p])
                        return sum + 5 * difference * difference / 12
                    }
            }
        }
        #expect(abs(loss - stated(doubles(values))) < 1e-9)
        #expect(near(gradient.array, PlainNet.gradient(at: doubles(values), of: stated), 1e-6))
        let zeros = FloatBuffer(count: 24).view
        _ = AttentionTransfer.loss(
            zeros, shape: shape, target: Self.view(target), samples: 2, weight: 5, gradient: gradient)
        #expect(gradient.array.allSatisfy { $0 == 0 })
    }

    /// The weights that the authors' settings come to, and those that they keep for other data.
    @Test func effectiveWeights() {
        var settings = DistillationSettings()
        // T^2 is the divergence's own.
        #expect(abs(16 * settings.weightOfDivergence(classes: 10) - 2.88) < 1e-12)
        #expect(abs(16 * settings.weightOfDivergence(classes: 100) - 0.288) < 1e-12)
        settings.reduction = .asForCIFAR10
        #expect(abs(16 * settings.weightOfDivergence(classes: 100) - 2.88) < 1e-12)
        settings.reduction = .batchMean
        #expect(abs(16 * settings.weightOfDivergence(classes: 100) - 28.8) < 1e-12)
        // One image at a right angle: a squared distance of 2, times 10^4 / 97.
        let filters = [Array(0..<97)]
        let found = Self.transfer(
            FeatureTransfer(filters: filters, beta: 10_000), [[1] + [Float](repeating: 0, count: 96)],
            [0, 1] + [Float](repeating: 0, count: 95), samples: 1)
        #expect(abs(found.loss - 2 * 10_000 / 97) < 1e-9)
    }
}

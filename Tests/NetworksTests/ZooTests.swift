import Networks
import TensorMath
import Testing

extension NetworksTests {
    /// Parameters and multiply-accumulates of the zoo against what was published.
    @Suite struct ZooTests {
        private static let cifar = Shape(channels: 3, height: 32, width: 32)
        private static let digits = Shape(channels: 1, height: 28, width: 28)
        private static let imageNet = Shape(channels: 3, height: 224, width: 224)

        private func plan(_ name: String, _ input: Shape, classes: Int) throws -> NetworkPlan {
            let spec = try #require(ModelSpec.named(name, classes: classes))
            return try NetworkPlan(spec: spec, input: input, classes: classes)
        }

        /// Counts of papers and of their authors' code, all for 10 classes but the last of FedMAX.
        @Test(arguments: [
            ("logistic", digits, 7_850), ("mlp", digits, 199_210), ("cnn", digits, 1_663_370),
            ("pfllib_cnn", digits, 582_026), ("pfllib_cnn", cifar, 878_538),
            ("lenet5", digits, 61_706),
            ("niid_simple_cnn", cifar, 62_006), ("niid_simple_cnn", digits, 44_426),
            ("fedmax_cnn", cifar, 659_818),
            ("resnet8", cifar, 78_042), ("resnet20", cifar, 272_474), ("resnet34", cifar, 21_289_802),
            ("mobilenet_v1", cifar, 3_217_226),
            ("wrn_16_1", cifar, 175_626), ("wrn_16_2", cifar, 692_810), ("wrn_40_4", cifar, 8_955_050),
            // 448; blocks of 1,928, 1,200; 3,680, 4,704; 14,528, 18,624; 64 of the last norm and 330.
            ("wrn_16_0.5", cifar, 45_506),
            ("small_cnn", digits, 94_186), ("small_cnn_0.25", digits, 6_274),
            ("vgg11", cifar, 9_231_114),
            ("nasbench201_333333", cifar, 1_531_546), ("nasbench201_334131", cifar, 802_426),
            ("nasbench201_103433", cifar, 802_426),
        ])
        func parameters(name: String, input: Shape, expected: Int) throws {
            #expect(try plan(name, input, classes: 10).parameterCount == expected)
        }

        @Test func parametersWithMoreClasses() throws {
            #expect(try plan("fedmax_cnn", Self.cifar, classes: 100).parameterCount == 705_988)
            #expect(try plan("pfllib_cnn", Self.cifar, classes: 100).parameterCount == 924_708)
        }

        /// 1000 classes, 224 x 224. Parameters and billions of multiply-accumulates as torchvision states
        /// them, to the last digit; MobileNet V1's as in Keras and, to the million, in the paper.
        @Test(arguments: [
            ("resnet18", 11_689_512, 1.814, 0.001), ("resnet34", 21_797_672, 3.664, 0.001),
            ("resnet50", 25_557_032, 4.089, 0.001), ("resnet152", 60_192_808, 11.514, 0.001),
            ("densenet169", 14_149_480, 3.36, 0.001), ("densenet201", 20_013_928, 4.291, 0.001),
            ("mobilenet_v1", 4_231_976, 0.569, 0.001), ("mobilenet_v1_0.25", 470_072, 0.041, 0.001),
            ("mobilenet_v2", 3_504_872, 0.301, 0.001), ("mobilenet_v2_0.5", 1_968_680, 0.097, 0.001),
            ("squeezenet", 1_235_496, 0.349, 0.001), ("vgg16", 138_357_544, 15.47, 0.001),
            ("googlenet", 6_624_904, 1.498, 0.001), ("shufflenet_v2", 2_278_604, 0.145, 0.001),
            ("mnasnet", 4_383_312, 0.314, 0.001),
        ])
        func imageNet(name: String, parameters: Int, billions: Double, tolerance: Double) throws {
            let plan = try plan(name, Self.imageNet, classes: 1000)
            #expect(plan.parameterCount == parameters)
            #expect(abs(Double(plan.macs) / 1e9 - billions) < tolerance, "\(plan.macs)")
        }

        /// Millions of multiply-accumulates for 32 x 32 and 10 classes. NAS-Bench-201 counts the ten biases,
        /// too.
        @Test(arguments: [
            ("resnet20", 40.8, 0.05), ("wrn_16_1", 26.7, 0.05), ("wrn_16_2", 101, 0.5),
            ("wrn_40_2", 328, 0.5), ("wrn_40_4", 1_298.6, 0.05), ("wrn_28_10", 5_243, 0.5),
            ("nasbench201_333333", 220.11969, 0.0000101), ("nasbench201_334131", 113.95137, 0.0000101),
        ])
        func macsOfSmallImages(name: String, millions: Double, tolerance: Double) throws {
            let plan = try plan(name, Self.cifar, classes: 10)
            #expect(abs(Double(plan.macs) / 1e6 - millions) <= tolerance, "\(plan.macs)")
        }

        /// What stays on the devices in FedPer when the classifier and the last blocks are personal.
        @Test(arguments: [
            ("resnet34", [5_130, 4_725_770, 9_446_410]),
            ("mobilenet_v1", [10_250, 1_072_138, 1_604_106, 1_872_906]),
        ])
        func headsAreWholeBlocks(name: String, expected: [Int]) throws {
            let plan = try plan(name, Self.cifar, classes: 10)
            let sizes = plan.spec.layers.indices.reversed().compactMap { layer -> Int? in
                let own = plan.layout.segments.filter { $0.layer == layer && $0.role == .trainable }
                return own.isEmpty ? nil : own.reduce(0) { $0 + $1.count }
            }
            let heads = expected.indices.map { sizes[...$0].reduce(0, +) }
            #expect(heads == expected)
        }

        /// The shapes between stages at 224 x 224.
        @Test(arguments: [
            ("resnet50", "block16", [2048, 7, 7]), ("resnet152", "block11", [512, 28, 28]),
            ("densenet169", "block20", [256, 14, 14]), ("densenet201", "block20", [256, 14, 14]),
            ("googlenet", "block9", [1024, 7, 7]), ("shufflenet_v2", "block16", [464, 7, 7]),
            ("squeezenet", "block8", [512, 13, 13]), ("mobilenet_v2", "block17", [320, 7, 7]),
            ("mnasnet", "block17", [320, 7, 7]),
        ])
        func stages(name: String, block: String, expected: [Int]) throws {
            let plan = try plan(name, Self.imageNet, classes: 1000)
            let output = plan.blocks[try #require(plan.index(of: block))].output
            #expect([output.channels, output.height, output.width] == expected)
        }

        /// Names have one spelling, and parameters a range.
        @Test(arguments: [
            "wrn_16", "wrn_16_0", "wrn_016_1", "wrn_16_1_1", "wrn_17_1", "wrn_4_1", "wrn_+16_1", "wrn_1006_1",
            "wrn_16_65", "wrn_16_2.0", "wrn_16_0.50", "wrn_16_.5", "wrn_16_0.04", "wrn_16_64.5", "wrn_16_nan",
            "wrn_-2_1", "wrn__", "mobilenet_v1_", "mobilenet_v1_1", "mobilenet_v1_nan",
            "mobilenet_v1_0", "mobilenet_v1_0.250", "mobilenet_v1_-0.25", "mobilenet_v2_1e3",
            "nasbench201_33333", "nasbench201_3333333", "nasbench201_333335", "nasbench201_33333x",
            "Resnet20",
            " resnet20", "",
        ])
        func namesThatAreNone(name: String) { #expect(ModelSpec.named(name, classes: 10) == nil) }

        /// Every network of six edges has a plan, also those without a path.
        @Test func allCellsOfNASBench201() throws {
            var stream = RandomStream(RandomKey(seed: 1, purpose: .test, client: 0, participation: 0))
            for _ in 0..<100 {
                let digits = (0..<6).map { _ in String(stream.index(below: 5)) }.joined()
                let plan = try plan("nasbench201_\(digits)", Self.cifar, classes: 10)
                let pointwise = digits.filter { $0 == "2" }.count
                let wide = digits.filter { $0 == "3" }.count
                // Of 1 x 1 and 3 x 3 convolutions with their norms, five cells in each of three stages.
                let expected =
                    73_306 + pointwise * 5 * (16 * 18 + 32 * 34 + 64 * 66)
                    + wide * 5 * (16 * 146 + 32 * 290 + 64 * 578)
                #expect(plan.parameterCount == expected, "\(digits)")
            }
        }
    }
}

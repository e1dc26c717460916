/// What a device computes with: how long layers take on it, what it holds and what it draws.
///
/// The time of a layer is its share of launching, computing and moving; `combination` says whether computing and
/// moving add up or hide each other. A figure that is infinite costs nothing: a fit could not tell it from the rest.
public struct DeviceProfile: Sendable, Equatable {
    public enum Precision: String, Sendable, CaseIterable {
        case float32, float16, int8

        /// Bytes of a value.
        public var bytes: Int {
            switch self {
            case .float32: 4
            case .float16: 2
            case .int8: 1
            }
        }
    }

    /// How the time to compute and the time to move bytes make that of a layer.
    public enum Combination: String, Sendable, CaseIterable {
        /// One after the other: what measured networks are predicted best with.
        case sum
        /// The greater hides the other: the roofline of Williams et al. 2009.
        case maximum
    }

    /// Prices of a forward pass.
    public struct Speed: Sendable, Equatable {
        /// Floating point operations a second that the processor can do at most.
        public var peakFLOPS: Double
        /// Share of the peak that layers of a kind reach, in the order of `LayerKind.allCases`; above 1 for
        /// algorithms that do with fewer operations, such as Winograd's.
        public var efficiency: [Double]
        /// Of values that go into and out of layers, and of weights.
        public var activationBytesPerSecond: Double
        public var weightBytesPerSecond: Double
        /// Of convolutions' weights, where these are read in another way; nil for the same.
        public var kernelBytesPerSecond: Double?
        public var secondsPerLayer: Double
        public var secondsPerPass: Double
        public var combination: Combination
        /// Mean absolute error of predicted whole networks that were left out of the fit, in percent of the measured
        /// time; nil where there is nothing to compare with.
        public var errorPercent: Double?
        public var source: String

        public init(
            peakFLOPS: Double, efficiency: [Double], activationBytesPerSecond: Double,
            weightBytesPerSecond: Double, kernelBytesPerSecond: Double? = nil, secondsPerLayer: Double = 0,
            secondsPerPass: Double = 0, combination: Combination = .sum, errorPercent: Double? = nil,
            source: String
        ) {
            precondition(efficiency.count == LayerKind.allCases.count, "\(efficiency.count) kinds of layers")
            self.peakFLOPS = peakFLOPS
            self.efficiency = efficiency
            self.activationBytesPerSecond = activationBytesPerSecond
            self.weightBytesPerSecond = weightBytesPerSecond
            self.kernelBytesPerSecond = kernelBytesPerSecond
            self.secondsPerLayer = secondsPerLayer
            self.secondsPerPass = secondsPerPass
            self.combination = combination
            self.errorPercent = errorPercent
            self.source = source
        }
    }

    public struct Training: Sendable, Equatable {
        /// Time of a layer's backward pass, with the gradients of weights and input, over that of its forward pass.
        public var backwardFactor: Double
        public var source: String

        public init(backwardFactor: Double, source: String) {
            self.backwardFactor = backwardFactor
            self.source = source
        }
    }

    public struct Memory: Sendable, Equatable {
        /// What a program can have at most.
        public var bytes: UInt64
        public var source: String

        public init(bytes: UInt64, source: String) {
            self.bytes = bytes
            self.source = source
        }
    }

    /// Of the whole device: `idleWatts` while it waits or only its radio works, `activeWatts` while it computes.
    public struct Power: Sendable, Equatable {
        public var activeWatts: Double
        public var idleWatts: Double
        public var source: String

        public init(activeWatts: Double, idleWatts: Double, source: String) {
            self.activeWatts = activeWatts
            self.idleWatts = idleWatts
            self.source = source
        }
    }

    public var name: String
    public var processor: String
    /// What executes networks, such as ncnn.
    public var runtime: String
    /// Of inference.
    public var precision: Precision
    public var threads: Int
    public var speed: Speed
    public var training: Training
    public var memory: Memory
    public var power: Power

    public init(
        name: String, processor: String, runtime: String, precision: Precision, threads: Int, speed: Speed,
        training: Training, memory: Memory, power: Power
    ) {
        self.name = name
        self.processor = processor
        self.runtime = runtime
        self.precision = precision
        self.threads = threads
        self.speed = speed
        self.training = training
        self.memory = memory
        self.power = power
    }
}

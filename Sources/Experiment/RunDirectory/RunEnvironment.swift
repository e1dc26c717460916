/// Where and with what a run was made. Given by the program; decides nothing but the kernel family.
public struct RunEnvironment: Codable, Sendable, Equatable {
    /// A command that went on with the run.
    public struct Resumption: Codable, Sendable, Equatable {
        /// ISO 8601, UTC.
        public var startedAt: String
        public var host: String
        public var arguments: [String]

        public init(startedAt: String, host: String, arguments: [String]) {
            self.startedAt = startedAt
            self.host = host
            self.arguments = arguments
        }

        private enum CodingKeys: String, CodingKey {
            case host, arguments
            case startedAt = "started_at"
        }
    }

    /// Of this program.
    public var version: String
    public var kernelFamily: String
    /// The BLAS and its kernels, as it names itself.
    public var blas: String
    public var processor: String
    public var logicalProcessors: Int
    public var memoryBytes: UInt64
    public var operatingSystem: String
    public var host: String
    /// ISO 8601, UTC.
    public var startedAt: String
    public var arguments: [String]
    /// Versions of libraries, by name.
    public var libraries: [String: String]
    /// In order.
    public var resumptions: [Resumption] = []

    public init(
        version: String, kernelFamily: String, blas: String, processor: String, logicalProcessors: Int,
        memoryBytes: UInt64, operatingSystem: String, host: String, startedAt: String, arguments: [String],
        libraries: [String: String]
    ) {
        self.version = version
        self.kernelFamily = kernelFamily
        self.blas = blas
        self.processor = processor
        self.logicalProcessors = logicalProcessors
        self.memoryBytes = memoryBytes
        self.operatingSystem = operatingSystem
        self.host = host
        self.startedAt = startedAt
        self.arguments = arguments
        self.libraries = libraries
    }

    private enum CodingKeys: String, CodingKey {
        case version, blas, processor, host, arguments, libraries, resumptions
        case kernelFamily = "kernel_family"
        case logicalProcessors = "logical_processors"
        case memoryBytes = "memory_bytes"
        case operatingSystem = "operating_system"
        case startedAt = "started_at"
    }
}

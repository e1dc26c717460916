import TensorMath

/// A safetensors file (https://github.com/huggingface/safetensors) in memory: checked whole before use.
public struct SafetensorsFile: Sendable {
    /// One tensor of any type.
    public struct Tensor: Sendable, Equatable {
        public let name: String
        /// As the format calls it: `F32`, `I64`, ...
        public let type: String
        public let shape: [Int]
        /// Bytes within the data behind the header.
        public let extent: Range<Int>
    }

    /// Longest header that is read, in bytes: the reference implementation's limit.
    public static let headerBytesMax = 100_000_000

    public let path: String
    public let metadata: [String: String]
    /// In the order of their bytes.
    public let tensors: [Tensor]
    private let data: [UInt8]

    /// Reads and checks the file: header length, JSON, types, extents without overlap or gap, and the file's
    /// size.
    public init(path: String) throws(SafetensorsError) {
        let reader = try FileReader(path: path)
        let prefix = try reader.read(count: min(8, reader.size))
        guard prefix.count == 8 else {
            throw SafetensorsError(file: path, reason: .wrongSize(expected: 8, found: prefix.count))
        }
        let length = prefix.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard length <= UInt64(Self.headerBytesMax), length <= UInt64(reader.size - 8) else {
            throw SafetensorsError(file: path, reason: .headerLength(length))
        }
        let header = try SafetensorsHeader(file: path, bytes: try reader.read(count: Int(length)))
        let tensors = try Self.checked(header.entries, file: path)
        let expected = 8 + Int(length) + (tensors.last?.extent.upperBound ?? 0)
        guard expected == reader.size else {
            throw SafetensorsError(file: path, reason: .wrongSize(expected: expected, found: reader.size))
        }
        self.path = path
        self.tensors = tensors
        metadata = header.metadata
        data = try reader.read(count: expected - 8 - Int(length))
    }

    /// Bytes of one value of each type of the format that is made of whole bytes.
    private static let bytesOfType = [
        "F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4, "F16": 2, "BF16": 2, "I16": 2, "U16": 2,
        "I8": 1,
        "U8": 1, "BOOL": 1, "F8_E4M3": 1, "F8_E5M2": 1,
    ]

    /// The entries in the order of their bytes, each of its shape's size and where the one before ends.
    private static func checked(
        _ entries: [SafetensorsHeader.Entry], file: String
    ) throws(SafetensorsError) -> [Tensor] {
        var next = 0
        var tensors: [Tensor] = []
        for entry in entries.sorted(by: { ($0.begin, $0.end, $0.name) < ($1.begin, $1.end, $1.name) }) {
            func fault(_ reason: SafetensorsError.Reason) -> SafetensorsError {
                SafetensorsError(file: file, tensor: entry.name, reason: reason)
            }
            guard let size = bytesOfType[entry.type] else { throw fault(.unsupportedType(entry.type)) }
            guard entry.begin == next, entry.end >= entry.begin else {
                throw fault(.misplaced(begin: entry.begin, end: entry.end, expectedBegin: next))
            }
            var bytes = size
            var overflow = false
            for extent in entry.shape {
                let product = bytes.multipliedReportingOverflow(by: extent)
                bytes = product.partialValue
                overflow = overflow || product.overflow
            }
            guard !overflow, bytes == entry.end - entry.begin, bytes <= Int.max / 4 else {
                let found = entry.end - entry.begin
                throw fault(.inconsistentExtent(bytes: found, shape: entry.shape, type: entry.type))
            }
            guard entry.end <= Int.max / 4 else {
                throw fault(.misplaced(begin: entry.begin, end: entry.end, expectedBegin: next))
            }
            next = entry.end
            tensors.append(
                Tensor(
                    name: entry.name, type: entry.type, shape: entry.shape, extent: entry.begin..<entry.end))
        }
        return tensors
    }

    /// The values of an F32 tensor, row-major.
    public func values(of name: String) throws(SafetensorsError) -> [Float] {
        guard let tensor = tensors.first(where: { $0.name == name }) else {
            throw SafetensorsError(file: path, tensor: name, reason: .missingTensor)
        }
        let buffer = FloatBuffer(count: tensor.shape.reduce(1, *))
        try copy(tensor, into: buffer.view)
        return buffer.view.array
    }

    /// Fills `parameters` (layout.count values). The file must have exactly the layout's tensors.
    public func load(_ layout: ParameterLayout, into parameters: FloatView) throws(SafetensorsError) {
        precondition(parameters.count == layout.count, "\(parameters.count) of \(layout.count) parameters")
        var byName: [String: Tensor] = [:]
        for tensor in tensors { byName[tensor.name] = tensor }
        for segment in layout.segments {
            guard let tensor = byName.removeValue(forKey: segment.name) else {
                throw SafetensorsError(file: path, tensor: segment.name, reason: .missingTensor)
            }
            guard tensor.shape == segment.shape else {
                throw SafetensorsError(
                    file: path, tensor: segment.name,
                    reason: .wrongShape(expected: segment.shape, found: tensor.shape))
            }
            try copy(tensor, into: parameters.slice(segment.offset, segment.count))
        }
        if let name = byName.keys.min() {
            throw SafetensorsError(file: path, tensor: name, reason: .unexpectedTensor)
        }
    }

    private func copy(_ tensor: Tensor, into view: FloatView) throws(SafetensorsError) {
        guard tensor.type == "F32" else {
            throw SafetensorsError(file: path, tensor: tensor.name, reason: .unsupportedType(tensor.type))
        }
        precondition(view.count * 4 == tensor.extent.count)
        data.withUnsafeBytes { bytes in
            for i in 0..<view.count {
                let word = bytes.loadUnaligned(
                    fromByteOffset: tensor.extent.lowerBound + 4 * i, as: UInt32.self)
                view.pointer[i] = Float(bitPattern: UInt32(littleEndian: word))
            }
        }
    }
}

import Glibc

/// Why a safetensors file could not be read or written; names the file, the tensor if one is at fault, and a
/// remedy.
public struct SafetensorsError: Error, Equatable, CustomStringConvertible {
    public enum Reason: Sendable, Equatable {
        /// A system call failed; `code` is errno.
        case system(call: String, code: Int32)
        /// The file ends before what it promises, or goes on after it.
        case wrongSize(expected: Int, found: Int)
        /// The header's length is above `SafetensorsFile.headerBytesMax` or beyond the file.
        case headerLength(UInt64)
        /// The header is not the JSON that the format asks for, from byte `offset` of the header on.
        case malformedHeader(offset: Int, expected: String)
        case duplicateTensor
        /// Only F32 can be read as values.
        case unsupportedType(String)
        /// The bytes of a tensor are not its shape times its type.
        case inconsistentExtent(bytes: Int, shape: [Int], type: String)
        /// A tensor overlaps another, leaves a gap, or lies outside the data.
        case misplaced(begin: Int, end: Int, expectedBegin: Int)
        case missingTensor
        /// The layout has no such tensor.
        case unexpectedTensor
        case wrongShape(expected: [Int], found: [Int])
    }

    public let file: String
    public let tensor: String?
    public let reason: Reason

    public init(file: String, tensor: String? = nil, reason: Reason) {
        self.file = file
        self.tensor = tensor
        self.reason = reason
    }

    public var description: String {
        let place = tensor.map { "\(file), tensor \($0)" } ?? file
        return "\(place): \(explanation)"
    }

    private var explanation: String {
        switch reason {
        case .system(let call, let code):
            switch code {
            case ENOENT: return "there is no such file or directory; check the path"
            case EISDIR: return "is a directory; name a safetensors file"
            case EINVAL: return "is not a regular file; name a safetensors file"
            case EACCES: return "may not be used; check its permissions"
            default:
                return "\(call) failed (\(String(cString: strerror(code)))); check the path and the disk"
            }
        case .wrongSize(let expected, let found):
            return "the file should have \(expected) bytes and has \(found); copy it again"
        case .headerLength(let length):
            let limit = SafetensorsFile.headerBytesMax
            return
                "a header of \(length) bytes is beyond the file or the limit of \(limit); is this a safetensors file?"
        case .malformedHeader(let offset, let expected):
            return "byte \(offset) of the header is not \(expected); write the file again"
        case .duplicateTensor:
            return "the name stands for two tensors; give each its own"
        case .unsupportedType(let type):
            return "values of type \(type) cannot be used; convert them to F32"
        case .inconsistentExtent(let bytes, let shape, let type):
            return "\(bytes) bytes are not shape \(shape) of \(type); write the file again"
        case .misplaced(let begin, let end, let expected):
            return
                "bytes \(begin) to \(end) overlap another tensor, leave a gap or end outside; \(expected) was next"
        case .missingTensor:
            return "the model needs this tensor and the file has none; use the file of the same model"
        case .unexpectedTensor:
            return "the model has no such tensor; use the file of the same model"
        case .wrongShape(let expected, let found):
            return
                "the model needs shape \(expected) and the file has \(found); use the file of the same model"
        }
    }
}

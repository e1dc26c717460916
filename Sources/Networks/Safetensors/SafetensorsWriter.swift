import Glibc
import TensorMath

extension SafetensorsFile {
    /// Writes `parameters` as F32 tensors named by `layout`, in its order; equal arguments give equal bytes.
    ///
    /// Whoever reads `path` sees the old file or the whole new one, also after a power cut: the bytes go to
    /// `path.partial`, are synced, and take the name. One writer a path at a time.
    public static func write(
        path: String, layout: ParameterLayout, parameters: FloatView, metadata: [String: String] = [:]
    ) throws(SafetensorsError) {
        precondition(parameters.count == layout.count, "\(parameters.count) of \(layout.count) parameters")
        do {
            try write(path: path, layout: layout, metadata: metadata, parts: 1) { (_) throws(Never) in
                parameters
            }
        } catch let error as SafetensorsError { throw error } catch { preconditionFailure("\(error)") }
    }

    /// The same in parts, each asked for when the one before is written: for more than fits into memory. The parts
    /// together have the values of `layout`. What `part` throws leaves nothing behind.
    public static func write<Failure: Error>(
        path: String, layout: ParameterLayout, metadata: [String: String] = [:], parts: Int,
        part: (Int) throws(Failure) -> FloatView
    ) throws {
        let partial = path + ".partial"
        let descriptor = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw SafetensorsError(file: partial, reason: .system(call: "open", code: errno))
        }
        let head = header(layout: layout, metadata: metadata)
        var failed = writeAll(descriptor, head.span.bytes) ? nil : "write"
        var written = 0
        for index in 0..<parts where failed == nil {
            let values: FloatView
            do throws(Failure) { values = try part(index) } catch {
                close(descriptor)
                unlink(partial)
                throw error
            }
            let body = UnsafeRawBufferPointer(start: values.pointer, count: values.count * 4)
            failed = writeAll(descriptor, body.bytes) ? nil : "write"
            written += values.count
        }
        precondition(failed != nil || written == layout.count, "\(written) of \(layout.count) values")
        if failed == nil && fsync(descriptor) != 0 { failed = "fsync" }
        var code = errno
        if close(descriptor) != 0 && failed == nil {
            failed = "close"
            code = errno
        }
        if failed == nil && rename(partial, path) != 0 {
            failed = "rename"
            code = errno
        }
        if let failed {
            unlink(partial)
            throw SafetensorsError(file: path, reason: .system(call: failed, code: code))
        }
        try syncDirectory(of: path)
    }

    /// The length and the JSON, padded with spaces so that the data start at a multiple of 8 bytes.
    static func header(layout: ParameterLayout, metadata: [String: String]) -> [UInt8] {
        var members: [String] = []
        if !metadata.isEmpty {
            let pairs = metadata.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(quoted($0.value))" }
            members.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
        }
        for segment in layout.segments {
            let shape = segment.shape.map(String.init).joined(separator: ",")
            let begin = 4 * segment.offset
            let end = begin + 4 * segment.count
            members.append(
                "\(quoted(segment.name)):{\"dtype\":\"F32\",\"shape\":[\(shape)],\"data_offsets\":[\(begin),\(end)]}"
            )
        }
        var text = Array("{\(members.joined(separator: ","))}".utf8)
        while text.count % 8 != 0 { text.append(0x20) }
        let length = (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) }
        return length + text
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    private static func writeAll(_ descriptor: Int32, _ span: RawSpan) -> Bool {
        span.withUnsafeBytes { bytes in
            var done = 0
            while done < bytes.count {
                let put = Glibc.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
                if put < 0 && errno == EINTR { continue }
                if put <= 0 { return false }
                done += put
            }
            return true
        }
    }

    /// Makes a new name durable.
    private static func syncDirectory(of path: String) throws(SafetensorsError) {
        let slash = path.lastIndex(of: "/")
        let directory = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        let opened = descriptor >= 0
        let synced = opened && fsync(descriptor) == 0
        let code = errno
        if opened { close(descriptor) }
        if !synced {
            throw SafetensorsError(
                file: directory, reason: .system(call: opened ? "fsync" : "open", code: code))
        }
    }
}

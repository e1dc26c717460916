import Synchronization
import TensorMath
import Testing

@Suite struct ObjectTests {
    /// BLAKE2b with 32 bytes of output; the vectors are those of Python's hashlib.
    @Test func digestKnownAnswers() {
        #expect(
            hexadecimal(digest256([])) == "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8")
        #expect(
            hexadecimal(digest256(Array("abc".utf8)))
                == "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319")
        let long = (0..<5).flatMap { _ in (0...255).map { UInt8($0) } }
        #expect(
            hexadecimal(digest256(long)) == "82628cbfc9689e234b0923a531f4578fe2e7138a03e2f81ed6cde97517336650"
        )
    }

    /// XXH3-128 with seed 0; the vectors are those of xxHash's own tests.
    @Test func nameKnownAnswers() {
        #expect(ObjectBytes([]).id.description == "99aa06d3014798d86001c324468d497f")
        #expect(ObjectBytes(Array("a".utf8)).id.description == "a96faf705af16834e6c632b61e964e1f")
    }

    @Test func nameOrderAndDescription() {
        let ids = [
            ObjectID(high: 2, low: 1), ObjectID(high: 1, low: .max), ObjectID(high: 1, low: 2),
            ObjectID(high: .max, low: 1),
        ]
        #expect(ids.sorted().map(\.high) == [1, 1, 2, .max])
        #expect(ids.sorted().first == ids[2])
        #expect(!(ids[0] < ids[0]))
        #expect(ObjectID(high: 0x0102, low: 0xA0).description == "000000000000010200000000000000a0")
    }

    /// A part has the bytes and the name of an object of its own, and keeps the whole alive.
    @Test func partsAreObjects() {
        let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var part = ObjectBytes(bytes).part(1000..<150_001)
        // Takes the whole's memory if the part did not keep it.
        let other = ObjectBytes([UInt8](repeating: 7, count: bytes.count))
        #expect(part.bytes == Array(bytes[1000..<150_001]) && part.id == ObjectBytes(part.bytes).id)
        part = part.part(5..<5)
        #expect(part.count == 0 && part.id == ObjectBytes([]).id && other.bytes[9] == 7)
    }

    /// Pieces in any order make the object; its memory is used again, never shared.
    @Test func assemblyMakesTheObject() {
        var stream = RandomStream(RandomKey(seed: 4, purpose: .test))
        var alive: [(object: ObjectBytes, bytes: [UInt8])] = []
        for round in 0..<60 {
            let count = [70_000, 70_000, 69_999, 300_000, 0, 17][round % 6]
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 13 &+ round) }
            let assembly = ObjectAssembly(count: count)
            let starts = Array(stride(from: 0, to: count, by: 16_384))
            for index in stream.sample(starts.count, of: starts.count) {
                let end = min(starts[index] + 16_384, count)
                assembly.place(ObjectBytes(Array(bytes[starts[index]..<end])), at: starts[index])
            }
            let object = assembly.finish()
            #expect(object.id == ObjectBytes(bytes).id)
            alive.append((object, bytes))
            if alive.count > 7 { alive.remove(at: stream.index(below: alive.count)) }
            #expect(alive.allSatisfy { $0.object.bytes == $0.bytes })
        }
        _ = ObjectAssembly(count: 100_000)
    }

    @Test func bytesAndFloatsAgree() {
        let values = FloatBuffer(count: 3).view
        values.copy(from: [1, -2.5, .nan])
        let object = ObjectBytes(values)
        #expect(object.bytes.prefix(8) == [0, 0, 0x80, 0x3F, 0, 0, 0x20, 0xC0])
        #expect(object.count == 12)
        #expect(ObjectBytes(object.bytes).id == object.id)
        #expect(object.digest == digest256(object.bytes))
        #expect(ObjectReference(object) == ObjectReference(id: object.id, bytes: 12))
        let copy = FloatBuffer(count: 3).view
        #expect(object.copy(into: copy))
        #expect(copy.array.map(\.bitPattern) == values.array.map(\.bitPattern))
    }

    /// An object does not see what happens to the buffer that it was made of.
    @Test func objectsAreIndependent() {
        let values = FloatBuffer(count: 2).view
        let object = ObjectBytes(values)
        values.fill(7)
        #expect(object.bytes == [UInt8](repeating: 0, count: 8))
    }

    @Test func copyRefusesOtherSizes() {
        let values = FloatBuffer(count: 2).view
        values.fill(5)
        for count in [0, 4, 7, 9, 12] {
            #expect(!ObjectBytes([UInt8](repeating: 1, count: count)).copy(into: values))
        }
        #expect(values.array == [5, 5])
    }

    @Test func everyByteIsNamed() {
        let bytes = (0..<300).map { UInt8(truncatingIfNeeded: $0) }
        var names: Set<ObjectID> = [ObjectBytes(bytes).id]
        for i in bytes.indices {
            var other = bytes
            other[i] ^= 0x10
            names.insert(ObjectBytes(other).id)
            names.insert(ObjectBytes(Array(bytes.prefix(i))).id)
        }
        #expect(names.count == 601)
    }

    @Test func memoryIsGivenBackOnce() {
        final class Count: Sendable { let value = Mutex(0) }
        let count = Count()
        do {
            let memory = UnsafeMutableRawPointer.allocate(byteCount: 8, alignment: 2)
            memory.initializeMemory(as: UInt8.self, repeating: 3, count: 8)
            nonisolated(unsafe) let owned = memory
            let object = ObjectBytes(base: memory, count: 8) {
                count.value.withLock { $0 += 1 }
                owned.deallocate()
            }
            #expect(object.bytes == [3, 3, 3, 3, 3, 3, 3, 3])
            #expect(count.value.withLock { $0 } == 0)
        }
        #expect(count.value.withLock { $0 } == 1)
    }
}

@Suite struct ParameterLayoutTests {
    static func layout(
        name: String = "dense1.weight", shape: [Int] = [2, 3], role: Segment.Role = .trainable, layer: Int = 1
    ) -> ParameterLayout {
        var layout = ParameterLayout()
        layout.append(name: name, shape: shape, role: role, layer: layer)
        layout.append(name: "dense1.bias", shape: [2], role: .trainable, layer: 1)
        return layout
    }

    @Test func digestDependsOnEveryField() {
        let variants = [
            Self.layout(), Self.layout(name: "dense2.weight"), Self.layout(shape: [3, 2]),
            Self.layout(shape: [6]),
            Self.layout(shape: [2, 4]), Self.layout(shape: [23]), Self.layout(role: .buffer),
            Self.layout(layer: 2), Self.layout(layer: 12), ParameterLayout(),
        ]
        #expect(Set(variants.map(\.digest)).count == variants.count)
        #expect(Self.layout().digest == Self.layout().digest)
        #expect(Self.layout().digest.count == 32)
    }

    @Test func digestDependsOnOrder() {
        var first = ParameterLayout()
        var second = ParameterLayout()
        for name in ["a", "b"] { first.append(name: name, shape: [2], role: .trainable, layer: 0) }
        for name in ["b", "a"] { second.append(name: name, shape: [2], role: .trainable, layer: 0) }
        #expect(first.digest != second.digest)
    }

    @Test func segmentsFollowEachOther() {
        let layout = Self.layout()
        #expect(layout.count == 8)
        #expect(layout.segments.map(\.offset) == [0, 6])
        #expect(layout.segments.map(\.count) == [6, 2])
        #expect(layout.segment(named: "dense1.bias") == layout.segments[1])
        #expect(layout.segment(named: "dense1") == nil)
    }

    @Test func viewsShareTheirBuffer() {
        let buffer = FloatBuffer(count: 20)
        #expect(buffer.view.array == [Float](repeating: 0, count: 20))
        let part = buffer.view.slice(4, 3)
        part.copy(from: [1, 2, 3])
        #expect(buffer.view[5] == 2)
        #expect(part.slice(1, 2).array == [2, 3])
        buffer.view[6] = -9
        #expect(part.maximumMagnitude == 9)
        #expect(buffer.view.slice(20, 0).maximumMagnitude == 0)
        let other = FloatBuffer(count: 3).view
        other.copy(from: part)
        #expect(other.array == [1, 2, -9])
    }

    /// In whole blocks of sixteen and in what is left over.
    @Test(arguments: [0, 15, 16, 33, 34])
    func magnitudeFindsNaNAnywhere(place: Int) {
        let view = FloatBuffer(count: 35).view
        for i in 0..<35 { view[i] = -Float(i) }
        #expect(view.maximumMagnitude == 34)
        view[place] = .nan
        #expect(view.maximumMagnitude == .infinity)
        view[place] = -1e30
        #expect(view.maximumMagnitude == 1e30)
    }
}

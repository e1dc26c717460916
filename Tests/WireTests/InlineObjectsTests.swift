import TensorMath
import Testing
import Wire

/// Objects behind a message: what rides along, and what a receiver takes for it.
@Suite struct InlineObjectsTests {
    private static func object(_ count: Int, _ stream: inout RandomStream) -> ObjectBytes {
        ObjectBytes((0..<count).map { _ in UInt8(stream.index(below: 256)) })
    }

    /// Two objects of 3 and 5 bytes, and one that is not among them.
    private let first = ObjectBytes([1, 2, 3])
    private let second = ObjectBytes([4, 5, 6, 7, 8])
    private let other = ObjectBytes([9])

    private var references: [ObjectReference] { [ObjectReference(first), ObjectReference(second)] }

    /// What was put into a frame comes out of it: as many objects as the limits allow, in the order of their names.
    @Test func splitGivesBackWhatFrameTook() throws {
        var stream = RandomStream(RandomKey(seed: 1, purpose: .test))
        for _ in 0..<500 {
            let objects = (0..<stream.index(below: 6)).map { _ in
                stream.index(below: 5) == 0 ? nil : Self.object(stream.index(below: 40), &stream)
            }
            let chunk = stream.index(below: 45)
            let mask = InlineObjects.mask(objects, chunkBytes: chunk)
            let chosen = objects.indices.filter { mask >> UInt32($0) & 1 == 1 }
            let total = chosen.reduce(0) { $0 + objects[$1]!.count }
            #expect(total <= 4 * chunk && chosen.allSatisfy { objects[$0]!.count <= chunk })
            // Whatever was left out would not have fitted behind those before it.
            for index in objects.indices where !chosen.contains(index) && objects[index] != nil {
                let before = chosen.filter { $0 < index }.reduce(0) { $0 + objects[$1]!.count }
                #expect(objects[index]!.count > chunk || before + objects[index]!.count > 4 * chunk)
            }
            let frame = InlineObjects.frame(objects, mask: mask)
            #expect((frame?.count ?? 0) == total && (frame == nil) == chosen.isEmpty)
            let references = objects.map {
                $0.map { ObjectReference($0) } ?? ObjectReference(id: ObjectID(high: 1, low: 1), bytes: 7)
            }
            let split = try #require(
                InlineObjects.split(frame, references: references, mask: mask, chunkBytes: chunk))
            #expect(split.map(\.bytes) == chosen.map { objects[$0]!.bytes })
        }
    }

    /// 24 bytes a reference, and one more where the length of the list or of the message then takes two bytes.
    @Test func furtherNamesAreCountedToTheByte() {
        func bytes(_ message: Message) -> Int {
            Envelope(run: 3, epoch: 2, session: 9, sequence: 7, message: message).encoded().count
        }
        for count in 0...8 {
            let names = [ObjectReference](repeating: ObjectReference(first), count: count)
            var offer = Offer(
                task: 4, attempt: 1, outputs: names, metrics: [1, 2, 3, 4, 5], work: [6, 7], inline: 0,
                failure: nil)
            var order = TaskOrder(
                task: 4, attempt: 1, kind: 1, round: 2, client: 3, participation: 0, first: 0, count: nil,
                layout: .init(repeating: 1, count: 32), inputs: names, inline: 0)
            let ordered = order.furtherInputBytes
            let (whole, deployed) = (bytes(.task(order)), count == 0 ? nil : offer.deployedOverhead)
            offer.outputs = Array(names.prefix(1))
            order.inputs = Array(names.prefix(1))
            #expect(bytes(.task(order)) + ordered == whole)
            #expect(deployed == nil || deployed == UInt64(bytes(.offer(offer))))
            let further = max(0, count - 1) * 24
            #expect((further...further + 2).contains(ordered))
        }
    }

    @Test func firstComeFirstServed() {
        #expect(InlineObjects.mask([first, second], chunkBytes: 4) == 0b01)
        #expect(InlineObjects.mask([first, second], chunkBytes: 5) == 0b11)
        #expect(InlineObjects.mask([second, first], chunkBytes: 3) == 0b10)
        #expect(InlineObjects.mask([nil, second], chunkBytes: 5) == 0b10)
        #expect(InlineObjects.mask([], chunkBytes: 8) == 0)
        // Four chunks and no more, whatever is left over.
        #expect(InlineObjects.mask([first, first, first, first, other, first], chunkBytes: 3) == 0b1111)
        #expect(InlineObjects.mask([second, second, second, second, other], chunkBytes: 5) == 0b1111)
        #expect(
            InlineObjects.mask([second, second, second, first, second, other, other], chunkBytes: 5)
                == 0b110_1111)
        #expect(InlineObjects.mask(.init(repeating: other, count: 40), chunkBytes: 25) == .max)
    }

    /// Objects that stand one behind the other are the frame; others are copied into one.
    @Test func partsOfOneObjectAreNotCopied() throws {
        func view(_ values: [Float]) -> FloatView {
            let view = FloatBuffer(count: values.count).view
            for (index, value) in values.enumerated() { view[index] = value }
            return view
        }
        func start(_ object: ObjectBytes) -> UnsafeRawPointer? { object.withUnsafeBytes { $0.baseAddress } }
        let parts = ObjectBytes.parts([view([1, 2]), view([3]), view([4, 5, 6])])
        #expect(parts.map(\.count) == [8, 4, 12])
        #expect(parts.map(\.id) == [[1, 2], [3], [4, 5, 6]].map { ObjectBytes(view($0)).id })
        for (mask, range) in [(0b011, 0..<2), (0b110, 1..<3), (0b111, 0..<3)] as [(UInt32, Range<Int>)] {
            let frame = try #require(InlineObjects.frame(parts, mask: mask))
            #expect(start(frame) == start(parts[range.lowerBound]))
            #expect(frame.bytes == parts[range].flatMap(\.bytes))
        }
        let apart = ObjectBytes.parts([view([7])])[0]
        for objects in [[parts[0], parts[2]], [parts[1], parts[0]], [parts[0], apart], [apart, other]] {
            let frame = try #require(InlineObjects.frame(objects, mask: 0b11))
            #expect(frame.bytes == objects.flatMap(\.bytes) && start(frame) != start(objects[0]))
        }
        // A part of a part belongs to it.
        let inner = parts[2].part(0..<4)
        #expect(InlineObjects.frame([parts[1], inner], mask: 0b11)?.bytes == parts[1].bytes + inner.bytes)
    }

    @Test func aSingleObjectIsNotCopied() {
        #expect(InlineObjects.frame([nil, second], mask: 0b10) === second)
        #expect(
            InlineObjects.split(second, references: references, mask: 0b10, chunkBytes: 5)?.first === second)
    }

    @Test func whatIsNotWhatItsNamesSayIsRefused() {
        let whole = ObjectBytes(first.bytes + second.bytes)
        #expect(InlineObjects.split(whole, references: references, mask: 0b11, chunkBytes: 5)?.count == 2)
        let swapped = ObjectBytes(second.bytes + first.bytes)
        let short = ObjectBytes(Array(whole.bytes.dropLast()))
        let long = ObjectBytes(whole.bytes + [0])
        for frame in [swapped, short, long, ObjectBytes([]), nil] {
            #expect(InlineObjects.split(frame, references: references, mask: 0b11, chunkBytes: 5) == nil)
        }
        #expect(InlineObjects.split(second, references: references, mask: 0b01, chunkBytes: 5) == nil)
        #expect(InlineObjects.split(nil, references: references, mask: 0b01, chunkBytes: 5) == nil)
        // An object that should have come in chunks.
        #expect(InlineObjects.split(whole, references: references, mask: 0b11, chunkBytes: 4) == nil)
        #expect(InlineObjects.split(first, references: references, mask: 0b01, chunkBytes: 3) != nil)
        // A frame that nothing names.
        #expect(InlineObjects.split(other, references: references, mask: 0, chunkBytes: 5) == nil)
        #expect(InlineObjects.split(nil, references: references, mask: 0, chunkBytes: 5)?.isEmpty == true)
        // The right size under a wrong name.
        let renamed = [ObjectReference(id: other.id, bytes: 3), ObjectReference(second)]
        #expect(InlineObjects.split(whole, references: renamed, mask: 0b11, chunkBytes: 5) == nil)
        #expect(InlineObjects.split(first, references: renamed, mask: 0b01, chunkBytes: 5) == nil)
    }

    /// Sizes whose sum is that of the frame only because it ran over.
    @Test(
        arguments: [
            [.max, 9], [9, .max], [1 << 63, 1 << 63 + 8], [UInt64(Int.max) + 1, UInt64(Int.max) + 9],
        ] as [[UInt64]])
    func sizesThatRunOver(sizes: [UInt64]) {
        let whole = ObjectBytes(first.bytes + second.bytes)
        let claimed = zip([first, second], sizes).map { ObjectReference(id: $0.id, bytes: $1) }
        #expect(sizes[0] &+ sizes[1] == 8)
        #expect(InlineObjects.split(whole, references: claimed, mask: 0b11, chunkBytes: 5) == nil)
    }
}

import Methods
import TensorMath
import Wire

// Objects on their way: models to workers, updates from them.
extension Coordinator {
    /// Sends the chunks that a worker asked for.
    mutating func serve(_ id: ObjectID, first: UInt32, count: UInt32, to peer: PeerID) {
        guard let object = object(id) else {
            send(.error(code: .unknownObject, text: "object \(id) is not here", object: id), to: peer)
            return
        }
        let last = first &+ min(count, UInt32(limits.window))
        if sessions[peer]!.ask(id, last: last) { sessions[peer]!.progressAt = now }
        // A state belongs to one task: no worker is reckoned to hold it, and sending it is always simulation.
        if sessions[peer]!.holding(id) == nil && program.object(id) != nil {
            sessions[peer]!.hold(Session.Holding(id: id, federated: false))
        }
        let place = sessions[peer]!.holding(id)
        let wanted = ObjectTransfer.indices(
            first: first, count: count, window: limits.window, objectBytes: object.count,
            chunkBytes: limits.chunkBytes)
        for index in wanted {
            guard
                let range = ObjectTransfer.range(
                    of: index, objectBytes: object.count, chunkBytes: limits.chunkBytes)
            else { return }
            var share = TrafficMeter.Share.simulation
            // A worker that came back goes on at the first chunk that it lacks.
            let fresh = place.map { index >= sessions[peer]!.holdings[$0].nextChunk } ?? false
            if let place, fresh {
                sessions[peer]!.holdings[place].nextChunk = index + 1
                share = .chunk(of: UInt64(object.count), offset: UInt64(range.lowerBound))
            }
            let before = meter.sent
            let federated = fresh && sessions[peer]!.holdings[place!].federated
            send(
                .chunk(id: id, index: index, length: UInt32(range.count)), to: peer, frame: object,
                range: range,
                share: federated ? share : .simulation)
            if let place, fresh && !federated {
                let header = meter.sent.total - before.total - UInt64(range.count)
                sessions[peer]!.holdings[place].payload += UInt64(range.count)
                sessions[peer]!.holdings[place].overhead += share.header ? header : 0
            }
        }
    }

    /// The bytes of an object, whoever keeps them.
    mutating func object(_ id: ObjectID) -> ObjectBytes? {
        if let object = program.object(id) { return object }
        do throws(StateError) { return try states.object(id) } catch {
            end(RunEnd(error))
            return nil
        }
    }

    /// Asks for the outputs that did not come with their offer.
    mutating func receiveOutputs(of offer: Offer, having objects: [ObjectBytes?], from peer: PeerID) {
        let missing = objects.indices.filter { objects[$0] == nil }
        guard !missing.isEmpty else { return complete(offer, objects.map { $0! }, from: peer) }
        guard sessions[peer]!.arriving[offer.task] == nil else { return }
        let bytes = missing.reduce(UInt64(0)) { $0 + offer.outputs[$1].bytes }
        let isBusy = missing.contains { sessions[peer]!.downloads[offer.outputs[$0].id] != nil }
        // The worker offers again after a while; waiting for the others' downloads is no standstill of its own.
        guard !isBusy else { return }
        guard receiving + bytes <= limits.receiveBudget || receiving == 0 else {
            sessions[peer]!.progressAt = now
            return
        }
        sessions[peer]!.arriving[offer.task] = Session.Arriving(offer: offer, objects: objects)
        for index in missing where sessions[peer]!.downloads[offer.outputs[index].id] == nil {
            beginDownload(offer.outputs[index], of: offer.task, from: peer)
        }
    }

    private mutating func beginDownload(
        _ reference: ObjectReference, of task: UInt64, from peer: PeerID
    ) {
        receiving += reference.bytes
        var download = Session.Download(
            task: task,
            transfer: ObjectTransfer(reference, chunkBytes: limits.chunkBytes, window: limits.window),
            lastChunk: now)
        let step = download.transfer.request()
        sessions[peer]!.downloads[reference.id] = download
        follow(step, reference.id, peer)
    }

    mutating func takeChunk(
        _ id: ObjectID, index: UInt32, length: UInt32, _ frame: ObjectBytes?, from peer: PeerID
    ) {
        guard let frame, frame.count == Int(length), var download = sessions[peer]?.downloads[id],
            let range = ObjectTransfer.range(
                of: index, objectBytes: Int(download.transfer.reference.bytes), chunkBytes: limits.chunkBytes),
            range.count == frame.count
        else { return }
        download.lastChunk = now
        if download.transfer.wants(index) { sessions[peer]!.progressAt = now }
        let step = download.transfer.take(index: index, frame: frame)
        sessions[peer]!.downloads[id] = download
        follow(step, id, peer)
    }

    private mutating func follow(_ step: ObjectTransfer.Step, _ id: ObjectID, _ peer: PeerID) {
        switch step {
        case .wait: return
        case .fetch(let first, let count): send(.fetch(id: id, first: first, count: count), to: peer)
        case .complete(let object): arrived(object, from: peer)
        case .corrupt:
            guard let task = sessions[peer]?.downloads[id]?.task else { return }
            refuse(task, .badDigest, "the chunks are not the object that was offered", peer)
        }
    }

    private mutating func arrived(_ object: ObjectBytes, from peer: PeerID) {
        guard let download = sessions[peer]?.downloads.removeValue(forKey: object.id) else { return }
        receiving -= download.transfer.reference.bytes
        guard var arriving = sessions[peer]!.arriving[download.task] else { return }
        for index in arriving.objects.indices where arriving.offer.outputs[index].id == object.id {
            arriving.objects[index] = object
        }
        sessions[peer]!.arriving[download.task] = arriving
        guard arriving.objects.allSatisfy({ $0 != nil }) else { return }
        sessions[peer]!.arriving[download.task] = nil
        complete(arriving.offer, arriving.objects.map { $0! }, from: peer)
    }

    /// Forgets what was on its way for a task.
    mutating func closeDownloads(of task: UInt64, _ peer: PeerID) {
        guard let session = sessions[peer] else { return }
        for (id, download) in session.downloads where download.task == task {
            receiving -= download.transfer.reference.bytes
            sessions[peer]!.downloads[id] = nil
        }
        sessions[peer]!.arriving[task] = nil
    }

    /// A worker has not got (any more) what it offered: it failed, or it could offer the same for ever.
    mutating func abandonDownload(_ id: ObjectID, from peer: PeerID) {
        guard let task = sessions[peer]?.downloads[id]?.task else { return }
        refuse(task, .failed, "output \(id) was offered and is not there", peer)
    }

    mutating func retryDownloads(of peer: PeerID) {
        guard let session = sessions[peer] else { return }
        for id in session.downloads.keys.sorted()
        where now - session.downloads[id]!.lastChunk > limits.retransmit {
            let step = sessions[peer]!.downloads[id]!.transfer.request()
            sessions[peer]!.downloads[id]!.lastChunk = now
            follow(step, id, peer)
        }
    }
}

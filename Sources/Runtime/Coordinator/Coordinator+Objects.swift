import Methods
import TensorMath
import Wire

// Objects on their way: models to workers, updates from them, and whose traffic that is.
extension Coordinator {
    /// Sends the chunks that a worker asked for.
    mutating func serve(_ id: ObjectID, first: UInt32, count: UInt32, to peer: PeerID) {
        guard let object = program.object(id) else {
            send(.error(code: .unknownObject, text: "object \(id) is not here", object: id), to: peer)
            return
        }
        if sessions[peer]!.holding(id) == nil {
            sessions[peer]!.hold(Session.Holding(id: id, federated: false))
        }
        let place = sessions[peer]!.holding(id)!
        let wanted = ObjectTransfer.indices(
            first: first, count: count, window: limits.window, objectBytes: object.count,
            chunkBytes: limits.chunkBytes)
        for index in wanted {
            guard
                let range = ObjectTransfer.range(
                    of: index, objectBytes: object.count, chunkBytes: limits.chunkBytes)
            else { return }
            var share = TrafficMeter.Share.simulation
            let fresh = index == sessions[peer]!.holdings[place].nextChunk
            if fresh {
                sessions[peer]!.holdings[place].nextChunk += 1
                share = .chunk(of: UInt64(object.count), offset: UInt64(range.lowerBound))
            }
            let before = meter.sent
            let federated = fresh && sessions[peer]!.holdings[place].federated
            send(
                .chunk(id: id, index: index, length: UInt32(range.count)), to: peer, frame: object,
                range: range,
                share: federated ? share : .simulation)
            if fresh && !federated {
                let header = meter.sent.total - before.total - UInt64(range.count)
                sessions[peer]!.holdings[place].payload += UInt64(range.count)
                sessions[peer]!.holdings[place].overhead += share.header ? header : 0
            }
        }
    }

    mutating func beginDownload(_ reference: ObjectReference, _ offer: Offer, from peer: PeerID) {
        if sessions[peer]!.downloads[reference.id] != nil { return }
        guard receiving + reference.bytes <= limits.receiveBudget || receiving == 0 else {
            // The worker offers again after a while.
            return
        }
        receiving += reference.bytes
        let first = board.entries[offer.task].map { $0.leases == 1 && $0.spec.kind == .train } ?? false
        var download = Session.Download(
            offer: offer,
            transfer: ObjectTransfer(reference, chunkBytes: limits.chunkBytes, window: limits.window),
            lastChunk: now, federated: first)
        let step = download.transfer.request()
        sessions[peer]!.downloads[reference.id] = download
        follow(step, reference.id, peer)
    }

    mutating func takeChunk(
        _ id: ObjectID, index: UInt32, length: UInt32, _ frame: ObjectBytes?, from peer: PeerID
    ) {
        guard let frame, frame.count == Int(length), var download = sessions[peer]?.downloads[id] else {
            return
        }
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
        case .complete(let object):
            guard let offer = closeDownload(id, peer) else { return }
            complete(offer, [object], from: peer)
        case .corrupt:
            guard let offer = closeDownload(id, peer) else { return }
            refuse(offer.task, .badDigest, "the chunks are not the object that was offered", peer)
        }
    }

    /// Forgets a download and returns the offer that it belonged to.
    private mutating func closeDownload(_ id: ObjectID, _ peer: PeerID) -> Offer? {
        guard let download = sessions[peer]?.downloads.removeValue(forKey: id) else { return nil }
        receiving -= download.transfer.reference.bytes
        return download.offer
    }

    mutating func abandonDownload(_ id: ObjectID, from peer: PeerID) {
        guard let offer = closeDownload(id, peer) else { return }
        sessions[peer]?.leased[offer.task] = nil
        board.requeue(offer.task)
        retries += 1
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

    /// Which share of a message from a worker a deployment would have received, too.
    func share(of message: Message, from session: Session, frame: ObjectBytes?) -> TrafficMeter.Share {
        switch message {
        case .offer(let offer):
            guard let entry = board.entries[offer.task], entry.session == session.id, entry.leases == 1,
                entry.spec.kind == .train, !offer.outputs.contains(where: { session.downloads[$0.id] != nil })
            else { return .simulation }
            return .federated
        case .chunk(let id, let index, _):
            guard let download = session.downloads[id], download.federated, frame != nil,
                download.transfer.wants(index)
            else { return .simulation }
            return .chunk(
                of: download.transfer.reference.bytes, offset: UInt64(index) * UInt64(limits.chunkBytes))
        default: return .simulation
        }
    }
}

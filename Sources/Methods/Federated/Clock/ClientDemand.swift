import Devices
import Networks

/// What a client's way through a round takes if nothing interrupts it: download, compute, upload.
package struct ClientDemand: Sendable, Equatable {
    package var download: Nanoseconds
    package var compute: Nanoseconds
    package var upload: Nanoseconds
    /// Of the device while it computes, and of the radio above the idle device.
    package var computeEnergy: Nanojoules
    package var downloadEnergy: Nanojoules
    package var uploadEnergy: Nanojoules
    /// Of the device while it communicates or waits.
    package var idleWatts: Double

    package init(
        download: Nanoseconds, compute: Nanoseconds, upload: Nanoseconds, computeEnergy: Nanojoules,
        downloadEnergy: Nanojoules, uploadEnergy: Nanojoules, idleWatts: Double
    ) {
        self.download = download
        self.compute = compute
        self.upload = upload
        self.computeEnergy = computeEnergy
        self.downloadEnergy = downloadEnergy
        self.uploadEnergy = uploadEnergy
        self.idleWatts = idleWatts
    }

    package var total: Nanoseconds { download + compute + upload }
}

/// What of that way a client went.
package struct ClientPassage: Sendable, Equatable {
    package var start: Nanoseconds
    package var download: Nanoseconds
    package var compute: Nanoseconds
    package var upload: Nanoseconds
    /// After the upload until the round was over.
    package var waiting: Nanoseconds = 0
    package var computeEnergy: Nanojoules
    package var radioEnergy: Nanojoules
    package var idleEnergy: Nanojoules
    /// Shares of what would have been received and sent, in billionths.
    package var received: Int64
    package var sent: Int64

    /// When the client stopped computing and communicating.
    package var end: Nanoseconds { start + download + compute + upload }

    /// The whole way from `start`, or its first `cut` nanoseconds.
    package init(_ demand: ClientDemand, from start: Nanoseconds, cut: Nanoseconds? = nil) {
        let limit = min(cut ?? demand.total, demand.total)
        self.start = start
        download = min(limit, demand.download)
        compute = min(limit - download, demand.compute)
        upload = limit - download - compute
        func share(_ part: Nanoseconds, of whole: Nanoseconds, _ amount: Int64) -> Int64 {
            guard part < whole else { return amount }
            return Int64((Double(amount) * (Double(part) / Double(whole))).rounded(.down))
        }
        computeEnergy = share(compute, of: demand.compute, demand.computeEnergy)
        radioEnergy =
            share(download, of: demand.download, demand.downloadEnergy)
            + (upload > 0 ? share(upload, of: demand.upload, demand.uploadEnergy) : 0)
        received = share(download, of: demand.download, 1_000_000_000)
        sent = limit == demand.total ? 1_000_000_000 : share(upload, of: max(demand.upload, 1), 1_000_000_000)
        idleEnergy = Int64(billionths: demand.idleWatts * (download + upload).units)
    }

    /// The same with waiting from its end to `moment`.
    package func waiting(until moment: Nanoseconds, idleWatts: Double) -> ClientPassage {
        guard moment > end else { return self }
        var passage = self
        passage.waiting = moment - end
        passage.idleEnergy = Int64(billionths: idleWatts * (download + upload + passage.waiting).units)
        return passage
    }
}

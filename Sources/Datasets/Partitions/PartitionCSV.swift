extension Partition {
    /// Writes one observation a row: `client,split,sample,label`. First the header, then the clients in order,
    /// each with its training samples (`train`) before those it keeps back (`test`), then the samples that
    /// belong to nobody (`dropped`, with an empty client).
    /// - Parameters:
    ///   - local: what the clients keep back; nil for nothing.
    ///   - write: takes one line, without its end.
    public func writeCSV<Failure: Error>(
        local: LocalSplit? = nil, _ write: (String) throws(Failure) -> Void
    ) throws(Failure) {
        precondition(
            local.map { $0.train.count == clients.count && $0.test.count == clients.count } ?? true,
            "a split of another partition")
        try write("client,split,sample,label")
        for client in clients.indices {
            for sample in local?.train[client] ?? clients[client] {
                try write("\(client),train,\(sample),\(labels[Int(sample)])")
            }
            for sample in local?.test[client] ?? [] {
                try write("\(client),test,\(sample),\(labels[Int(sample)])")
            }
        }
        for sample in dropped {
            try write(",dropped,\(sample),\(labels[Int(sample)])")
        }
    }
}

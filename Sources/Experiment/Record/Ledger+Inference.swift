import Methods

/// What an experiment in distributed inference left behind.
extension Ledger {
    /// In the order of rounds, networks and epochs.
    public func epochs() throws(LedgerError) -> [EpochRow] { try all(EpochTable.self) }

    /// In the order of rounds and names.
    public func contenders() throws(LedgerError) -> [ContenderRow] { try all(ContenderTable.self) }

    /// In the order of rounds, contenders and nodes.
    public func nodes() throws(LedgerError) -> [NodeRow] { try all(NodeTable.self) }

    /// In the order of rounds, contenders, contents, senders and receivers.
    public func transfers() throws(LedgerError) -> [TransferRow] { try all(TransferTable.self) }

    /// In the order of rounds, contenders, fills, and how many students are lost.
    public func subsets() throws(LedgerError) -> [SubsetRow] { try all(SubsetTable.self) }

    /// In the order of rounds, contenders and filters.
    public func filters() throws(LedgerError) -> [FilterRow] { try all(FilterTable.self) }

    /// In the order of rounds, contenders and filters.
    public func edges() throws(LedgerError) -> [EdgeRow] { try all(EdgeTable.self) }

    /// In the order of rounds, contenders, parts and classes.
    public func activities() throws(LedgerError) -> [ActivityRow] { try all(ActivityTable.self) }
}

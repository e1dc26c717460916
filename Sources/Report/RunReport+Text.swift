import Experiment
import Methods

extension RunReport {
    /// Rows of a table of rounds on a terminal; more are thinned out evenly.
    private static let roundLimit = 12

    /// What a terminal shows of one run.
    public var text: String {
        [summary.text, roundTable.text, clientTable?.text, deviceTable?.text, targetTable?.text].compactMap {
            $0
        }
        .joined(separator: "\n")
    }

    /// Of the rounds that were evaluated, where there are any.
    private var roundTable: TextTable {
        var table = TextTable([
            ">round", ">clients", ">accuracy", ">up", ">down", ">up a client", ">down a client",
            ">up since start", ">down since start",
        ])
        let measured = communication.rounds.filter { $0.accuracy != nil }
        for row in thinned(measured.isEmpty ? communication.rounds : measured, to: Self.roundLimit) {
            table.append([
                "\(row.round)", "\(row.clients)", Quantity.accuracy(row.accuracy),
                Quantity.bytes(row.up.total), Quantity.bytes(row.down.total),
                Quantity.bytes(row.upPerClient), Quantity.bytes(row.downPerClient),
                Quantity.bytes(row.upSinceStart.total), Quantity.bytes(row.downSinceStart.total),
            ])
        }
        return table
    }

    /// Nil when no client is known.
    private var clientTable: TextTable? {
        let spreads = communication.clientSpreads
        guard !spreads.isEmpty else { return nil }
        var table = TextTable(["of \(communication.clients.count) clients", ">least", ">mean", ">most"])
        for (name, spread) in spreads {
            table.append([name, spread.least, spread.mean, spread.most])
        }
        return table
    }

    /// Nil without targets.
    private var targetTable: TextTable? {
        guard !targets.isEmpty else { return nil }
        var table = TextTable([
            ">accuracy \(Self.name(of: measure))", ">round", ">up", ">down", ">simulated time",
            ">energy",
        ])
        for target in targets {
            let reach = communication.reach(target)
            table.append([
                shortest(target), communication.roundText(of: target),
                reach.map { Quantity.bytes($0.up) } ?? "–", reach.map { Quantity.bytes($0.down) } ?? "–",
                reach?.simulatedSeconds.map(Quantity.seconds) ?? "–",
                reach?.joules.map(Quantity.joules) ?? "–",
            ])
        }
        return table
    }

    /// `on global_test`, `on local_test`, or nothing where each run goes by its own rule.
    static func name(of measure: AccuracyMeasure?) -> String {
        measure.map { "on \($0.rawValue)" } ?? ""
    }
}

/// At most `limit` and the last of them, evenly.
func thinned<Element>(_ all: [Element], to limit: Int) -> [Element] {
    let step = (all.count + limit - 1) / limit
    return all.indices.filter { $0 % step == 0 || $0 == all.count - 1 }.map { all[$0] }
}

extension Communication {
    /// How a figure is spread over the clients that took part at all, for people.
    struct Spread {
        var least: String
        var mean: String
        var most: String
    }

    /// Rounds, bytes up and bytes down of a client; empty when no client took part.
    var clientSpreads: [(name: String, spread: Spread)] {
        guard !clients.isEmpty else { return [] }
        func spread(_ value: (ClientTraffic) -> UInt64, _ shown: (UInt64) -> String) -> Spread {
            let values = clients.map(value)
            let mean = Double(values.reduce(0, +)) / Double(values.count)
            return Spread(
                least: shown(values.min() ?? 0), mean: shown(UInt64(mean.rounded())),
                most: shown(values.max() ?? 0))
        }
        let rounds = clients.map(\.rounds)
        let mean = Double(rounds.reduce(0, +)) / Double(rounds.count)
        return [
            (
                "rounds, each",
                Spread(
                    least: "\(rounds.min() ?? 0)", mean: Quantity.threeDigits(mean),
                    most: "\(rounds.max() ?? 0)")
            ),
            ("up, all rounds", spread({ $0.upPayloadBytes + $0.upOverheadBytes }, Quantity.bytes)),
            ("down, all rounds", spread({ $0.downPayloadBytes + $0.downOverheadBytes }, Quantity.bytes)),
        ]
    }
}

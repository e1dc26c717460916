import Experiment

extension RunSummary {
    /// What a terminal shows when a run is done.
    public var text: String {
        var lines: [(String, String)] = [
            ("run", "\(TextTable.printable(name)) (\(method))"),
            ("directory", TextTable.printable(directory)),
            ("rounds", progress),
            ("final accuracy", Quantity.accuracy(finalAccuracy)),
        ]
        if let bestAccuracy, let bestRound {
            lines.append(("best accuracy", "\(Quantity.accuracy(bestAccuracy)) in round \(bestRound)"))
        }
        if let localTest { lines.append(("local accuracy", Self.describe(localTest))) }
        if let activationDivergence {
            lines.append(
                ("divergence", "\(Self.describe(activationDivergence)), of the cohort's activations"))
        }
        if let attack { lines.append(("attack", Self.describe(attack))) }
        lines += [
            ("federated up", Self.describe(up)),
            ("federated down", Self.describe(down)),
            ("training work", Quantity.macs(trainingMACs)),
        ]
        if let simulatedSeconds { lines.append(("simulated time", Quantity.seconds(simulatedSeconds))) }
        if let energyJoules {
            let wasted = wastedJoules.map { " (\(Quantity.joules($0)) for nothing)" } ?? ""
            lines.append(("energy", Quantity.joules(energyJoules) + wasted))
        }
        lines += [
            ("simulation", Quantity.bytes(simulationBytes)),
            ("wire", Quantity.bytes(wireBytes)),
            ("wall time", Quantity.seconds(wallSeconds)),
            ("client updates", Quantity.rate(clientUpdatesPerSecond)),
        ]
        if retries > 0 { lines.append(("retries", "\(retries)")) }
        lines.append(("model", modelDigest))
        return TextTable.facts(lines) + (segments.isEmpty ? "" : "\n" + segmentTable)
    }

    /// How far the run came, and whether there is more to come.
    var progress: String {
        isFinished ? "\(rounds)" : "interrupted or still running: \(rounds) of \(plannedRounds) rounds"
    }

    private var segmentTable: String {
        var table = TextTable([
            "direction", "kind", "part", "segment", ">transfers", ">bytes", ">a transfer", ">share",
        ])
        for segment in segments {
            table.append([
                segment.direction.rawValue, segment.kind, segment.part.rawValue, segment.segment,
                "\(segment.transfers)", "\(segment.bytes)", Quantity.bytes(segment.bytesPerTransfer),
                Quantity.share(segment.bytes, of: up.total + down.total),
            ])
        }
        return table.text
    }

    /// The mean hides what the rest shows.
    static func describe(_ test: LocalTest) -> String {
        "\(Quantity.accuracy(test.mean)) (standard deviation \(Quantity.accuracy(test.standardDeviation)), "
            + "worst tenth of clients \(Quantity.accuracy(test.worstTenth)))"
    }

    static func describe(_ divergence: ActivationDivergence) -> String {
        "\(Quantity.bits(divergence.bits)) in round \(divergence.round)"
    }

    static func describe(_ attack: Attack) -> String {
        let all = attack.falseUpdates + attack.honestUpdates
        let clients = attack.attackers == 1 ? "1 client" : "\(attack.attackers) clients"
        let what = "\(attack.kind) by \(clients)"
        guard all > 0 else { return what }
        let share = ", \(attack.falseUpdates) of \(all) updates that count"
        guard attack.falseFactor != nil || attack.honestFactor != nil else { return what + share }
        return what + share
            + "; \(attack.rule) took \(Quantity.percent(attack.falseFactor)) of these, "
            + "\(Quantity.percent(attack.honestFactor)) of the others"
    }

    private static func describe(_ bytes: FederatedBytes) -> String {
        "\(Quantity.bytes(bytes.total)) (payload \(bytes.payload) B, overhead \(bytes.overhead) B)"
    }
}

extension TrafficTotal {
    /// Rounded to whole bytes.
    var bytesPerTransfer: UInt64 { transfers > 0 ? (bytes + UInt64(transfers) / 2) / UInt64(transfers) : 0 }
}

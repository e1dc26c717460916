extension FederatedConfiguration {
    /// What a user is told before a run, as sentences of place and remedy: what is asked for and has no effect, or is
    /// made and not measured. `clients`: how many there are.
    public func warnings(clients: Int) -> [String] {
        evaluationWarnings + attackWarnings(clients: clients) + aggregationWarnings(clients: clients)
            + selectionWarnings + compressionWarnings
    }

    private var evaluationWarnings: [String] {
        var warnings: [String] = []
        if evaluation.on.contains(.globalTest), !method.hasGlobalModel {
            warnings.append(
                "evaluation.on: \(method.name) has no global model, so global_test stays empty; measure local_test instead"
            )
        }
        if method.makesPersonalModels, !evaluation.on.contains(.localTest) {
            let fraction = localTestFraction == 0 ? ", with dataset.local_test_fraction above 0" : ""
            warnings.append(
                "evaluation.on: \(method.name) makes a model for each client, which nothing measures; "
                    + "add local_test\(fraction)")
        }
        return warnings
    }

    private func attackWarnings(clients: Int) -> [String] {
        guard let attack, attack.share > 0 else { return [] }
        if attack.attackers(of: clients, seed: seed).isEmpty {
            return [
                "attack.share: \(attack.share) of \(clients) clients is nobody; raise it to 1 / \(clients) or more"
            ]
        }
        // Labels that are turned round spoil a client's own training, too.
        guard !method.isFederated, attack.kind != .labelFlip else { return [] }
        return ["attack.kind: \(method.name) sends no updates that could be false; use label_flip"]
    }

    private func aggregationWarnings(clients: Int) -> [String] {
        guard aggregation != .mean else { return [] }
        if !method.method.communicates {
            return [
                "aggregation.rule: \(method.name) sends nothing that \(aggregation.name) could combine; remove it"
            ]
        }
        let cohort = min(training.clientsPerRound, clients)
        switch aggregation {
        case .krum(let byzantine), .multiKrum(let byzantine, _):
            guard let attack, clients > 0 else { return [] }
            let attackers = attack.attackers(of: clients, seed: seed).count
            guard attackers * cohort > byzantine * clients else { return [] }
            return [
                "aggregation.byzantine: \(attackers) of \(clients) clients attack, which is more than \(byzantine) of "
                    + "\(cohort) updates; raise it or lower attack.share"
            ]
        default: break
        }
        guard case .trimmedMean(let fraction) = aggregation, fraction > 0, !method.method.poolsData,
            CoordinateRule.trimmed(fraction, of: cohort) == 0
        else { return [] }
        return [
            "aggregation.fraction: \(fraction) of \(cohort) updates is none, so trimmed_mean leaves nothing out; "
                + "raise it to 1 / \(cohort) or more"
        ]
    }

    private var selectionWarnings: [String] {
        if method.method.poolsData, training.selection != .uniform {
            return ["training.selection: \(method.name) has one client, so there is nothing to select"]
        }
        guard case .powerOfChoice(let candidates) = training.selection,
            candidates <= training.clientsPerRound
        else { return [] }
        return [
            "training.candidates: \(candidates) for a cohort of \(training.clientsPerRound) leave power_of_choice no "
                + "choice; give more than \(training.clientsPerRound)"
        ]
    }

    private var compressionWarnings: [String] {
        guard !method.isFederated, !(compression.uplink + compression.downlink).isEmpty else { return [] }
        return ["compression: \(method.name) sends nothing that could be compressed; remove it"]
    }
}

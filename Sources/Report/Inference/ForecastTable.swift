import Methods

/// What contenders will cost, a row each, for a terminal.
public enum ForecastTable {
    public static func text(_ forecast: InferenceForecast) -> String {
        var table = TextTable([
            "contender", "networks", ">parameters", ">MACs", ">memory", ">features", ">input", ">messages",
            ">rounds", ">latency", ">energy",
        ])
        for it in forecast.contenders {
            table.append([
                it.contender.name, networks(it.networks), "\(it.largestParameters)",
                Quantity.macs(it.largestMACs), Quantity.bytes(it.largestMemoryBytes),
                Quantity.bytes(it.featureBytes), Quantity.bytes(it.inputBytes), "\(it.messages)",
                "\(it.dependentRounds)", Quantity.latency(it.latencySeconds),
                Quantity.energy(it.energyJoules),
            ])
        }
        return table.text
    }

    /// `2 small_cnn_0.5, small_cnn_0.25`.
    private static func networks(_ names: [String]) -> String {
        var distinct: [String] = []
        for name in names where !distinct.contains(name) { distinct.append(name) }
        return distinct.map { name in
            let count = names.count { $0 == name }
            return count > 1 ? "\(count) \(name)" : name
        }.joined(separator: ", ")
    }
}

import Experiment
import Methods

extension RunReport {
    static let roundColumns = [
        "round", "clients", "global_test_accuracy", "local_test_accuracy_mean", "up_payload_bytes",
        "up_overhead_bytes", "down_payload_bytes", "down_overhead_bytes", "up_bytes_per_client",
        "down_bytes_per_client", "up_bytes_since_start", "down_bytes_since_start",
        "simulated_seconds_since_start", "energy_joules_since_start",
    ]

    /// A row a round, in the order of `roundColumns`.
    var roundCells: [[String]] {
        zip(record.rounds, communication.rounds).map { row, bytes in
            let accuracies = [row.globalTestAccuracy, row.localTestAccuracyMean].map(cell)
            let parts = [bytes.up.payload, bytes.up.overhead, bytes.down.payload, bytes.down.overhead]
            let means = [bytes.upPerClient, bytes.downPerClient].map(cell)
            let sums = [bytes.upSinceStart, bytes.downSinceStart].map { "\($0.total)" }
            return ["\(row.round)", "\(bytes.clients)"] + accuracies + parts.map { "\($0)" } + means + sums
                + [cell(bytes.simulatedSeconds), cell(bytes.joules)]
        }
    }

    static let targetColumns = [
        "target_accuracy", "round", "up_bytes", "down_bytes", "simulated_seconds", "energy_joules",
    ]

    /// A row a target, in the order of `targetColumns`; empty cells for those that were never reached.
    var targetCells: [[String]] {
        targets.map { target in
            let reach = communication.reach(target)
            return [shortest(target), cell(reach?.round), cell(reach?.up), cell(reach?.down)]
                + [cell(reach?.simulatedSeconds), cell(reach?.joules)]
        }
    }

    private var clientCells: [[String]] {
        communication.clients.map { row in
            let bytes = [
                row.upPayloadBytes, row.upOverheadBytes, row.downPayloadBytes, row.downOverheadBytes,
            ]
            return ["\(row.client)", "\(row.rounds)"] + bytes.map { "\($0)" }
        }
    }

    /// The tables of one run by their files' names.
    var tables: [(name: String, text: String)] {
        let clientColumns = [
            "client", "rounds", "up_payload_bytes", "up_overhead_bytes", "down_payload_bytes",
            "down_overhead_bytes",
        ]
        return [
            (RunDirectory.Name.communication, csv(Self.roundColumns, roundCells)),
            (RunDirectory.Name.communicationClients, csv(clientColumns, clientCells)),
            (RunDirectory.Name.targets, csv(Self.targetColumns, targetCells)),
        ]
    }
}

func csv(_ header: [String], _ rows: [[String]]) -> String { ([header] + rows).map(csvLine).joined() }

/// Empty where not measured.
func cell(_ value: Double?) -> String { value.map(shortest) ?? "" }

func cell(_ value: (some BinaryInteger)?) -> String { value.map { "\($0)" } ?? "" }

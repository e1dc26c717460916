import Foundation
import Report

extension SplitComparison {
    /// Tables for a terminal.
    var text: String {
        let sides = input.map(String.init).joined(separator: "x")
        var parts = [
            """
            \(model), input \(sides), \(classes) classes, bottleneck version \(version), \(bits) bits a value; modelled \
            on \(server) over \(link)
            """,
            modesTable,
        ]
        for device in devices {
            parts.append("\(device.device), modelled: ms and mJ an image\n\n" + costs(device))
            parts.append(
                "\(device.device), modelled: the uplink's Mbit/s of equal cost\n\n" + crossovers(device))
        }
        if let published { parts.append(comparison(published)) }
        return parts.map { $0.trimmingCharacters(in: .newlines) }.joined(separator: "\n\n")
    }

    private func shown(_ value: Double) -> String { String(format: "%.4g", value) }
    private func thousandths(_ value: Double) -> String { String(format: "%.2f", 1000 * value) }
    private func percent(_ value: Double) -> String { String(format: "%.1f", value) }

    private var modesTable: String {
        var table = TextTable([
            "mode", ">device MMAC", ">server MMAC", ">payload bytes", ">saved of JPEG %",
        ])
        for mode in modes {
            table.append([
                mode.mode, String(format: "%.1f", Double(mode.deviceMacs) / 1e6),
                String(format: "%.1f", Double(mode.serverMacs) / 1e6), "\(mode.payloadBytes)",
                mode.savedPercent.map(percent) ?? "-",
            ])
        }
        return table.text
    }

    private func costs(_ device: Device) -> String {
        var table = TextTable([
            ">Mbit/s", "mode", ">compute", ">prepare", ">uplink", ">server", ">downlink", ">latency ms",
            ">energy mJ", ">above idle", "least",
        ])
        for rate in device.rates {
            for cost in rate.modes {
                let least = [
                    rate.fastest == cost.mode ? "latency" : nil,
                    rate.leastEnergy == cost.mode ? "energy" : nil,
                ].compactMap { $0 }.joined(separator: ", ")
                table.append([
                    shown(rate.uplinkMbps), cost.mode, thousandths(cost.computeSeconds),
                    thousandths(cost.preparationSeconds), thousandths(cost.uplinkSeconds),
                    thousandths(cost.serverSeconds), thousandths(cost.downlinkSeconds),
                    thousandths(cost.seconds), thousandths(cost.joules), thousandths(cost.marginalJoules),
                    least,
                ])
            }
        }
        return table.text
    }

    private func crossovers(_ device: Device) -> String {
        func cells(_ change: Change) -> [String] {
            [
                change.closedMbps.map(shown) ?? "-",
                change.gridMbps.map { "\(shown($0[0])) to \(shown($0[1]))" } ?? "-",
            ]
        }
        var table = TextTable([
            "mode", "other", ">latency", ">on the grid", ">energy", ">on the grid",
        ])
        for pair in device.crossovers {
            table.append([pair.mode, pair.other] + cells(pair.latency) + cells(pair.energy))
        }
        return table.text
    }

    /// The abstract's figures and those of the model, both "up to".
    private func comparison(_ published: PublishedSplit) -> String {
        var payloads = TextTable([">channels", ">published bytes", ">saved of JPEG %"])
        for payload in published.payloads {
            payloads.append(["\(payload.channels)", "\(payload.bytes)", percent(payload.savedPercent)])
        }
        var table = TextTable([
            "device", "mode", "against", ">latency: abstract", ">modelled", ">at Mbit/s", ">power: abstract",
            ">modelled", ">at Mbit/s", ">energy: modelled", ">at Mbit/s",
        ])
        func cells(_ best: Reduction.Best) -> [String] { [percent(best.percent), shown(best.uplinkMbps)] }
        for device in devices {
            for reduction in device.reductions {
                guard let claim = published.reductions.first(where: { $0.baseline == reduction.baseline })
                else { continue }
                table.append(
                    [device.device, reduction.mode, reduction.baseline, percent(claim.latencyPercent)]
                        + cells(reduction.latency) + [percent(claim.powerPercent)] + cells(reduction.power)
                        + cells(reduction.energy))
            }
        }
        return """
            BottleFit (Matsubara et al. 2022): codes of its second version, 8 bits a value, without a header

            \(payloads.text)
            Its abstract: \(shown(published.dataPercent)) % of the data saved; reductions in %, the greatest of boards, \
            networks and rates that it does not name. Modelled: the greatest of the rates above; power is energy over latency.

            \(table.text)
            """
    }
}

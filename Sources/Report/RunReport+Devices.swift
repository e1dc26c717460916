import Experiment

extension RunReport {
    static let deviceColumns = [
        "device", "link", "fate", ">clients", ">parts", ">download", ">compute", ">upload", ">waiting",
        ">compute", ">radio", ">idle", ">all",
    ]

    /// Parts of clients by device, link and fate: seconds a part, and joules in all.
    var deviceCells: [[String]] {
        record.devices.map { total in
            let parts = Double(max(total.parts, 1))
            let seconds = [
                total.downloadSeconds, total.computeSeconds, total.uploadSeconds, total.waitingSeconds,
            ].map { Quantity.seconds($0 / parts) }
            let joules = [total.computeJoules, total.radioJoules, total.idleJoules, total.joules]
            return [total.device, total.link, total.fate.rawValue, "\(total.clients)", "\(total.parts)"]
                + seconds + joules.map(Quantity.joules)
        }
    }

    /// Nil without devices.
    var deviceTable: TextTable? {
        guard !record.devices.isEmpty else { return nil }
        var table = TextTable(Self.deviceColumns)
        for cells in deviceCells { table.append(cells) }
        return table
    }
}

extension BarPlot {
    /// What devices of each kind spent on computing, radio and waiting; nil without devices.
    static func joulesByDevice(_ totals: [DeviceTotal]) -> BarPlot? {
        guard totals.contains(where: { $0.joules > 0 }) else { return nil }
        var groups: [String] = []
        var sums: [String: [Double]] = [:]
        for total in totals {
            let name = "\(total.device), \(total.link)"
            if sums[name] == nil { groups.append(name) }
            let parts = [total.computeJoules, total.radioJoules, total.idleJoules]
            let wasted = total.fate == .accepted ? 0 : total.joules
            sums[name] = zip(sums[name] ?? [0, 0, 0, 0], parts + [wasted]).map { $0 + $1 }
        }
        return BarPlot(
            name: "energy_devices", caption: "Energy by kind of device, and what of it was for nothing",
            xLabel: "energy (J)", groups: groups,
            series: ["compute", "radio", "idle", "all of these for nothing"].enumerated().map {
                index, title in
                Series(title: title, values: groups.map { sums[$0]![index] })
            })
    }
}

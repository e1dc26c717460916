import Experiment
import Methods

/// The report on one run of distributed inference, made from nothing but its directory.
public struct InferenceReport: Sendable {
    public let record: InferenceRecord
    /// In the order of the scenario.
    let figures: [InferenceFigures]
    /// Of the students by the scenario's rule, against the teacher and every other contender for as many students.
    let ratios: [InferenceRatios]
    let lost: [LostStudents]

    public init(_ record: InferenceRecord) {
        self.record = record
        figures = record.contenders.map { row in
            InferenceFigures(
                row: row, teacher: record.teacher, nodes: record.nodes(of: row.contender),
                deployment: record.configuration.deployment)
        }
        ratios = record.ownContenders.flatMap { own -> [InferenceRatios] in
            guard let students = record.row(own.name) else { return [] }
            let others = record.contenders.filter { row in
                row.contender != own.name && (row.kind == "teacher" || row.students == own.students)
            }
            return others.map { InferenceRatios(students: students, other: $0) }
        }
        lost = LostStudents.all(record.subsets, contenders: record.contenders.map(\.contender))
    }

    /// With what latency and energy were modelled.
    var devices: String {
        let deployment = record.configuration.deployment
        var names: [String] = []
        for name in deployment.devices where !names.contains(name) { names.append(name) }
        return "\(names.joined(separator: ", ")) over \(deployment.link), hub \(deployment.hub)"
    }

    /// What the reader must know of the figures.
    var notes: [String] {
        let deployment = record.configuration.deployment
        let input =
            deployment.input == .local
            ? "Devices sense the image themselves."
            : "The hub sends the image to each device, as \(deployment.pixels.rawValue)."
        return [
            "Bytes, messages, seconds and joules are those of one image. Latency and energy are modelled, not measured: "
                + "\(devices).",
            "Features travel as \(deployment.values.rawValue); headers are not counted in the table. \(input)",
        ]
    }
}

// MARK: - Tables

extension InferenceReport {
    var contenderTable: ReportTable {
        ReportTable(
            title: "Contenders", note: notes.joined(separator: " "),
            columns: [
                "contender", ">accuracy", ">to teacher", ">parameters", ">smaller", ">MACs", ">features",
                ">input",
                ">messages", ">rounds", ">latency", ">p99", ">sequential", ">energy", ">largest", "memory",
            ],
            rows: figures.map { it in
                let row = it.row
                return [
                    row.contender, Quantity.accuracy(row.accuracy), Quantity.points(it.difference),
                    "\(row.largestParameters)", Quantity.ratio(it.teacherRatio),
                    Quantity.macs(row.largestMACs), Quantity.bytes(row.featureBytes),
                    Quantity.bytes(row.inputBytes), "\(row.messages + row.inputMessages)",
                    "\(row.dependentRounds)", Quantity.latency(row.latencySeconds),
                    Quantity.latency(row.latency99Seconds), Quantity.latency(row.sequentialSeconds),
                    Quantity.energy(row.energyJoules), Quantity.energy(row.largestEnergyJoules),
                    it.fits ? "fits" : "too small",
                ]
            })
    }

    /// Without rows where no answer is lost.
    var lossTable: ReportTable {
        ReportTable(
            title: "With losses",
            note:
                "Accuracy with every answer, and with those missing that the simulation or a real failure lost.",
            columns: ["contender", ">accuracy", ">with losses", ">lost answers", ">of"],
            rows: figures.map(\.row).filter { $0.lostAnswers > 0 }.map { row in
                [
                    row.contender, Quantity.accuracy(row.accuracy),
                    Quantity.accuracy(row.lossyAccuracy ?? row.accuracy), "\(row.lostAnswers)",
                    "\(row.images * row.devices)",
                ]
            })
    }

    /// Nil without anything to compare with.
    var ratioTable: ReportTable? {
        guard !ratios.isEmpty else { return nil }
        return ReportTable(
            title: "Against the others",
            note:
                "How many times more the other takes than the students: parameters, memory, multiply-accumulates and "
                + "energy of the largest device, and everything that is exchanged but the image; accuracy is the "
                + "students' less the other's, in points.",
            columns: [
                "students", "against", ">accuracy", ">parameters", ">all", ">memory", ">MACs",
                ">features",
                ">latency",
                ">energy", ">all",
            ],
            rows: ratios.map {
                [
                    $0.students.contender, $0.other.contender, Quantity.points($0.difference),
                    Quantity.ratio($0.largestParameters), Quantity.ratio($0.parameters),
                    Quantity.ratio($0.largestMemory), Quantity.ratio($0.largestMACs),
                    Quantity.ratio($0.features), Quantity.ratio($0.latency),
                    Quantity.ratio($0.largestEnergy), Quantity.ratio($0.energy),
                ]
            })
    }

    /// Bytes of payload and of two headers.
    var framingTable: ReportTable {
        ReportTable(
            title: "Bytes with headers",
            note:
                "Features and activations, then images: payload, with this program's own header of each message, and with "
                + "\(InferenceFigures.tcpHeader) bytes of TCP and IPv4. FLOPs are two a multiply-accumulate.",
            columns: [
                "contender", ">own header", ">features", ">with own", ">with TCP/IPv4", ">input", ">with own",
                ">with TCP/IPv4", ">MACs, all", ">FLOPs, all",
            ],
            rows: figures.map { it in
                let headers = [0, it.ownHeader, InferenceFigures.tcpHeader].map(it.framing)
                let features = headers.map { "\(it.row.featureBytes + $0.features) B" }
                let input = headers.map { "\(it.row.inputBytes + $0.input) B" }
                let work = ["\(it.row.macs)", "\(2 * it.row.macs)"]
                return [it.row.contender, "\(it.ownHeader) B"] + features + input + work
            })
    }

    /// Nil where nobody can be lost.
    var lostTable: ReportTable? {
        guard !lost.isEmpty else { return nil }
        let fill = record.configuration.deployment.fill.rawValue
        return ReportTable(
            title: "Lost students",
            note:
                "Accuracy over all subsets of so many students that do not answer, by what stands for their features "
                + "(the deployment has \(fill)). Of more than eight students, only one or two are left out.",
            columns: ["contender", "fill", ">lost", ">subsets", ">mean", ">best", ">worst"],
            rows: lost.map {
                [
                    $0.contender, $0.fill, "\($0.lost)", "\($0.subsets)", Quantity.accuracy($0.mean),
                    Quantity.accuracy($0.best), Quantity.accuracy($0.worst),
                ]
            })
    }

    var nodeTable: ReportTable {
        ReportTable(
            title: "Devices",
            note:
                "Each device in a mean inference, modelled. Energy is of the device while it computes, of its radio above "
                + "idle, and of the device while it communicates or waits.",
            columns: [
                "contender", ">node", "device", "network", ">features", ">parameters", ">memory", "", ">MACs",
                ">input", ">compute", ">uplink", ">waiting", ">compute", ">radio", ">idle",
            ],
            rows: record.contenders.flatMap { record.nodes(of: $0.contender) }.map { node in
                [
                    node.contender, "\(node.node)", node.device, node.network,
                    node.filters > 0 ? "\(node.filters)" : "–", "\(node.parameters)",
                    Quantity.bytes(node.memoryBytes), node.fits ? "fits" : "too small",
                    Quantity.macs(node.macs), Quantity.latency(node.inputSeconds),
                    Quantity.latency(node.computeSeconds), Quantity.latency(node.uplinkSeconds),
                    Quantity.latency(node.waitingSeconds), Quantity.energy(node.computeJoules),
                    Quantity.energy(node.radioJoules), Quantity.energy(node.idleJoules),
                ]
            })
    }

    /// Payload by ordered pair: a row a sender, a column a receiver. Nil where nothing is sent.
    var transferTable: ReportTable? {
        let once = "weights"
        let rows = record.transfers.filter { $0.content != once }
        guard let last = rows.map({ max($0.sender, $0.receiver) }).max() else { return nil }
        var table = ReportTable(
            title: "Bytes by pair of devices",
            note:
                "Payload of one image: what the sender in the row sends the receiver in the column, features, activations "
                + "and images together. The hub is 0.",
            columns: ["contender", ">from"] + (0...last).map { ">to \($0)" }, rows: [])
        for contender in record.contenders {
            let own = rows.filter { $0.contender == contender.contender }
            for sender in Set(own.map(\.sender)).sorted() {
                let cells = (0...last).map { receiver -> String in
                    let found = own.filter { $0.sender == sender && $0.receiver == receiver }
                    return found.isEmpty ? "–" : "\(found.reduce(0) { $0 + $1.payloadBytes })"
                }
                table.rows.append([contender.contender, "\(sender)"] + cells)
            }
        }
        return table
    }

    /// Nil where nothing was shipped.
    var shippingTable: ReportTable? {
        let rows = record.transfers.filter { $0.content == "weights" }
        guard !rows.isEmpty else { return nil }
        return ReportTable(
            title: "Shipping",
            note: "Weights travel once, before the first image; they are in no other figure.",
            columns: ["contender", ">students", ">payload", ">headers"],
            rows: record.contenders.compactMap { contender in
                let own = rows.filter { $0.contender == contender.contender }
                guard !own.isEmpty else { return nil }
                return [
                    contender.contender, "\(own.count)",
                    Quantity.bytes(own.reduce(0) { $0 + $1.payloadBytes }),
                    Quantity.bytes(own.reduce(0) { $0 + $1.headerBytes }),
                ]
            })
    }

    /// Nil where no filters are divided.
    var partitionTable: ReportTable? {
        guard !record.partitions.isEmpty else { return nil }
        return ReportTable(
            title: "Partitions",
            note:
                "How the teacher's filters are divided. Modularity is that of the communities at the scenario's resolution, "
                + "before they are merged to parts.",
            columns: [
                "contender", "parts", ">dropped", ">communities", ">modularity", ">edges", ">without edge",
            ],
            rows: record.partitions.map { recorded in
                let it = recorded.partition
                return [
                    recorded.contender.name,
                    it.parts.map { "\($0.count)" }.joined(separator: " + "), "\(it.dropped.count)",
                    it.modularity == nil ? "–" : "\(it.communities.count)",
                    it.modularity.map(Quantity.threeDigits) ?? "–",
                    it.graph.map { "\($0.edges.count)" } ?? "–",
                    it.graph.map { "\($0.isolated.count)" } ?? "–",
                ]
            })
    }

    /// Which contenders no other beats in both figures.
    var paretoTable: ReportTable {
        func isOnFront(_ row: ContenderRow, _ cost: (ContenderRow) -> Double) -> String {
            let beaten = record.contenders.contains { other in
                other.accuracy >= row.accuracy && cost(other) <= cost(row)
                    && (other.accuracy > row.accuracy || cost(other) < cost(row))
            }
            return beaten ? "" : "yes"
        }
        return ReportTable(
            title: "Pareto",
            note:
                "Whether no other contender of the run is at least as accurate at no more bytes of weights on the largest "
                + "device, or at no more latency.",
            columns: [
                "contender", ">students", ">accuracy", ">weights, largest", "on the front", ">latency",
                "on the front",
            ],
            rows: record.contenders.map { row in
                [
                    row.contender, "\(row.students)", Quantity.accuracy(row.accuracy),
                    Quantity.bytes(row.largestWeightBytes), isOnFront(row) { Double($0.largestWeightBytes) },
                    Quantity.latency(row.latencySeconds), isOnFront(row, \.latencySeconds),
                ]
            })
    }

    /// The last epoch of each network.
    var trainingTable: ReportTable { .lastEpochs(record.epochs) }
}

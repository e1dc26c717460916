import Methods

/// A named number or word of a record, for CSV and JSON alike.
struct Figure: Sendable, Equatable {
    enum Value: Sendable, Equatable {
        case text(String)
        case whole(UInt64)
        case flag(Bool)
        /// Nil where not measured.
        case real(Double?)
    }

    /// In snake_case, with its unit.
    let name: String
    let value: Value

    static func text(_ name: String, _ value: String) -> Figure { Figure(name: name, value: .text(value)) }

    static func count(_ name: String, _ value: some BinaryInteger) -> Figure {
        Figure(name: name, value: .whole(UInt64(value)))
    }

    static func flag(_ name: String, _ value: Bool) -> Figure { Figure(name: name, value: .flag(value)) }

    /// Nil where not measured.
    static func real(_ name: String, _ value: Double?) -> Figure { Figure(name: name, value: .real(value)) }

    /// Of a table.
    var cell: String {
        switch value {
        case .text(let text): text
        case .whole(let number): "\(number)"
        case .flag(let flag): "\(flag)"
        case .real(let number): Report.cell(number)
        }
    }
}

extension Figure.Value: Encodable {
    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let text): try container.encode(text)
        case .whole(let number): try container.encode(number)
        case .flag(let flag): try container.encode(flag)
        case .real(let number): try container.encode(number.flatMap { $0.isFinite ? $0 : nil })
        }
    }
}

/// What one contender gives and costs for one image, beside the teacher.
struct InferenceFigures: Sendable {
    /// Bytes of a TCP and an IPv4 header without options, which every message would have at least.
    static let tcpHeader: UInt64 = 40

    let row: ContenderRow
    let teacher: ContenderRow?
    let nodes: [NodeRow]
    let deployment: DeploymentSpec

    /// Of accuracy, to the teacher's, in points.
    var difference: Double? { teacher.map { 100 * (row.accuracy - $0.accuracy) } }

    /// How many times more parameters the teacher has than the largest device.
    var teacherRatio: Double? {
        teacher.flatMap { InferenceRatios.quotient($0.largestParameters, row.largestParameters) }
    }

    /// Whether every device has the memory.
    var fits: Bool { nodes.allSatisfy(\.fits) }

    /// Bytes of the header of each message, as this program sends them.
    var ownHeader: UInt64 {
        let messages = UInt64(row.messages + row.inputMessages)
        return messages > 0 ? row.headerBytes / messages : 0
    }

    /// How the image comes to the devices.
    var input: String { deployment.input == .local ? "local_sensor" : "unicast" }

    /// Bytes of the headers of all messages, where each has so many.
    func framing(_ header: UInt64) -> (features: UInt64, input: UInt64) {
        (header * UInt64(row.messages), header * UInt64(row.inputMessages))
    }

    /// Of the hub's last layer: what the devices, one after the other, leave of the sequential time.
    var hubSeconds: Double {
        let devices = nodes.reduce(0) { $0 + $1.inputSeconds + $1.computeSeconds + $1.uplinkSeconds }
        let rest = row.sequentialSeconds - devices
        return rest > 1e-12 ? rest : 0
    }

    /// The record, in the order of the columns of `inference.csv`.
    var figures: [Figure] { gains + sizes + communication + times }

    private var gains: [Figure] {
        [
            .text("contender", row.contender), .text("kind", row.kind), .text("rule", row.rule),
            .count("students", row.students), .count("devices", row.devices), .count("parts", row.parts),
            .count("filters", row.filters), .count("images", row.images), .real("accuracy", row.accuracy),
            .real("teacher_difference_points", difference), .real("lossy_accuracy", row.lossyAccuracy),
            .count("lost_answers", row.lostAnswers),
        ]
    }

    private var sizes: [Figure] {
        let (flops, largestFLOPs) = (2 * row.macs, 2 * row.largestMACs)
        return [
            .count("parameters", row.parameters), .count("largest_parameters", row.largestParameters),
            .real("teacher_parameters_ratio", teacherRatio), .count("weight_bytes", row.weightBytes),
            .count("largest_weight_bytes", row.largestWeightBytes),
            .count("largest_memory_bytes", row.largestMemoryBytes), .flag("memory_fits", fits),
            .count("macs", row.macs), .count("flops", flops), .count("largest_macs", row.largestMACs),
            .count("largest_flops", largestFLOPs),
        ]
    }

    private var communication: [Figure] {
        let (features, inputs) = (row.featureBytes, row.inputBytes)
        let own = framing(ownHeader)
        let tcp = framing(Self.tcpHeader)
        return [
            .text("values", deployment.values.rawValue), .count("feature_bytes", row.featureBytes),
            .count("largest_link_bytes", row.largestLinkBytes), .count("messages", row.messages),
            .text("input", input), .count("input_bytes", row.inputBytes),
            .count("input_messages", row.inputMessages), .count("dependent_rounds", row.dependentRounds),
            .count("own_header_bytes_per_message", ownHeader),
            .count("feature_bytes_with_own_headers", features + own.features),
            .count("input_bytes_with_own_headers", inputs + own.input),
            .count("tcp_header_bytes_per_message", Self.tcpHeader),
            .count("feature_bytes_with_tcp_headers", features + tcp.features),
            .count("input_bytes_with_tcp_headers", inputs + tcp.input),
        ]
    }

    private var times: [Figure] {
        func most(_ part: (NodeRow) -> Double) -> Double { nodes.map(part).max() ?? 0 }
        func sum(_ part: (NodeRow) -> Double) -> Double { nodes.reduce(0) { $0 + part($1) } }
        return [
            .real("latency_seconds", row.latencySeconds),
            .real("latency_median_seconds", row.latencyMedianSeconds),
            .real("latency_p95_seconds", row.latency95Seconds),
            .real("latency_p99_seconds", row.latency99Seconds),
            .real("input_seconds_max", most(\.inputSeconds)),
            .real("compute_seconds_max", most(\.computeSeconds)),
            .real("compute_seconds_sum", sum(\.computeSeconds)),
            .real("uplink_seconds_max", most(\.uplinkSeconds)), .real("hub_seconds", hubSeconds),
            .real("sequential_seconds", row.sequentialSeconds), .real("energy_joules", row.energyJoules),
            .real("largest_energy_joules", row.largestEnergyJoules),
            .real("compute_joules", sum(\.computeJoules)), .real("radio_joules", sum(\.radioJoules)),
            .real("idle_joules", sum(\.idleJoules)),
        ]
    }
}

/// How many times more another contender takes than the students; nil where they take nothing.
struct InferenceRatios: Sendable {
    let students: ContenderRow
    let other: ContenderRow

    /// Of accuracy, students less the other, in points.
    var difference: Double { 100 * (students.accuracy - other.accuracy) }

    var largestParameters: Double? { quotient(\.largestParameters) }
    var parameters: Double? { quotient(\.parameters) }
    var largestMACs: Double? { quotient(\.largestMACs) }
    var macs: Double? { quotient(\.macs) }
    var largestMemory: Double? { quotient(\.largestMemoryBytes) }
    var features: Double? { quotient(\.featureBytes) }
    var latency: Double? { Self.quotient(other.latencySeconds, students.latencySeconds) }
    var energy: Double? { Self.quotient(other.energyJoules, students.energyJoules) }
    var largestEnergy: Double? { Self.quotient(other.largestEnergyJoules, students.largestEnergyJoules) }

    private func quotient<Number: BinaryInteger>(_ part: (ContenderRow) -> Number) -> Double? {
        Self.quotient(part(other), part(students))
    }

    static func quotient(_ a: some BinaryInteger, _ b: some BinaryInteger) -> Double? {
        quotient(Double(a), Double(b))
    }

    static func quotient(_ a: Double, _ b: Double) -> Double? { b > 0 ? a / b : nil }

    /// The record, in the order of the columns of `inference_ratios.csv`.
    var figures: [Figure] {
        [
            .text("contender", students.contender), .text("other", other.contender),
            .real("difference_points", difference), .real("largest_parameters_ratio", largestParameters),
            .real("parameters_ratio", parameters), .real("largest_memory_ratio", largestMemory),
            .real("largest_macs_ratio", largestMACs), .real("macs_ratio", macs),
            .real("feature_bytes_ratio", features), .real("latency_ratio", latency),
            .real("energy_ratio", energy), .real("largest_energy_ratio", largestEnergy),
        ]
    }
}

/// Accuracy over all subsets of so many lost students.
struct LostStudents: Sendable {
    let contender: String
    let fill: String
    let lost: Int
    let subsets: Int
    let mean: Double
    let best: Double
    let worst: Double

    /// In the order of `contenders`, fills and numbers.
    static func all(_ rows: [SubsetRow], contenders: [String]) -> [LostStudents] {
        contenders.flatMap { contender -> [LostStudents] in
            let own = rows.filter { $0.contender == contender }
            return Set(own.map(\.fill)).sorted().flatMap { fill -> [LostStudents] in
                Set(own.map(\.lost)).sorted().compactMap { lost -> LostStudents? in
                    let values = own.filter { $0.fill == fill && $0.lost == lost }.map(\.accuracy)
                    guard let best = values.max(), let worst = values.min() else { return nil }
                    return LostStudents(
                        contender: contender, fill: fill, lost: lost, subsets: values.count,
                        mean: values.reduce(0, +) / Double(values.count), best: best, worst: worst)
                }
            }
        }
    }
}

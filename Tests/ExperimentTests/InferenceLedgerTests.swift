import Experiment
import Foundation
import Methods
import Testing

/// One row of each table of distributed inference, and more of those that have empty cells.
private let rows: [Methods.Row] = [
    .epoch(
        EpochRow(
            round: 1, network: "teacher", epoch: 1, samples: 900, learningRate: 0.1, loss: 1.5,
            accuracy: 0.25,
            validationLoss: 1.25, validationAccuracy: 0.5, macs: 1 << 40)),
    .epoch(
        EpochRow(
            round: 2, network: "activation_hub_2", epoch: 1, samples: 900, learningRate: 0.01, loss: 3.5,
            accuracy: 0.125, validationLoss: nil, validationAccuracy: nil, macs: 7)),
    .contender(
        ContenderRow(
            round: 3, contender: "teacher", kind: "teacher", rule: "", students: 1, devices: 1, parts: 0,
            filters: 0, accuracy: 0.9, lossyAccuracy: nil, lostAnswers: 0, images: 1000, parameters: 94186,
            largestParameters: 94186, macs: 5_000_000, largestMACs: 5_000_000, weightBytes: 376744,
            largestWeightBytes: 376744, largestMemoryBytes: 400000, featureBytes: 0, largestLinkBytes: 0,
            inputBytes: 784, messages: 0, inputMessages: 1, dependentRounds: 1, headerBytes: 40,
            latencySeconds: 0.5, latencyMedianSeconds: 0.25, latency95Seconds: 0.75, latency99Seconds: 1,
            sequentialSeconds: 0.5, energyJoules: 2, largestEnergyJoules: 2, digest: "aa")),
    .contender(
        ContenderRow(
            round: 3, contender: "activation_hub_2", kind: "partitioned", rule: "activation_hub", students: 2,
            devices: 2, parts: 2, filters: 97, accuracy: 0.875, lossyAccuracy: 0.5, lostAnswers: 11,
            images: 1000,
            parameters: 12000, largestParameters: 6500, macs: 700_000, largestMACs: 400_000,
            weightBytes: 48000,
            largestWeightBytes: 26000, largestMemoryBytes: 30000, featureBytes: 388, largestLinkBytes: 196,
            inputBytes: 1568, messages: 2, inputMessages: 2, dependentRounds: 2, headerBytes: 160,
            latencySeconds: 0.0625, latencyMedianSeconds: 0.0625, latency95Seconds: 0.125,
            latency99Seconds: 0.25, sequentialSeconds: 0.125, energyJoules: 0.5, largestEnergyJoules: 0.3,
            digest: "bb")),
    .node(
        NodeRow(
            round: 3, contender: "activation_hub_2", node: 1, device: "stm32u5", link: "wi,fi",
            network: "small_cnn_0.25", filters: 49, parameters: 6500, weightBytes: 26000, memoryBytes: 30000,
            fits: false, macs: 400_000, inputSeconds: 0.5, computeSeconds: 0.25, uplinkSeconds: 0.125,
            waitingSeconds: 0, computeJoules: 1, radioJoules: 0.5, idleJoules: 0.25)),
    .transfer(
        TransferRow(
            round: 3, contender: "activation_hub_2", content: "features", sender: 1, receiver: 0,
            payloadBytes: 196, headerBytes: 40, messages: 1)),
    .subset(
        SubsetRow(
            round: 3, contender: "activation_hub_2", fill: "zero", lost: 2, students: "1 2", accuracy: 0.1)),
    .filter(
        FilterRow(
            round: 3, contender: "activation_hub_2", filter: 1, community: nil, part: nil, degree: 1,
            activity: 0.5)),
    .filter(
        FilterRow(
            round: 3, contender: "activation_hub_2", filter: 0, community: 1, part: 1, degree: 1,
            activity: 0.25)),
    .edge(EdgeRow(round: 3, contender: "activation_hub_2", first: 0, second: 1, weight: 2.5)),
    .activity(ActivityRow(round: 3, contender: "activation_hub_2", part: 0, label: 9, share: nil)),
    .activity(ActivityRow(round: 3, contender: "activation_hub_2", part: 0, label: 1, share: 0.25)),
    .infrastructure(
        InfrastructureRow(
            round: 3, trainingSeconds: 0.5, evaluationSeconds: 0.25, wallSeconds: 3, wireInBytes: 5000,
            wireOutBytes: 6000, simulationBytes: 7, retries: 1, workers: 2)),
]

private let contenderHeader = """
    round,contender,kind,rule,students,devices,parts,filters,accuracy,lossy_accuracy,lost_answers,images,parameters,\
    largest_parameters,macs,largest_macs,weight_bytes,largest_weight_bytes,largest_memory_bytes,feature_bytes,\
    largest_link_bytes,input_bytes,messages,input_messages,dependent_rounds,header_bytes,latency_seconds,\
    latency_median_seconds,latency_p95_seconds,latency_p99_seconds,sequential_seconds,energy_joules,\
    largest_energy_joules,digest
    """

/// Each table as its file must be.
private let tables = [
    "training.csv": """
    round,network,epoch,samples,learning_rate,loss,accuracy,validation_loss,validation_accuracy,macs
    1,teacher,1,900,0.1,1.5,0.25,1.25,0.5,1099511627776
    2,activation_hub_2,1,900,0.01,3.5,0.125,,,7

    """,
    "contenders.csv": """
    \(contenderHeader)
    3,activation_hub_2,partitioned,activation_hub,2,2,2,97,0.875,0.5,11,1000,12000,6500,700000,400000,48000,26000,\
    30000,388,196,1568,2,2,2,160,0.0625,0.0625,0.125,0.25,0.125,0.5,0.3,bb
    3,teacher,teacher,,1,1,0,0,0.9,,0,1000,94186,94186,5000000,5000000,376744,376744,400000,0,0,784,0,1,1,40,0.5,\
    0.25,0.75,1,0.5,2,2,aa

    """,
    "nodes.csv": """
    round,contender,node,device,link,network,filters,parameters,weight_bytes,memory_bytes,fits,macs,input_seconds,\
    compute_seconds,uplink_seconds,waiting_seconds,compute_joules,radio_joules,idle_joules
    3,activation_hub_2,1,stm32u5,"wi,fi",small_cnn_0.25,49,6500,26000,30000,false,400000,0.5,0.25,0.125,0,1,0.5,0.25

    """,
    "transfers.csv": """
    round,contender,content,sender,receiver,payload_bytes,header_bytes,messages
    3,activation_hub_2,features,1,0,196,40,1

    """,
    "lost_students.csv": """
    round,contender,fill,lost,students,accuracy
    3,activation_hub_2,zero,2,1 2,0.1

    """,
    "filters.csv": """
    round,contender,filter,community,part,degree,activity
    3,activation_hub_2,0,1,1,1,0.25
    3,activation_hub_2,1,,,1,0.5

    """,
    "class_activity.csv": """
    round,contender,part,label,share
    3,activation_hub_2,0,1,0.25
    3,activation_hub_2,0,9,

    """,
    "infrastructure.csv": """
    round,training_seconds,evaluation_seconds,wall_seconds,wire_in_bytes,wire_out_bytes,simulation_bytes,retries,workers
    3,0.5,0.25,3,5000,6000,7,1,2

    """,
]

@Suite struct InferenceLedgerTests {
    @Test func whatIsWrittenIsRead() throws {
        let scratch = try Scratch()
        let written = try Ledger.create(at: scratch.file("l"), identity: [:])
        try written.append(rows: rows, point: DurabilityPoint(round: 3))
        try written.close()
        let ledger = try Ledger.open(at: scratch.file("l"))
        var read = try ledger.epochs().map { Methods.Row.epoch($0) }
        // In the order of keys.
        read += try ledger.contenders().reversed().map { .contender($0) }
        read += try ledger.nodes().map { .node($0) } + ledger.transfers().map { .transfer($0) }
        read += try ledger.subsets().map { .subset($0) } + ledger.filters().reversed().map { .filter($0) }
        read += try ledger.edges().map { .edge($0) }
        read += try ledger.activities().reversed().map { .activity($0) }
        read += try ledger.infrastructure().map { .infrastructure($0) }
        #expect(read == rows)
    }

    /// Tables are as they are whatever the order of arrival, and every row is in the chain.
    @Test func theChainHoldsEveryRow() throws {
        let scratch = try Scratch()
        func chain(_ name: String, _ rows: [Methods.Row]) throws -> [UInt8] {
            let ledger = try Ledger.create(at: scratch.file(name), identity: [:])
            return try ledger.append(rows: rows, point: DurabilityPoint(round: 3)).chain
        }
        let whole = try chain("all", rows)
        #expect(try chain("reversed", rows.reversed()) == whole)
        for index in rows.indices.dropLast() {
            let others = rows[..<index] + rows[(index + 1)...]
            #expect(try chain("without \(index)", Array(others)) != whole)
        }
    }

    @Test func everyColumnIsDocumented() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(
            contentsOf: root.appendingPathComponent("docs/run-directory.md"), encoding: .utf8)
        for (name, table) in tables {
            let start = try #require(text.range(of: "## `\(name)`\n")).upperBound
            let section = text[start...].split(separator: "\n").prefix { !$0.hasPrefix("#") }
            let columns = section.compactMap { $0.firstMatch(of: /^\| `([a-z_0-9]+)` \|/)?.1 }
            #expect(columns == table.prefix { $0 != "\n" }.split(separator: ","), "\(name)")
        }
    }

    @Test func theTablesOfTheKindAreExported() throws {
        let scratch = try Scratch()
        let directory = try RunDirectory.create(at: scratch.file("run"))
        let ledger = try Ledger.create(at: directory.path(of: RunDirectory.Name.ledger), identity: [:])
        try ledger.append(rows: rows, point: DurabilityPoint(round: 3))
        let kind = try Scenario.load(text: minimalInference).kind
        try directory.exportCSV(from: ledger, of: kind)
        let divided =
            ["json", "graphml"].map { "partition/activation_hub_2.\($0)" }
            + ["nodes", "edges"].map { "partition/activation_hub_2-\($0).csv" }
        #expect(Set(kind.tableFiles.filter { !$0.hasPrefix("partition/") }) == Set(tables.keys))
        #expect(Set(kind.tableFiles).isSuperset(of: divided))
        #expect(kind.inputFiles == [] && kind.modelFiles == ["teacher.safetensors", "students.safetensors"])
        let files = try FileManager.default.contentsOfDirectory(atPath: directory.path)
        #expect(Set(files) == Set(tables.keys).union(["run.sqlite", "partition"]))
        for (name, text) in tables { #expect(try directory.read(name) == text, "\(name)") }
        try expectDivision(directory)
    }

    /// One edge of weight 2.5 between a filter in community and part 1 and one that is in none.
    private func expectDivision(_ directory: RunDirectory) throws {
        func file(_ ending: String) throws -> String {
            try directory.read("partition/activation_hub_2\(ending)")
        }
        #expect(try file("-edges.csv") == "first,second,weight\n0,1,2.5\n")
        let nodes = try file("-nodes.csv").split(separator: "\n").map {
            $0.split(separator: ",", omittingEmptySubsequences: false)
        }
        #expect(nodes[0] == ["filter", "x", "y", "community", "part", "degree", "activity"])
        #expect(nodes.count == 3 && nodes[1][3...] == ["1", "1", "1", "0.25"])
        #expect(nodes[2][0] == "1" && nodes[2][3...] == ["", "", "1", "0.5"])
        // Two filters that are linked stand in opposite corners.
        #expect(Set([nodes[1][1], nodes[2][1]]) == ["0", "1"])
        let partition = try file(".json")
        #expect(partition.contains("\"dropped\": [1]") && partition.contains("\"filters\": 2"))
        let graph = try file(".graphml")
        #expect(graph.contains(#"<edge source="0" target="1"><data key="weight">2.5</data></edge>"#))
        #expect(graph.contains(#"<node id="0"><data key="community">1</data><data key="part">1</data>"#))
    }
}

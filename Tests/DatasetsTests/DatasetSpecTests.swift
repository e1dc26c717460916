import Datasets
import Testing

@Suite("Contradictory descriptions are refused before a file is touched")
struct DatasetSpecTests {
    @Test(
        "each fault",
        arguments: [
            (DatasetSpec(name: .mnist), "no path"),
            (DatasetSpec(name: .cifar10), "no path"),
            (DatasetSpec(name: .emnist, path: "/nowhere"), "no split"),
            (DatasetSpec(name: .emnist, path: "/nowhere", split: "capitals"), "split capitals"),
            (DatasetSpec(name: .mnist, path: "/nowhere", split: "letters"), "split letters"),
            (DatasetSpec(name: .fashionMNIST, limit: 0), "limit 0"),
            (DatasetSpec(name: .fashionMNIST, limit: -5), "limit -5"),
            (DatasetSpec(name: .fashionMNIST, path: ""), "an empty path"),
            (DatasetSpec(name: .synthetic, path: "/nowhere"), "path /nowhere"),
            (DatasetSpec(name: .synthetic, limit: 10), "limit 10"),
            (DatasetSpec(name: .synthetic, alpha: -1), "alpha -1.0"),
            (DatasetSpec(name: .synthetic, beta: .nan), "beta nan"),
            (DatasetSpec(name: .synthetic, clients: 0), "0 clients"),
            (DatasetSpec(name: .leaf), "no path"),
            (DatasetSpec(name: .leaf, path: "/nowhere", limit: 10), "limit 10"),
            (DatasetSpec(name: .leaf, path: "/nowhere", users: 0), "0 users"),
            (DatasetSpec(name: .leaf, path: "/nowhere", classes: 257), "257 classes"),
        ])
    func refused(spec: DatasetSpec, found: String) {
        let error = datasetError { () throws(DatasetError) in try spec.validate() }
        #expect(error?.reason == .badSpecification)
        #expect(error?.found == found)
        #expect(error?.remedy.isEmpty == false)
        let loading = datasetError { () throws(DatasetError) in _ = try Dataset.load(spec, seed: 1) }
        #expect(loading == error)
    }

    @Test func limitAboveTheDataIsRefused() throws {
        let directory = try FixtureDirectory()
        try SmallDigits().write(to: directory)
        let spec = DatasetSpec(name: .mnist, path: directory.path, limit: 7)
        let error = datasetError { () throws(DatasetError) in _ = try Dataset.load(spec, seed: 1) }
        #expect(error?.found == "limit 7")
        #expect(error?.expected == "at most 6, the training samples there are")
        let labels = datasetError { () throws(DatasetError) in _ = try Dataset.loadLabels(spec, seed: 1) }
        #expect(labels == error)
    }
}

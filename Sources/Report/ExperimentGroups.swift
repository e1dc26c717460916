import Experiment
import Foundation

/// Runs that differ in nothing but their seed, under names that are unique in the comparison.
struct ExperimentGroups<Run> {
    /// In the order of their first runs.
    let named: [(label: String, runs: [Run])]

    init(_ runs: [Run], scenario: (Run) -> Scenario) {
        var digests: [[UInt8]] = []
        var members: [[Run]] = []
        for run in runs {
            let digest = scenario(run).digestWithoutSeed
            if let index = digests.firstIndex(of: digest) {
                members[index].append(run)
            } else {
                digests.append(digest)
                members.append([run])
            }
        }
        let names = members.map { scenario($0[0]).name }
        named = members.enumerated().map { index, runs in
            let isAlone = names.count { $0 == names[index] } == 1
            return (isAlone ? names[index] : "\(names[index]) (\(index + 1))", runs)
        }
    }
}

/// What to say of an experiment whose runs are not so different as their deviation would have it.
func warning(ofSeeds seeds: [UInt64], _ label: String) -> String? {
    Set(seeds).count < seeds.count ? "\(label) has the same seed twice: its deviation says nothing." : nil
}

/// Statistics over the runs of an experiment, for machines.
struct MeanAndDeviation: Encodable {
    let mean: Double
    /// Of the sample; absent for a single run.
    let standardDeviation: Double?

    /// By the names of their columns, those that are known.
    static func figures(_ all: [(name: String, statistics: SampleStatistics?)]) -> [String: MeanAndDeviation]
    {
        Dictionary(
            uniqueKeysWithValues: all.compactMap { name, found in
                found.map { (name, MeanAndDeviation(mean: $0.mean, standardDeviation: $0.deviation)) }
            })
    }
}

extension SampleStatistics {
    /// The mean and, of several values, their deviation.
    func text(_ shown: (Double) -> String) -> String {
        shown(mean) + (deviation.map { " ± \(shown($0))" } ?? "")
    }

    /// Of differences of accuracies, in points.
    var points: String {
        Quantity.points(mean) + (deviation.map { String(format: " ± %.2f", $0) } ?? "")
    }
}

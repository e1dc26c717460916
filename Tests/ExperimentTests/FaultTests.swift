import Experiment
import Methods
import Networks
import Testing

/// The exact words of every kind of fault.
@Suite struct FaultTests {
    /// Line 3 of a document whose other lines are right.
    @Test(arguments: [
        (
            "training: {rounds: -3}",
            "training.rounds: -3 is not positive; give a whole number from 1 to 1000000"
        ),
        (
            "training: {rounds: 0}",
            "training.rounds: 0 is not positive; give a whole number from 1 to 1000000"
        ),
        (
            "training: {rounds: 1000001}",
            "training.rounds: 1000001 is above 1000000; give a whole number from 1 to 1000000"
        ),
        (
            "training: {rounds: 1e30}",
            "training.rounds: 1e30 is too large; give a whole number from 1 to 1000000"
        ),
        (
            "training: {rounds: 2.5}",
            "training.rounds: 2.5 is not a whole number; give a whole number from 1 to 1000000"
        ),
        (
            "training: {rounds: \"5\"}",
            "training.rounds: \"5\" is not a whole number; give a whole number from 1 to 1000000"
        ),
        (
            "training: {rounds: 0x10}",
            "training.rounds: 0x10 is not a whole number; give a whole number from 1 to 1000000"
        ),
        (
            "training: {rounds: 010}",
            "training.rounds: 010 is not a whole number; give a whole number from 1 to 1000000"
        ),
        (
            "training: {rounds: true}",
            "training.rounds: true is not a whole number; give a whole number from 1 to 1000000"
        ),
        (
            "training: {rounds: [1]}",
            "training.rounds: a list is not a whole number; give a whole number from 1 to 1000000"
        ),
        ("training: 5", "training: 5 is not a mapping; write keys with values"),
        ("training: {round: 5}", "training.round: unknown key; did you mean rounds?"),
        (
            "stop: {colour: 5}", "stop.colour: unknown key; remove it; the keys here are target_accuracy"
        ),
        ("seed: -1", "seed: -1 is negative; give a whole number from 0 to 18446744073709551615"),
        (
            "seed: 0.5",
            "seed: 0.5 is not a whole number of 64 bits; give a whole number from 0 to 18446744073709551615"
        ),
        (
            "training: {optimizer: {learning_rate: 0}}",
            "training.optimizer.learning_rate: 0 is not positive; give a number above 0 to 1000"
        ),
        (
            "training: {optimizer: {learning_rate: fast}}",
            "training.optimizer.learning_rate: fast is not a number; give a number above 0 to 1000"
        ),
        (
            "training: {optimizer: {learning_rate: .inf}}",
            "training.optimizer.learning_rate: .inf is not a number; give a number above 0 to 1000"
        ),
        (
            "training: {optimizer: {learning_rate: 1e-60}}",
            "training.optimizer.learning_rate: 1e-60 rounds to 0 in 32 bits; give a number that fits"
        ),
        (
            "training: {optimizer: {momentum: 1}}",
            "training.optimizer.momentum: 1 is not below 1; give a number from 0 to below 1"
        ),
        (
            "training: {optimizer: {momentum: 0.99999999999}}",
            "training.optimizer.momentum: 0.99999999999 rounds to 1 in 32 bits; give a number that fits"
        ),
        (
            "training: {optimizer: {nesterov: yes}}",
            "training.optimizer.nesterov: yes is neither true nor false; write true or false"
        ),
        (
            "training: {optimizer: {nesterov: true}}",
            "training.optimizer.nesterov: true needs momentum; set training.optimizer.momentum above 0, such as 0.9"
        ),
        (
            "training: {optimizer: {name: rmsprop}}",
            "training.optimizer.name: rmsprop is not in this version; write one of sgd, adam"
        ),
        (
            "training: {schedule: {kind: exponential, factor: 1.5}}",
            "training.schedule.factor: 1.5 is above 1; give a number above 0 to 1"
        ),
        (
            "training: {schedule: {kind: exponental}}",
            "training.schedule.kind: exponental is unknown; did you mean exponential?"
                + " write one of constant, exponential, step, cosine"
        ),
        (
            "training: {schedule: {factor: 1}}",
            "training.schedule.factor: unknown key; remove it; the keys here are kind"
        ),
        (
            "training: {clients_per_round: 21}",
            "training.clients_per_round: 21 is more than the 20 clients; give a whole number from 1 to 20"
        ),
        (
            "evaluation: {on: [local_test]}",
            "evaluation.on: local_test has no samples to measure on;"
                + " set dataset.local_test_fraction above 0, such as 0.2"
        ),
        ("evaluation: {on: []}", "evaluation.on: a list has 0 entries; write 1 to 3"),
        (
            "evaluation: {on: global_test}",
            "evaluation.on: global_test is not a list; write a list such as [global_test]"
        ),
        (
            "evaluation: {on: [global_test, global_test]}",
            "evaluation.on: a list holds global_test twice; write it once"
        ),
        (
            "evaluation: {on: [train]}",
            "evaluation.on: a list holds train, which is unknown; write one of global_test, local_test, activation_divergence"
        ),
        ("stop: {target_accuracy: 0}", "stop.target_accuracy: 0 is not positive; give a number above 0 to 1"),
        ("stop: {target_accuracy: 1.1}", "stop.target_accuracy: 1.1 is above 1; give a number above 0 to 1"),
        (
            "method: {name: fedmux}",
            "method.name: fedmux is unknown; did you mean fedmax? write one of \(MethodSpec.names.joined(separator: ", "))"
        ),
        ("method: {name: fedprox, mu: -1}", "method.mu: -1 is negative; give a number from 0 to 1000000"),
        (
            "method: {name: fedprox, beta: 1}",
            "method.beta: unknown key; remove it; the keys here are mu, name"
        ),
        (
            "kind: regression",
            "kind: regression is unknown; write one of federated, distributed_inference, split_computing"
        ),
        ("name: ''", "name: \"\" is 0 bytes long; write 1 to 200 bytes"),
        ("name: [a]", "name: a list is not text; write text"),
        (
            "devices: {clock: simulated}",
            "devices.groups: is missing; write groups: [{profile: raspberry_pi_4, link: wifi}]"
        ),
        (
            "hosts: {launch: [{kind: ssh, address: a@b}]}",
            "hosts.launch.0.kind: ssh is not in this version; write one of local, manual"
        ),
        ("hosts: {launch: []}", "hosts.launch: a list does not fit here; write a list of 1 to 1000 mappings"),
        ("hosts: {launch: [local]}", "hosts.launch.0: local is not a mapping; write keys with values"),
        ("hosts: {launch: [{}]}", "hosts.launch.0.kind: is missing; write kind: one of local, manual"),
        (
            "hosts: {minimum: 3}",
            "hosts.minimum: 3 is more than the 2 workers that are launched;"
                + " lower it, launch more, or add {kind: manual}"
        ),
        (
            "thresholds: {final_accuracy: 0.8}",
            "thresholds.final_accuracy: 0.8 is not a comparison; write >=, <=, > or < and a number, quoted: \">= 0.8\""
        ),
        (
            "thresholds: {final_accuracy: \">= 80\"}",
            "thresholds.final_accuracy: \">= 80\" bounds an accuracy, which is from 0 to 1;"
                + " write it as a share: \">= 0.8\""
        ),
        ("thresholds: {accuracy: \"> 1\"}", "thresholds.accuracy: unknown key; " + thresholdKeys),
    ])
    func aFaultSaysWhatToDo(line: String, expected: String) {
        #expect(faults(of: minimalScenario + line + "\n") == "scenario.yaml:3: " + expected)
    }

    @Test(arguments: [
        ("fedavg", "activation_divergence", "global_test"), ("local_only", "global_test", "local_test"),
    ])
    func anAccuracyThatIsAskedForIsMeasured(method: String, target: String, remedy: String) {
        let lines = """
            stop: {target_accuracy: 0.5}
            thresholds: {best_accuracy: "> 0.5", rounds: "> 2"}
            method: {name: \(method)}
            evaluation: {on: [\(target)]}

            """
        #expect(
            faults(of: minimalScenario + lines) == """
                scenario.yaml:3: stop.target_accuracy: is never measured; add \(remedy) to evaluation.on
                scenario.yaml:4: thresholds.best_accuracy: is never measured; add \(remedy) to evaluation.on
                """)
    }

    @Test(arguments: [
        ("{uplnk: []}", "uplnk: unknown key; did you mean uplink?"),
        ("{uplink: {kind: sign}}", "uplink: a mapping does not fit here; write a list of 0 to 2 mappings"),
        ("{downlink: [sign]}", "downlink.0: sign is not a mapping; write keys with values"),
        (
            "{uplink: [{bits: 8}]}",
            "uplink.0.kind: is missing; write kind: one of quantize, top_k, random_k, float16, sign"
        ),
        (
            "{uplink: [{kind: topk}]}",
            "uplink.0.kind: topk is unknown; did you mean top_k?"
                + " write one of quantize, top_k, random_k, float16, sign"
        ),
        (
            "{uplink: [{kind: quantize, bits: 3}]}", "uplink.0.bits: 3 is not 8, 4 or 2; write one of them"
        ),
        (
            "{uplink: [{kind: quantize, bucket: 0}]}",
            "uplink.0.bucket: 0 is not positive; give a whole number from 1 to 1000000000, or write tensor"
        ),
        (
            "{uplink: [{kind: top_k, fraction: 0}]}",
            "uplink.0.fraction: 0 is not positive; give a number above 0 to 1"
        ),
        (
            "{uplink: [{kind: top_k}, {kind: random_k, fraction: 1.5}]}",
            "uplink.1.fraction: 1.5 is above 1; give a number above 0 to 1"
        ),
        (
            "{uplink: [{kind: sign, bits: 1}]}",
            "uplink.0.bits: unknown key; remove it; the keys here are kind"
        ),
        (
            "{uplink: [{kind: sign}, {kind: top_k}]}",
            "uplink.1.kind: top_k comes after sign; write it first: values are chosen, then coded"
        ),
        (
            "{uplink: [{kind: random_k}, {kind: top_k}]}",
            "uplink.1.kind: top_k chooses values a second time; keep one of top_k and random_k"
        ),
        (
            "{downlink: [{kind: top_k}]}",
            "downlink.0.kind: top_k leaves values out that a client which sat out some rounds does not have;"
                + " use quantize or float16"
        ),
        (
            "{downlink: [{kind: sign}]}",
            "downlink.0.kind: sign keeps signs alone, which do for a change of the model but not for the model itself;"
                + " use quantize or float16"
        ),
        (
            "{uplink: [{kind: quantize}, {kind: float16}]}",
            "uplink.1.kind: float16 codes values a second time; keep one of quantize, float16 and sign"
        ),
        (
            "{uplink: [{kind: top_k}, {kind: sign}, {kind: sign}]}",
            "uplink: a list does not fit here; write a list of 0 to 2 mappings"
        ),
        (
            "{error_feedback: true}",
            "error_feedback: true has nothing to feed back;"
                + " write compression.uplink, such as [{kind: top_k}]"
        ),
        ("{error_feedback: 1}", "error_feedback: 1 is neither true nor false; write true or false"),
    ])
    func faultsOfCompression(compression: String, expected: String) {
        let text = minimalScenario + "compression: \(compression)\n"
        #expect(faults(of: text) == "scenario.yaml:3: compression." + expected)
    }

    /// Line 1 is the data set, line 2 the model.
    @Test(arguments: [
        ("", "model: {name: mlp}", "scenario.yaml:2: dataset: is missing; give a mapping of keys and values"),
        (
            "dataset: {name: fashion_mnist, partition: {kind: iid, clients: 5}}", "",
            "scenario.yaml:1: model: is missing; give a mapping of keys and values"
        ),
        (
            "dataset: {name: mnist, partition: {kind: iid, clients: 5}}", "model: {name: mlp}",
            "scenario.yaml:1: dataset.path: is missing; write the directory of the files of mnist"
        ),
        (
            "dataset: {name: emnist, path: /e, partition: {kind: iid, clients: 5}}", "model: {name: mlp}",
            "scenario.yaml:1: dataset.split: is missing;"
                + " write one of byclass, bymerge, balanced, letters, digits, mnist"
        ),
        (
            "dataset: {name: fashion_mnits, partition: {kind: iid, clients: 5}}", "model: {name: mlp}",
            "scenario.yaml:1: dataset.name: fashion_mnits is unknown; did you mean fashion_mnist?"
                + " write one of fashion_mnist, mnist, emnist, cifar10, cifar100, leaf, synthetic"
        ),
        (
            "dataset: {name: synthetic, limit: 5, partition: {kind: natural}}", "model: {name: mlp}",
            "scenario.yaml:1: dataset.limit: unknown key; remove it;"
                + " the keys here are alpha, augmentation, beta, clients, local_test_fraction, name, normalize, partition,"
                + " pool"
        ),
        (
            "dataset: {name: fashion_mnist, partition: {kind: natural}}", "model: {name: mlp}",
            "scenario.yaml:1: dataset.partition.kind: natural needs a data set that states its own clients;"
                + " write another kind, such as iid, or dataset.name: leaf or synthetic"
        ),
        (
            "dataset: {name: fashion_mnist, partition: {kind: file, path: p.csv}}", "model: {name: mlp}",
            "scenario.yaml:1: dataset.partition.kind: file is not in this version; write one of iid, shards,"
                + " classes_per_client, dirichlet, dirichlet_balanced, quantity_skew, feature_noise, natural,"
                + " natural_groups"
        ),
        (
            "dataset: {name: fashion_mnist, partition: {kind: dirichlet, clients: 5, alpha: 0}}",
            "model: {name: mlp}",
            "scenario.yaml:1: dataset.partition.alpha: 0 is below 0.001; give a number from 0.001 to 1000000"
        ),
        (
            "dataset: {name: fashion_mnist, limit: 90, partition: {kind: dirichlet, clients: 10}}",
            "model: {name: mlp}",
            "scenario.yaml:1: dataset.partition.minimum: 10 samples for each of 10 clients are more than the 90 that"
                + " dataset.limit keeps; lower it, use fewer clients or a higher limit"
        ),
        (
            "dataset: {name: fashion_mnist, partition: {kind: classes_per_client, clients: 5, assignment: cylic}}",
            "model: {name: mlp}",
            "scenario.yaml:1: dataset.partition.assignment: cylic is unknown; did you mean cyclic?"
                + " write one of cyclic, random"
        ),
        (
            "dataset: {name: fashion_mnist, pool: true, partition: {kind: iid, clients: 5}}",
            "model: {name: mlp}",
            "scenario.yaml:1: dataset.pool: true leaves nothing to test on;"
                + " set dataset.local_test_fraction above 0, such as 0.25"
        ),
        (
            "dataset: {name: synthetic, augmentation: crop_and_flip, partition: {kind: natural}}",
            "model: {name: mlp}",
            "scenario.yaml:1: dataset.augmentation: crop_and_flip shifts images by up to 4 pixels, and samples are"
                + " 1 x 1 (rows x columns); remove it"
        ),
        (
            "dataset: {name: synthetic, normalize: true, partition: {kind: natural}}", "model: {name: mlp}",
            "scenario.yaml:1: dataset.normalize: true has no figures for synthetic;"
                + " remove it; pixels are byte / 255"
        ),
        (
            "dataset: {name: leaf, path: /l, shape: 28x28, partition: {kind: natural}}", "model: {name: mlp}",
            "scenario.yaml:1: dataset.shape: 28x28 is not the shape of a sample;"
                + " write planes, rows and columns, such as 1x28x28, or the length of a vector"
        ),
        (
            "dataset: {name: leaf, path: /l, users: 4, partition: {kind: natural}}",
            "model: {name: mlp}\ntraining: {clients_per_round: 5}",
            "scenario.yaml:3: training.clients_per_round: 5 is more than the 4 clients;"
                + " give a whole number from 1 to 4"
        ),
        (
            "dataset: {name: leaf, path: /l, shape: 60, partition: {kind: natural}}",
            "model: {layers: [flatten, {dense: 61}]}",
            "scenario.yaml:2: model.layers.1: does not fit leaf: dense1: the last block gives [61, 1, 1] for each"
                + " sample, but there are 62 classes; end the model with dense: classes;"
                + " change the layers or the data set"
        ),
        (
            "dataset: {name: fashion_mnist, partition: {kind: iid}}", "model: {name: mlp}",
            "scenario.yaml:1: dataset.partition.clients: is missing; write clients: whole number from 1 to 1000000"
        ),
        (
            "dataset: {name: fashion_mnist, limit: 9, partition: {kind: shards, clients: 5}}",
            "model: {name: mlp}",
            "scenario.yaml:1: dataset.partition: 10 parts are more than the 9 samples that dataset.limit keeps;"
                + " use fewer clients or a higher limit"
        ),
        (
            "dataset: {name: fashion_mnist, partition: {kind: iid, clients: 5}, local_test_fraction: 1}",
            "model: {name: mlp}",
            "scenario.yaml:1: dataset.local_test_fraction: 1 is not below 1; give a number from 0 to below 1"
        ),
    ])
    func faultsOfTheData(dataset: String, model: String, expected: String) {
        #expect(faults(of: "\(dataset)\n\(model)\n") == expected)
    }

    @Test(arguments: nameFaults)
    func faultsOfTheModelsName(model: String, expected: String) {
        let dataset = "dataset: {name: fashion_mnist, partition: {kind: iid, clients: 5}}"
        #expect(faults(of: "\(dataset)\nmodel: \(model)\n") == "scenario.yaml:2: " + expected)
    }

    @Test(arguments: [
        (
            "{name: mlp, layers: [flatten]}",
            "model.layers: is there beside a name; keep one of name and layers"
        ),
        ("{layers: []}", "model.layers: a list does not fit here; write a list of 1 to 1000 layers"),
        (
            "{layers: [rleu]}",
            "model.layers.0: rleu is unknown; did you mean relu? write one of relu, relu6, batch_norm, flatten,"
                + " global_average_pool, or a mapping such as {dense: 128}"
        ),
        ("{layers: [dense]}", "model.layers.0: dense needs settings; write a mapping such as {dense: 128}"),
        ("{layers: [{relu: 2}]}", "model.layers.0.relu: takes no value; write relu alone"),
        (
            "{layers: [{conw: 2}]}",
            "model.layers.0.conw: unknown key; did you mean conv? write one of dense, conv, depthwise, pointwise,"
                + " transposed_conv, batch_norm, group_norm, dropout, max_pool, average_pool, adaptive_average_pool,"
                + " slice, pad_channels, shuffle, sequence, residual, concatenate, cell"
        ),
        (
            "{layers: [[relu]]}",
            "model.layers.0: a list is not one layer; write a mapping of one key, such as {dense: 128}"
        ),
        (
            "{layers: [{dense: 0}]}",
            "model.layers.0.dense: 0 is not positive; give a whole number from 1 to 100000"
        ),
        (
            "{layers: [{max_pool: 17}]}",
            "model.layers.0.max_pool: 17 is above 16; give a whole number from 1 to 16"
        ),
        (
            "{layers: [{conv: {kernel: 3, padding: 2}}]}",
            "model.layers.0.conv.channels: is missing; write channels: whole number from 1 to 16384, or classes\n"
                + "scenario.yaml:2: model.layers.0.conv.padding: 2 is more than half the kernel;"
                + " give a whole number from 0 to 1"
        ),
        (
            "{layers: [flatten, {dense: 11}]}",
            "model.layers.1: does not fit fashion_mnist: dense1: the last block gives [11, 1, 1] for each sample,"
                + " but there are 10 classes; end the model with dense: classes; change the layers or the data set"
        ),
        (
            "{layers: [flatten, {dense: 100000}, {dense: 100000}, {dense: classes}]}",
            "model.layers: 10079600010 parameters are too many; stay at or below 536870912"
        ),
    ])
    func faultsOfTheModel(model: String, expected: String) {
        let dataset = "dataset: {name: fashion_mnist, partition: {kind: iid, clients: 5}}"
        #expect(faults(of: "\(dataset)\nmodel: \(model)\n") == "scenario.yaml:2: " + expected)
    }

    @Test func allFaultsComeAtOnceInTheOrderOfLines() {
        let text = """
            hosts: {minimum: x}
            dataset: {name: fashion_mnist, partition: {kind: iid, clients: many}}
            model: {name: alexnet}
            sed: 4
            training: {rounds: -1, batch_size: 0}
            """
        #expect(
            faults(of: text, overrides: ["stop.target_accuracy=2"]) == """
                scenario.yaml:1: hosts.minimum: x is not a whole number; give a whole number from 1 to 10000
                scenario.yaml:2: dataset.partition.clients: many is not a whole number; \
                give a whole number from 1 to 1000000
                scenario.yaml:3: model.name: alexnet is unknown; \(zoo)
                scenario.yaml:4: sed: unknown key; did you mean seed?
                scenario.yaml:5: training.rounds: -1 is not positive; give a whole number from 1 to 1000000
                scenario.yaml:5: training.batch_size: 0 is not positive; give a whole number from 1 to 65536
                --set stop.target_accuracy=2: stop.target_accuracy: 2 is above 1; give a number above 0 to 1
                """)
    }

    @Test(arguments: [
        ("rounds", "has no value; write path=value, such as training.rounds=20"),
        ("=5", "has no usable path; write path=value, such as training.rounds=20"),
        ("a..b=5", "has no usable path; write path=value, such as training.rounds=20"),
        ("seed.x=5", "seed: 3 has no keys of its own; set the value itself, or a whole mapping"),
        (
            "hosts.launch.4.kind=local",
            "hosts.launch: no entry 4 in a list of 1; give an index from 0 to 0, or 1 for a new entry"
        ),
        (
            "hosts.launch.x.kind=local",
            "hosts.launch: no entry x in a list of 1; give an index from 0 to 0, or 1 for a new entry"
        ),
        ("sede=5", "sede: unknown key; did you mean seed?"),
    ])
    func faultsOfFlagsNameTheFlag(flag: String, expected: String) {
        let text = minimalScenario + "seed: 3\nhosts: {launch: [{kind: local}]}\n"
        #expect(faults(of: text, overrides: [flag]) == "--set \(flag): \(expected)")
    }

    @Test func aFaultCarriesItsParts() {
        do throws(ScenarioFaults) {
            _ = try Scenario.load(text: minimalScenario + "stop: {target_accuracy:   7}\n", file: "a.yaml")
            Issue.record("7 was taken for an accuracy")
        } catch {
            #expect(
                error.faults == [
                    Fault(
                        file: "a.yaml", place: .line(3, column: 27), path: "stop.target_accuracy", value: "7",
                        message: "is above 1", remedy: "give a number above 0 to 1")
                ])
            #expect(error.faults[0].line == 3)
        }
    }
}

private let wide = "write wrn_D_K (wide ResNet, depth D = 6 n + 4, width K, for CIFAR), such as wrn_16_1"
private let zoo = "write one of " + ModelSpec.names.joined(separator: ", ")
private let nameIsMissing = "model.name: is missing; \(zoo), or layers"
private let tooSmallForVGG = """
    model.name: does not fit fashion_mnist: pool5: a kernel of 2 x 2 does not fit the input [512, 1, 1], 1 x 1 with \
    padding 0; use a smaller kernel, more padding or fewer pooling layers before it; change the layers or the data set
    """
private let misspeltName = "scenario.yaml:2: model.nam: unknown key; did you mean name?"
private let nameFaults: [(String, String)] = [
    ("{}", nameIsMissing),
    ("{nam: mlp}", "\(nameIsMissing)\n\(misspeltName)"),
    ("{name: resnet21}", "model.name: resnet21 is unknown; did you mean resnet20? \(zoo)"),
    ("{name: wrn_D_K}", "model.name: wrn_D_K is unknown; \(wide)"),
    ("{name: wrn_17_1}", "model.name: wrn_17_1 is unknown; \(wide)"),
    (
        "{name: nasbench201_333335}",
        "model.name: nasbench201_333335 is unknown; write nasbench201_EEEEEE (E: 0 none, 1 skip, 2 conv 1x1, 3 conv 3x3,"
            + " 4 average), such as nasbench201_333333"
    ),
    ("{name: vgg11}", tooSmallForVGG),
]
private let thresholdKeys =
    "remove it; the keys here are best_accuracy, client_updates_per_second, coordinator_peak_memory_bytes,"
    + " federated_down_bytes, federated_up_bytes, final_accuracy, rounds, wall_seconds, wire_bytes,"
    + " worker_peak_memory_bytes"

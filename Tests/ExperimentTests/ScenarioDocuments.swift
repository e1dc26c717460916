import Experiment

/// The shortest scenario that there is: three lines short of nothing.
let minimalScenario = """
    dataset: {name: fashion_mnist, partition: {kind: iid, clients: 20}}
    model: {name: mlp}

    """

/// Every key that matters, each with a value of its own.
let fullScenario = """
    name: fedavg, two classes
    kind: federated
    seed: 7
    dataset:
      name: fashion_mnist
      path: /data/fashion
      limit: 5000
      partition: {kind: shards, clients: 100, shards_per_client: 3}
      local_test_fraction: 0.2
    model:
      layers: [{conv: {channels: 8, kernel: 5, padding: same}}, relu, {max_pool: 2}, flatten, {dense: classes}]
      initialization: he
    method: {name: fedavg}
    training: {rounds: 200, clients_per_round: 12, selection: uniform, local_epochs: 2, batch_size: 20,
               optimizer: {name: sgd, learning_rate: 1e-3, momentum: 0.9, nesterov: true, weight_decay: 0.0001},
               schedule: {kind: exponential, factor: 0.996}}
    evaluation: {every: 3, on: [global_test, local_test]}
    stop: {target_accuracy: 0.85}
    compression: {uplink: [{kind: top_k, fraction: 0.01}, {kind: quantize, bits: 4, bucket: tensor}],
                  downlink: [{kind: quantize}], error_feedback: true}
    hosts: {minimum: 2, launch: [{kind: local, workers: 2}, {kind: manual}]}
    thresholds: {final_accuracy: ">= 0.80", wall_seconds: "< 60"}

    """

/// The shortest scenario of distributed inference.
let minimalInference = """
    kind: distributed_inference
    dataset: {name: fashion_mnist}
    teacher: {model: {name: small_cnn}}

    """

func load(_ text: String, overrides: [String] = []) -> Result<Scenario, ScenarioFaults> {
    do throws(ScenarioFaults) {
        return .success(try Scenario.load(text: text, overrides: overrides))
    } catch {
        return .failure(error)
    }
}

/// The faults of `text`, printed; empty when it loads.
func faults(of text: String, overrides: [String] = []) -> String {
    switch load(text, overrides: overrides) {
    case .success: ""
    case .failure(let faults): faults.description
    }
}

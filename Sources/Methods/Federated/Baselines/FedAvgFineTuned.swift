/// FedAvg, and before its own test each client trains the global model for some epochs on its own samples. Nothing of
/// that is sent or kept; it happens in evaluations and is not part of a round's cost. Its learning rate is the first
/// round's, whatever the schedule has made of it since.
package struct FedAvgFineTuned: FederatedMethod {
    package static let name = "fedavg_finetune"
    package static let meaning = "is fedavg with the clients' fine-tuning before their own test"
    package static let settings: [MethodSetting<Self>] = [
        .integer("epochs", \.epochs, 1...10_000, unit: "epochs", "Passes of fine-tuning.")
    ]

    package var epochs = 1

    package init() {}

    package var isPersonalized: Bool { true }
    package var keepsModel: Bool { false }
    package var fineTuningEpochs: Int { epochs }
}

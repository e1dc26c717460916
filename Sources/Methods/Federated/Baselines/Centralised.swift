/// All training samples in one place: the bound that federated methods are measured against. A round is
/// `training.local_epochs` passes of one client over everything; the optimiser starts afresh in each. Models do not
/// travel, and what collecting the data would cost is not counted.
package struct Centralised: FederatedMethod {
    package static let name = "centralised"
    package static let meaning = "trains on all samples in one place"

    package init() {}

    package var poolsData: Bool { true }
}

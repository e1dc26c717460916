import Networks

/// No federation: every client trains a model of its own, whenever it is in a cohort, and sends nothing.
package struct LocalOnly: FederatedMethod {
    package static let name = "local_only"
    package static let meaning = "trains every client by itself"

    package init() {}

    package var hasGlobalModel: Bool { false }
    package var isPersonalized: Bool { true }
    package var communicates: Bool { false }

    package func exchange(_ plan: NetworkPlan) -> Exchange {
        Exchange(plan.layout, keeps: [.personal]) { _ in false }
    }
}

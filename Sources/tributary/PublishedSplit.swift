import Networks

/// What was published of BottleFit (Matsubara et al. 2022, arXiv:2201.02693), to stand beside modelled figures: sizes
/// follow from the authors' code, reductions are those of the abstract, each the greatest of its kind there.
struct PublishedSplit: Encodable {
    struct Payload: Encodable {
        let channels: Int
        let bytes: Int
        let savedPercent: Double
    }

    struct Reduction: Encodable {
        let baseline: String
        let latencyPercent: Double
        /// The abstract does not say what power is the mean of.
        let powerPercent: Double
    }

    /// 44.77 KiB: the mean JPEG file of ImageNet at 224 x 224 in the survey (Matsubara et al. 2021).
    static let jpegBytes = 45_844

    let dataPercent = 77.1
    let payloads: [Payload]
    let reductions = [
        Reduction(baseline: "local", latencyPercent: 89, powerPercent: 49),
        Reduction(baseline: "edge_jpeg", latencyPercent: 55, powerPercent: 37),
    ]

    /// nil for networks and inputs that were not published.
    init?(_ teacher: NetworkPlan, version: Int) {
        guard let channels = Self.channels[teacher.spec.name], version == 2,
            teacher.input == Shape(channels: 3, height: 224, width: 224), teacher.classes == 1000
        else { return nil }
        payloads = channels.map {
            let bytes = $0 * 29 * 29
            return Payload(
                channels: $0, bytes: bytes, savedPercent: 100 * (1 - Double(bytes) / Double(Self.jpegBytes)))
        }
    }

    /// That the authors configured for their second version.
    private static let channels = [
        "densenet169": [3, 6, 9, 12], "densenet201": [3, 6, 9, 12], "resnet152": [1, 2, 3, 6, 9, 12],
    ]
}

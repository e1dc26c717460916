import Datasets
import Methods
import Networks

/// `deployment`: what students run on, and how images and features travel.
enum DeploymentSection {
    private static let standard = DeploymentSpec()

    static func visit(_ section: Section, _ value: inout DeploymentSpec, _ dataset: DatasetSpec) {
        section.section("deployment", "Where the students are, and what travels.") { section in
            visitPlaces(section, &value)
            visitTraffic(section, &value, dataset)
            section.section("lost", "Which answers do not come, in simulated time.") { section in
                section.field(
                    "probability", &value.lost.probability, .number(0...1), .value(0),
                    "That a student's answer to an image is lost.")
                section.optional(
                    "deadline_seconds", &value.lost.deadline, .number(0...1e7, above: true),
                    absence: "the hub waits", unit: "seconds",
                    "After which the hub answers with what it has.")
                section.field(
                    "slowdown", &value.lost.slowdown, .number(0...10), .value(0),
                    "Standard deviation of the logarithm of the factor by which a device is slower for an image."
                )
            }
            section.field(
                "fill", &value.fill, .word(DeploymentSpec.Fill.self), .value(standard.fill),
                "What stands for lost features: `zero`, or their `mean` over the validation samples.")
        }
    }

    private static func visitPlaces(_ section: Section, _ value: inout DeploymentSpec) {
        section.field(
            "devices", &value.devices, .list(of: .deviceProfile, count: 1...16), .value(standard.devices),
            "What the students run on, in turn: names from `tributary devices list`, or paths of files of your own."
        )
        section.field(
            "hub", &value.hub, .deviceProfile, .value(standard.hub),
            "What joins the students' features and computes the last layer, likewise.")
        section.field(
            "link", &value.link, .linkProfile, .value(standard.link),
            "What connects each device with the hub, likewise.")
    }

    private static func visitTraffic(
        _ section: Section, _ value: inout DeploymentSpec, _ dataset: DatasetSpec
    ) {
        section.field(
            "input", &value.input, .word(DeploymentSpec.Input.self), .value(standard.input),
            "How an image comes to the devices: the hub sends it to each, or each senses it itself.")
        section.field(
            "pixels", &value.pixels, .word(DeploymentSpec.Pixels.self),
            .computed(dataset.name == .leaf ? .float32 : .uint8, "uint8, for `leaf` float32"),
            "How a pixel travels.")
        section.field(
            "values", &value.values, .word(FeatureCoding.self), .value(standard.values),
            "How a feature travels.")
        section.optional(
            "images", &value.images, .integer(1...1_000_000_000), absence: "all", unit: "samples",
            "Test samples that are asked, from the first.")
        section.field(
            "batch", &value.batch, .integer(1...1000), .value(standard.batch), unit: "samples",
            "Images in a message.")
        section.field(
            "window", &value.window, .integer(1...1000), .value(standard.window), unit: "messages",
            "Messages to a student that may be under way at once.")
        section.field(
            "on_disconnect", &value.onDisconnect, .disconnection(), .value(standard.onDisconnect),
            "When a student's process ends: another answers again what was under way, or that is lost.")
    }

    /// Bytes of a message at most, on this host; hosts that are connected otherwise take less.
    private static let greatestMessage = 1 << 20

    static func checkAcrossFields(_ section: Section, _ value: DistributedInferenceConfiguration) {
        checkBatch(section, value)
        let path = "deployment.pixels"
        guard section.walk.isSound(path), value.deployment.pixels == .uint8, value.dataset.name == .leaf
        else {
            return
        }
        section.walk.report(
            section.place(at: path), path, value: "uint8", "cannot hold leaf's numbers, which are no bytes",
            "write float32")
    }

    /// A message holds a batch of images one way and of features, at most all of the teacher's, the other.
    private static func checkBatch(_ section: Section, _ value: DistributedInferenceConfiguration) {
        let (walk, path, deployment) = (section.walk, "deployment.batch", value.deployment)
        guard walk.isSound("deployment"), walk.isSound("teacher.model"),
            let teacher = value.teacher.plan(value.dataset), let stage = try? FeatureStage(teacher)
        else { return }
        let image = deployment.input == .local ? 0 : teacher.input.count * deployment.pixels.bytes
        let largest = max(image, stage.filters * deployment.values.bytes)
        guard deployment.batch * largest > greatestMessage else { return }
        walk.report(
            section.place(at: path), path, value: "\(deployment.batch)",
            "makes messages of \(deployment.batch * largest) bytes, and one holds \(greatestMessage)",
            "write at most \(greatestMessage / largest)")
    }
}

extension Codec where Value == StreamSpec.Disconnection {
    /// `continues`: whether a device can go on without its server.
    static func disconnection(continues: Bool = false) -> Codec {
        var all: [(word: String, value: StreamSpec.Disconnection)] = [("restart", .restart), ("lose", .lose)]
        if continues { all.append(("continue", .continue)) }
        let words = Codec<String>.word(all.map(\.word))
        return Codec(type: words.type) { (node) throws(Problem) in
            do throws(Codec<String>.Problem) {
                let word = try words.read(node)
                return all.first { $0.word == word }!.value
            } catch {
                throw Problem(message: error.message, remedy: error.remedy)
            }
        } write: { value in
            words.write(all.first { $0.value == value }!.word)
        }
    }
}

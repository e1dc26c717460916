import Devices

/// Device and link profiles as YAML documents, with the rules of scenarios.
extension DeviceProfile {
    /// Reads and checks a document, or says everything that is wrong with it.
    public static func load(text: String, file: String) throws(ScenarioFaults) -> DeviceProfile {
        try read(text, file, DeviceSection.placeholder, DeviceSection.visit)
    }

    /// The document, with every default written out; it loads as an equal profile.
    public var yaml: String { document.yaml }

    var document: DocumentNode { written(self, DeviceSection.visit) }

    /// Every key that a profile may have.
    public static var grammar: [GrammarEntry] { listed(DeviceSection.placeholder, DeviceSection.visit) }
}

extension DeviceProfile.Speed {
    /// Its part of a device's document.
    public var yaml: String {
        DocumentNode.mapping([("speed", written(self, DeviceSection.visit))]).yaml
    }
}

extension LinkProfile {
    /// Reads and checks a document, or says everything that is wrong with it.
    public static func load(text: String, file: String) throws(ScenarioFaults) -> LinkProfile {
        try read(text, file, LinkSection.placeholder, LinkSection.visit)
    }

    /// The document, with every default written out; it loads as an equal profile.
    public var yaml: String { document.yaml }

    var document: DocumentNode { written(self, LinkSection.visit) }

    /// Every key that a profile may have.
    public static var grammar: [GrammarEntry] { listed(LinkSection.placeholder, LinkSection.visit) }
}

/// A profile's document, for encoders.
public struct ProfileDocument: Encodable, Sendable {
    private let document: DocumentNode

    public init(_ device: DeviceProfile) { document = device.document }
    public init(_ link: LinkProfile) { document = link.document }

    public func encode(to encoder: any Encoder) throws { try document.encode(to: encoder) }
}

private func read<Profile>(
    _ text: String, _ file: String, _ placeholder: Profile, _ visit: (Section, inout Profile) -> Void
) throws(ScenarioFaults) -> Profile {
    let walk = Walk(.read, file: file)
    var parser = DocumentParser(file: file)
    guard let root = parser.parse(text) else { throw ScenarioFaults(parser.faults) }
    walk.faults += parser.faults
    guard let entries = root.isNull ? [] : root.entries else {
        walk.report(root.place, "", value: root.shown, "is not a mapping", "write keys with values")
        throw ScenarioFaults(walk.faults)
    }
    let section = Section(walk, path: "", source: entries, place: root.place)
    var profile = placeholder
    visit(section, &profile)
    section.finish()
    guard walk.faults.isEmpty else { throw ScenarioFaults(walk.faults) }
    return profile
}

private func written<Profile>(_ profile: Profile, _ visit: (Section, inout Profile) -> Void) -> DocumentNode {
    let section = Section(Walk(.write), path: "")
    var profile = profile
    visit(section, &profile)
    return section.written
}

private func listed<Profile>(
    _ placeholder: Profile, _ visit: (Section, inout Profile) -> Void
) -> [GrammarEntry] {
    let walk = Walk(.list)
    var profile = placeholder
    visit(Section(walk, path: ""), &profile)
    return walk.entries
}

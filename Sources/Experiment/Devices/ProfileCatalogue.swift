import Devices
import Foundation

/// A profile that cannot be had.
public enum ProfileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// `kind` is `device` or `link`; `near` are names that were probably meant.
    case unknown(name: String, kind: String, near: [String])
    case missing(path: String)
    /// Training needs more bytes than the device of a group has.
    case tooSmall(group: Int, device: String, needed: UInt64, bytes: UInt64)
    case unreadable(path: String)
    /// Two profiles that tables could not tell apart.
    case sameName(String, first: String, second: String)
    /// Profiles or the controller's trace are not those that a run began with.
    case changed
    /// A line of a file of times that cannot be used; 0: no single line.
    case badTrace(path: String, line: Int, text: String)
    /// What is wrong with the document.
    case faults(ScenarioFaults)

    public var description: String {
        switch self {
        case .unknown(let name, let kind, let near):
            "\(Fault.shown(name)): is no \(kind) profile; "
                + (near.isEmpty
                    ? "`tributary devices list` has all; a file of your own is named with its path, such as ./mine.yaml"
                    : "nearest are \(near.joined(separator: ", "))")
        case .tooSmall(let group, let device, let needed, let bytes):
            "groups.\(group).profile: training needs \(needed) bytes and \(device) has \(bytes); "
                + "use a smaller model or batch, or a larger device"
        case .sameName(let name, let first, let second):
            "\(first) and \(second) are different profiles of one name, \(name); give one of them another name"
        case .missing(let path): "\(path) does not exist; check the path"
        case .unreadable(let path): "\(path) cannot be read as text; name a file in UTF-8"
        case .changed:
            "device or link profiles, or the controller's trace, are not those that the run began with; put them back as they "
                + "were, use the version that wrote the run, or run the scenario again"
        case .badTrace(let path, let line, let text):
            line > 0 ? "\(path):\(line): \(text)" : "\(path): \(text)"
        case .faults(let faults): faults.description
        }
    }
}

/// Profiles that come with the program, and files of the user's own.
public enum ProfileCatalogue {
    public static let devices: [DeviceProfile] = EmbeddedProfiles.devices.map { name, text in
        do throws(ScenarioFaults) {
            return try DeviceProfile.load(text: text, file: "\(name).yaml")
        } catch {
            preconditionFailure("\(error)")
        }
    }

    public static let links: [LinkProfile] = EmbeddedProfiles.links.map { name, text in
        do throws(ScenarioFaults) {
            return try LinkProfile.load(text: text, file: "\(name).yaml")
        } catch {
            preconditionFailure("\(error)")
        }
    }

    /// The device profile of a name, or of a file: whatever has a `/` in it or ends in `.yaml`.
    public static func device(_ name: String) throws(ProfileError) -> DeviceProfile {
        if isPath(name) {
            let text = try text(of: name)
            do throws(ScenarioFaults) {
                return try DeviceProfile.load(text: text, file: name)
            } catch {
                throw .faults(error)
            }
        }
        guard let device = devices.first(where: { $0.name == name }) else {
            throw unknown(name, "device", devices.map(\.name))
        }
        return device
    }

    /// Throws where two of these have the same name and are not the same.
    public static func requireDistinct(
        devices: [String] = [], links: [String] = []
    ) throws(ProfileError) {
        try requireDistinct(devices, named: \DeviceProfile.name, device)
        try requireDistinct(links, named: \LinkProfile.name, link)
    }

    private static func requireDistinct<Profile: Equatable>(
        _ references: [String], named name: (Profile) -> String,
        _ read: (String) throws(ProfileError) -> Profile
    ) throws(ProfileError) {
        var seen: [String: (reference: String, profile: Profile)] = [:]
        for reference in references {
            let profile = try read(reference)
            if let other = seen[name(profile)], other.profile != profile {
                throw .sameName(name(profile), first: other.reference, second: reference)
            }
            seen[name(profile)] = (reference, profile)
        }
    }

    /// The link profile of a name, or of a file: whatever has a `/` in it or ends in `.yaml`.
    public static func link(_ name: String) throws(ProfileError) -> LinkProfile {
        if isPath(name) {
            let text = try text(of: name)
            do throws(ScenarioFaults) {
                return try LinkProfile.load(text: text, file: name)
            } catch {
                throw .faults(error)
            }
        }
        guard let link = links.first(where: { $0.name == name }) else {
            throw unknown(name, "link", links.map(\.name))
        }
        return link
    }

    /// That a name is neither a device's nor a link's.
    public static func unknown(_ name: String) -> ProfileError {
        unknown(name, "device or link", devices.map(\.name) + links.map(\.name))
    }

    private static func isPath(_ name: String) -> Bool { name.contains("/") || name.hasSuffix(".yaml") }

    private static func unknown(_ name: String, _ kind: String, _ known: [String]) -> ProfileError {
        .unknown(name: name, kind: kind, near: nearest(to: name, among: known, count: 3))
    }

    private static func text(of path: String) throws(ProfileError) -> String {
        guard FileManager.default.fileExists(atPath: path) else { throw .missing(path: path) }
        guard let data = FileManager.default.contents(atPath: path),
            let text = String(data: data, encoding: .utf8)
        else { throw .unreadable(path: path) }
        return text
    }
}

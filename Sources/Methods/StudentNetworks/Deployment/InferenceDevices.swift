import Devices

/// What a deployment computes and communicates with.
package struct InferenceDevices: Sendable, Equatable {
    /// Student k has device k modulo their number.
    package let devices: [DeviceProfile]
    package let hub: DeviceProfile
    package let link: LinkProfile

    package init(devices: [DeviceProfile], hub: DeviceProfile, link: LinkProfile) {
        precondition(!devices.isEmpty, "no devices")
        self.devices = devices
        self.hub = hub
        self.link = link
    }

    package func device(_ node: Int) -> DeviceProfile { devices[node % devices.count] }
}

/// Bytes of the headers of a deployment's messages, as this program sends them.
public struct InferenceHeaders: Sendable, Equatable {
    /// Of a message with an image, and of one with features.
    public var item: UInt64
    /// Of those that bring a student, for a number of bytes.
    public var weights: @Sendable (UInt64) -> UInt64

    public init(item: UInt64, weights: @escaping @Sendable (UInt64) -> UInt64) {
        self.item = item
        self.weights = weights
    }

    public static func == (a: InferenceHeaders, b: InferenceHeaders) -> Bool { a.item == b.item }
}

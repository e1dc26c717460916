import Networks

/// What inference costs when each layer of one network is spread over several devices, the way to run a compressed
/// network that no single device holds: device k computes its share of the output channels of every convolution, and
/// before the next one all devices gather each other's.
///
/// Counted, not run. A convolution on a shortcut needs no gathering: each device adds its own channels to those of the
/// block's last convolution, and the sum is gathered. Depthwise convolutions are counted like others, although their
/// input could stay apart.
public struct ChannelSplit: Sendable, Equatable {
    /// N.
    public let devices: Int
    /// Of a value.
    public let bytes: Int
    /// L: convolutions whose outputs are gathered, one dependent round each.
    public let rounds: Int
    /// What device k sends each other one in one inference.
    public let bytesToEach: [UInt64]

    package init(_ plan: NetworkPlan, devices: Int, bytes: Int = 4) {
        precondition(devices > 0 && bytes > 0, "\(devices) devices, \(bytes) bytes a value")
        let outputs = plan.blocks.filter { $0.spec.isConvolution && !$0.name.contains(".shortcut.") }
            .map(\.output)
        self.devices = devices
        self.bytes = bytes
        rounds = outputs.count
        bytesToEach = (0..<devices).map { device in
            outputs.reduce(0) { sum, output in
                let share = output.channels * (device + 1) / devices - output.channels * device / devices
                return sum + UInt64(output.height * output.width * share * bytes)
            }
        }
    }

    /// Of one inference, sent from one to each other: (N - 1) b sum of H W C.
    public var totalBytes: UInt64 { bytesToEach.reduce(0, +) * UInt64(devices - 1) }

    /// Of one inference: N (N - 1) L.
    public var messages: Int { devices * (devices - 1) * rounds }
}

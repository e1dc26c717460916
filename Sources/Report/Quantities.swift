import Experiment
import Foundation

/// Numbers for people. CSV and JSON have the exact ones.
enum Quantity {
    private static let prefixes = ["", "k", "M", "G", "T", "P", "E"]

    /// `16.6 MB`: three digits, powers of 1000.
    static func bytes(_ count: UInt64) -> String { scaled(count, "B") }

    /// A mean, as whole bytes, or a dash.
    static func bytes(_ mean: Double?) -> String {
        mean.map { bytes(UInt64(max(0, $0).rounded())) } ?? "–"
    }

    /// `1.24 TMAC`: multiply-accumulates.
    static func macs(_ count: UInt64) -> String { scaled(count, "MAC") }

    private static func scaled(_ count: UInt64, _ unit: String) -> String {
        var index = 0
        var value = Double(count)
        // 999.5 would be shown as 1000.
        while value >= 999.5 && index < prefixes.count - 1 {
            value /= 1000
            index += 1
        }
        return index == 0 ? "\(count) \(unit)" : "\(threeDigits(value)) \(prefixes[index])\(unit)"
    }

    /// The unit in which `largest` is best told, and how many bytes it has.
    static func byteUnit(largest: Double) -> (name: String, bytes: Double) {
        var index = 0
        var bytes = 1.0
        while largest / bytes >= 1000 && index < prefixes.count - 1 {
            bytes *= 1000
            index += 1
        }
        return (prefixes[index] + "B", bytes)
    }

    /// `0.8512`, or a dash.
    static func accuracy(_ value: Double?) -> String { value.map { fixed($0, 4) } ?? "–" }

    static func loss(_ value: Double?) -> String { value.map { fixed($0, 4) } ?? "–" }

    /// `12.3 s`, `4 min 05 s`, `2 h 03 min`.
    static func seconds(_ value: Double) -> String {
        guard value.isFinite, value >= 0, value < 1e15 else { return "\(shortest(value)) s" }
        if value < 59.95 { return "\(threeDigits(value)) s" }
        let whole = Int(value.rounded())
        func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        if whole < 3600 { return "\(whole / 60) min \(padded(whole % 60)) s" }
        return "\(whole / 3600) h \(padded(whole % 3600 / 60)) min"
    }

    /// `7.42 ms`, `1.24 s`: of one inference.
    static func latency(_ value: Double) -> String {
        value < 0.9995 ? "\(threeDigits(1000 * value)) ms" : seconds(value)
    }

    /// `30.4 mJ`, `1.24 J`: of one inference.
    static func energy(_ value: Double) -> String {
        value < 0.9995 ? "\(threeDigits(1000 * value)) mJ" : joules(value)
    }

    /// `-1.25`: a difference of accuracies in points, hundredths of 1.
    static func points(_ value: Double?) -> String { value.map { String(format: "%+.2f", $0) } ?? "–" }

    static func bits(_ value: Double) -> String { "\(threeDigits(value)) bit" }

    static func joules(_ value: Double) -> String { "\(threeDigits(value)) J" }

    /// `12.3 %`, or a dash for a part of nothing.
    static func share(_ part: UInt64, of whole: UInt64) -> String {
        percent(whole > 0 ? Double(part) / Double(whole) : nil)
    }

    /// `12.3 %`, or a dash.
    static func percent(_ fraction: Double?) -> String {
        fraction.map { "\(threeDigits(100 * $0)) %" } ?? "–"
    }

    /// `0.53x`: so many times the other.
    static func ratio(_ value: Double?) -> String { value.map { "\(threeDigits($0))x" } ?? "–" }

    static func rate(_ value: Double?) -> String { value.map { "\(threeDigits($0)) /s" } ?? "–" }

    /// Three significant digits, without exponent below a million.
    static func threeDigits(_ value: Double) -> String {
        switch value.magnitude {
        case 0: "0"
        case ..<0.0995: String(format: "%.2g", value)
        case ..<9.995: fixed(value, 2)
        case ..<99.95: fixed(value, 1)
        case ..<1e6: fixed(value, 0)
        default: String(format: "%.3g", value)
        }
    }

    private static func fixed(_ value: Double, _ digits: Int) -> String {
        value.isFinite ? String(format: "%.\(digits)f", value) : shortest(value)
    }
}

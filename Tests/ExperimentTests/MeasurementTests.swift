import Devices
import Experiment
import Testing

@Suite struct MeasurementTests {
    private func cells(_ rows: [String]) throws -> MeasurementTable {
        try MeasurementTable(
            text: (["edge0,edge1,edge2,edge3,edge4,edge5,fast_ms,slow"] + rows).joined(separator: "\n")
                + "\n",
            file: "cells.csv")
    }

    private func message(_ body: () throws -> Void) -> String {
        do {
            try body()
            return ""
        } catch {
            return "\(error)"
        }
    }

    @Test func columnsWithAndWithoutUnit() throws {
        let table = try cells([
            "none,skip,conv3x3,avgpool3x3,conv1x1,conv3x3,2.5,40", "skip,skip,skip,skip,skip,skip,,-1",
        ])
        #expect(table.form == .cells)
        #expect(table.devices == ["fast", "slow"])
        #expect(try table.device("fast_ms") == "fast" && table.device("fast") == "fast")
        // Milliseconds become seconds; what was not measured is left out.
        #expect(
            try table.measurements(of: "fast") == [
                .init(line: 2, network: "nasbench201_013423", seconds: 0.0025)
            ])
        #expect(try table.measurements(of: "slow").map(\.seconds) == [0.04])
    }

    @Test func boards() throws {
        let table = try MeasurementTable(
            text: """
                board,processor,threads,network,precision,min_ms,avg_ms\r
                nano,cpu,1,mobilenet,float,137,140\r
                nano,cpu,4,mobilenet,float,42,43\r
                nano,cpu,4,mobilenet,int8,30,31\r
                nano,cpu,10,squeezenet,float,20,21\r
                nano,gpu,,yolo,float,16,17\r
                """, file: "boards.csv")
        #expect(table.form == .boards)
        #expect(table.devices == ["nano/cpu/1", "nano/cpu/4", "nano/cpu/10", "nano/gpu"])
        #expect(try table.device("nano") == "nano/cpu/10" && table.device("nano/cpu") == "nano/cpu/10")
        #expect(try table.device("nano/gpu") == "nano/gpu")
        #expect(
            try table.measurements(of: "nano/cpu/4") == [
                .init(line: 3, network: "mobilenet_v1", seconds: 0.042)
            ])
        #expect(try table.measurements(of: "nano/cpu/4", precision: "int8").map(\.seconds) == [0.03])
        #expect(try table.measurements(of: "nano/gpu").map(\.network) == ["yolo"])
    }

    @Test func whatIsWrongIsNamed() throws {
        #expect(
            message { _ = try MeasurementTable(text: "a,b\n1,2\n", file: "t.csv") }.contains(
                "t.csv:1: has neither"))
        #expect(message { _ = try cells([]) }.contains("cells.csv: has no measurements"))
        #expect(message { _ = try cells(["none,skip"]) }.contains("cells.csv:2: has 2 cells; give 8"))
        let row = "none,skip,conv3x3,avgpool3x3,conv1x1,conv3x3"
        #expect(
            message { _ = try cells([row + ",x,1"]).measurements(of: "fast") }.contains(
                "cells.csv:2: x is not a number"))
        #expect(
            message { _ = try cells(["conv5x5" + row.dropFirst(4) + ",1,1"]).measurements(of: "fast") }
                .contains(
                    "conv5x5 is no operation of an edge; write one of none, skip, conv1x1, conv3x3, avgpool3x3"
                ))
        #expect(message { _ = try cells([row + ",1,1"]).device("fastt") }.contains("nearest are fast"))
    }

    /// A device that takes 3 ms, and 2.5 and 0.5 more for each edge that is a 3 x 3 and a 1 x 1 convolution.
    @Test func fitsAndTests() throws {
        var rows: [String] = []
        let operations = ["none", "skip", "conv1x1", "conv3x3", "avgpool3x3"]
        for index in 0..<40 {
            var (rest, digits) = (index * 389 + 7, [Int]())
            for _ in 0..<6 {
                digits.append(rest % 5)
                rest /= 5
            }
            let three = digits.count { $0 == 3 }
            let one = digits.count { $0 == 2 }
            rows.append(
                digits.map { operations[$0] }.joined(separator: ",")
                    + ",\(3 + 2.5 * Double(three) + 0.5 * Double(one)),")
        }
        let table = try cells(rows)
        let calibration = try DeviceCalibration(
            table, device: "fast", parting: .random(calibrate: 20, seeds: [1, 2, 3]), deadPaths: [.counted])
        #expect(calibration.networks.count + calibration.excluded.count == 40)
        #expect(calibration.repetitions.map(\.seed) == [1, 2, 3])
        #expect(calibration.error.mapePercent < 5 && calibration.error.spearman > 0.95)
        #expect(calibration.operationsOnly.mapePercent > calibration.error.mapePercent)
        let again = try DeviceCalibration(
            table, device: "fast_ms", parting: .random(calibrate: 20, seeds: [2]), deadPaths: [.counted])
        #expect(again.error == calibration.repetitions[1].error)
        #expect(
            message {
                _ = try DeviceCalibration(table, device: "fast", parting: .random(calibrate: 40, seeds: [1]))
            }.contains("40 is no number of networks to calibrate fast with"))
        #expect(
            message {
                _ = try DeviceCalibration(table, device: "slow", parting: .random(calibrate: 20, seeds: [1]))
            }.contains("0 networks of slow are too few"))
    }
}

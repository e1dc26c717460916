import Experiment
import Foundation

/// What became of a cell.
public struct CellOutcome: Sendable {
    public var status: SweepCellStatus
    /// Of a finished run.
    public var result: RunResult?
    /// What `tributary run` ended with; 0 for a cell that was finished before.
    public var exitCode: Int32
    /// What a failed run had to say.
    public var message: String
    /// That its run took this time; 0 where there was none.
    public var seconds: Double

    /// Whether something is left to be run.
    public var isOpen: Bool { status == .waiting || status == .interrupted }

    public init(
        _ status: SweepCellStatus, result: RunResult? = nil, exitCode: Int32 = 0, message: String = "",
        seconds: Double = 0
    ) {
        self.status = status
        self.result = result
        self.exitCode = exitCode
        self.message = message
        self.seconds = seconds
    }
}

extension SweepDirectory {
    /// What a cell's directory tells, without running anything.
    public func outcome(of cell: SweepCell) -> CellOutcome {
        let state: CellState
        do throws(RecordError) { state = try self.state(of: cell) } catch {
            return CellOutcome(.failed, exitCode: 65, message: "\(error)")
        }
        switch state {
        case .absent: return CellOutcome(.waiting)
        case .started: return CellOutcome(.interrupted)
        case .finished(let text):
            guard let result = try? JSONDecoder().decode(RunResult.self, from: Data(text.utf8)) else {
                return CellOutcome(
                    .failed, exitCode: 65,
                    message: "\(run(of: cell).path): its ledger has a result that cannot be read; remove it")
            }
            return CellOutcome(
                result.thresholdsMissed.isEmpty ? .finished : .thresholdMissed, result: result,
                exitCode: result.thresholdsMissed.isEmpty ? 0 : 1)
        }
    }
}

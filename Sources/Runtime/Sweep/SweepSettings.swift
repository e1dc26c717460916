/// How a sweep is carried out; none of it changes a bit of its results.
public struct SweepSettings: Sendable {
    /// Of this host, to be shared out among runs.
    public var cores: Int
    /// Runs at a time; nil for as many as there are cores for.
    public var parallel: Int?
    /// Worker processes of each run; nil for as many as there are cores for.
    public var workers: Int?
    /// This program, to start runs with.
    public var executable: String

    public init(cores: Int, parallel: Int?, workers: Int?, executable: String) {
        precondition(cores > 0 && parallel ?? 1 > 0 && workers ?? 1 > 0, "nothing to compute with")
        self.cores = cores
        self.parallel = parallel
        self.workers = workers
        self.executable = executable
    }

    /// One worker for each of `cells` runs while there are as many runs as cores, else as many as there are cores
    /// for. What is given stays as it is.
    public func share(cells: Int) -> (parallel: Int, workers: Int) {
        let slots = max(1, min(cells, parallel ?? cores, cores))
        let workers = workers ?? cores / slots
        let parallel = parallel ?? cores / workers
        return (max(1, min(cells, parallel)), workers)
    }
}

import Runtime
import Testing

@Suite struct SweepSettingsTests {
    /// Cores, cells, what is asked for, and what comes of it.
    @Test(
        arguments: [
            (2, 10, nil, nil, 2, 1), (8, 8, nil, nil, 8, 1), (8, 3, nil, nil, 3, 2), (8, 1, nil, nil, 1, 8),
            (1, 5, nil, nil, 1, 1), (8, 10, 2, nil, 2, 4), (8, 10, 16, nil, 10, 1), (8, 10, nil, 4, 2, 4),
            (8, 10, nil, 16, 1, 16), (8, 10, 3, 3, 3, 3), (4, 0, nil, nil, 1, 4),
        ] as [(Int, Int, Int?, Int?, Int, Int)])
    func coresAreSharedOut(
        cores: Int, cells: Int, parallel: Int?, workers: Int?, runs: Int, each: Int
    ) {
        let settings = SweepSettings(cores: cores, parallel: parallel, workers: workers, executable: "")
        let share = settings.share(cells: cells)
        #expect(share.parallel == runs && share.workers == each)
    }
}

import Glibc

/// The median of what one call of `body` takes, in seconds of this process's own time, which other processes on the
/// same core do not lengthen. Each reading covers as many calls as fill 50 microseconds, so that the clock's own
/// cost does not count; there are at least five readings and as many as fit `seconds`.
func medianSeconds(over seconds: Double = 0.3, _ body: () -> Void) -> Double {
    func reading(_ calls: Int) -> Double {
        let start = processSeconds()
        for _ in 0..<calls { body() }
        return (processSeconds() - start) / Double(calls)
    }
    _ = reading(1)
    let calls = max(1, Int(50e-6 / reading(2)))
    var readings: [Double] = []
    let begin = processSeconds()
    while readings.count < 5 || processSeconds() - begin < seconds { readings.append(reading(calls)) }
    return readings.sorted()[readings.count / 2]
}

private func processSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
}

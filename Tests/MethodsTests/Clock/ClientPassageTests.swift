import Methods
import TensorMath
import Testing

/// A client's way through a round: whole, cut off at any point, and with waiting.
@Suite struct ClientPassageTests {
    /// 1 s down, 4 s of computing, 2 s up; 20 J of computing, 3 J and 8 J of the radio, 2 W idle.
    private let demand = ClientDemand(
        download: 1_000_000_000, compute: 4_000_000_000, upload: 2_000_000_000,
        computeEnergy: 20_000_000_000, downloadEnergy: 3_000_000_000, uploadEnergy: 8_000_000_000,
        idleWatts: 2)

    @Test func theWholeWay() {
        let passage = ClientPassage(demand, from: 5_000_000_000)
        #expect(passage.start == 5_000_000_000 && passage.end == 12_000_000_000)
        #expect(passage.download == demand.download && passage.compute == demand.compute)
        #expect(passage.upload == demand.upload && passage.waiting == 0)
        #expect(passage.computeEnergy == 20_000_000_000 && passage.radioEnergy == 11_000_000_000)
        // Watts x seconds: 2 W for 3 s of communication.
        #expect(passage.idleEnergy == 6_000_000_000)
        #expect(passage.received == 1_000_000_000 && passage.sent == 1_000_000_000)
    }

    /// Half of the download, a quarter of the computing, half of the upload, and nothing at all.
    @Test(arguments: [
        Cut(at: 0, times: [0, 0, 0], energies: [0, 0, 0], shares: [0, 0]),
        Cut(at: 500, times: [500, 0, 0], energies: [0, 1500, 1000], shares: [500, 0]),
        Cut(at: 2000, times: [1000, 1000, 0], energies: [5000, 3000, 2000], shares: [1000, 0]),
        Cut(at: 6000, times: [1000, 4000, 1000], energies: [20000, 7000, 4000], shares: [1000, 500]),
    ])
    func cutInEachPart(cut: Cut) {
        let passage = ClientPassage(demand, from: 7, cut: cut.at * 1_000_000)
        func thousandths(_ values: Int64...) -> [Int64] { values.map { $0 / 1_000_000 } }
        #expect(thousandths(passage.download, passage.compute, passage.upload) == cut.times)
        let energies = thousandths(passage.computeEnergy, passage.radioEnergy, passage.idleEnergy)
        #expect(energies == cut.energies)
        #expect(thousandths(passage.received, passage.sent) == cut.shares)
        #expect(passage.end == 7 + cut.at * 1_000_000)
    }

    /// In milliseconds, millijoules and thousandths.
    struct Cut: Sendable {
        let at: Int64
        let times: [Int64]
        let energies: [Int64]
        let shares: [Int64]
    }

    @Test func waitingIsIdle() {
        let passage = ClientPassage(demand, from: 0)
        let waiting = passage.waiting(until: 10_000_000_000, idleWatts: 2)
        #expect(waiting.waiting == 3_000_000_000 && waiting.end == passage.end)
        // 2 W for 3 s of communication and 3 s of waiting.
        #expect(waiting.idleEnergy == 12_000_000_000)
        #expect(waiting.computeEnergy == passage.computeEnergy && waiting.radioEnergy == passage.radioEnergy)
        #expect(passage.waiting(until: passage.end, idleWatts: 2) == passage)
        #expect(passage.waiting(until: 3, idleWatts: 2) == passage)
    }

    /// A client that exchanges nothing has exchanged all of it.
    @Test func nothingToSend() {
        var silent = demand
        (silent.download, silent.upload, silent.downloadEnergy, silent.uploadEnergy) = (0, 0, 0, 0)
        let whole = ClientPassage(silent, from: 0)
        #expect(whole.end == demand.compute && whole.radioEnergy == 0 && whole.idleEnergy == 0)
        let cut = ClientPassage(silent, from: 0, cut: 1_000_000_000)
        #expect(cut.compute == 1_000_000_000 && cut.computeEnergy == 5_000_000_000 && cut.radioEnergy == 0)
    }

    /// Times are whole, so that parts make the cut exactly; no cut takes more than a longer one.
    @Test func partsAddUp() {
        var stream = RandomStream(RandomKey(seed: 1, purpose: .test))
        for _ in 0..<2000 {
            func some() -> Int64 { stream.index(below: 4) == 0 ? 0 : Int64(stream.next() >> 25) }
            let demand = ClientDemand(
                download: some(), compute: some(), upload: some(), computeEnergy: some(),
                downloadEnergy: some(), uploadEnergy: some(), idleWatts: stream.uniformDouble())
            var last = ClientPassage(demand, from: 0, cut: 0)
            let cuts = (0..<5).map { _ in Int64(Double(demand.total) * stream.uniformDouble()) }.sorted()
            for cut in cuts + [demand.total] {
                let passage = ClientPassage(demand, from: 0, cut: cut)
                #expect(passage.download + passage.compute + passage.upload == cut)
                #expect(passage.end == cut)
                #expect(passage.computeEnergy >= last.computeEnergy && passage.sent >= last.sent)
                #expect(passage.radioEnergy >= last.radioEnergy && passage.received >= last.received)
                #expect(passage.idleEnergy >= last.idleEnergy)
                last = passage
            }
            #expect(last == ClientPassage(demand, from: 0))
        }
    }
}

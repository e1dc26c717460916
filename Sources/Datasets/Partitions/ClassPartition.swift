import TensorMath

/// How clients come to their classes where each has a given number of them.
public enum ClassAssignment: String, Sendable, CaseIterable {
    /// Client i gets class i mod C and others at random: `noniid-#labelK` of NIID-Bench (Li et al., "Federated
    /// learning on non-IID data silos: an experimental study", ICDE 2022). A class that nobody got is dropped.
    case cyclic
    /// Every client draws its classes at random, all clients again until each class has an owner: FedPer
    /// (Arivazhagan et al. 2019), which says k classes a client and not how; so do its reproductions.
    case random
}

/// Every client owns `classesPerClient` different classes, and a class is shuffled and cut evenly among its owners,
/// in the order of clients; larger parts come first.
///
/// C counts the classes of which there are samples. Deviations: FedPer's reproductions give what is left over by the
/// division to the last owner, and divide by zero where a class has no owner.
func dealClasses(
    _ labels: [UInt8], classes: Int, clients: Int, classesPerClient: Int, assignment: ClassAssignment,
    _ stream: inout RandomStream
) throws(PartitionError) -> DealtSamples {
    guard clients >= 1 else { throw .notPositive(key: "clients", value: clients) }
    guard classesPerClient >= 1 else { throw .notPositive(key: "classes", value: classesPerClient) }
    guard clients <= labels.count else {
        throw .moreClientsThanSamples(clients: clients, samples: labels.count)
    }
    let ofClass = samplesOfClasses(labels, classes: classes).filter { !$0.isEmpty }
    guard classesPerClient <= ofClass.count else {
        throw .tooManyClasses(classesPerClient: classesPerClient, classes: ofClass.count)
    }
    let owned =
        switch assignment {
        case .cyclic: cyclicClasses(ofClass.count, clients, classesPerClient, &stream)
        case .random: try randomClasses(ofClass.count, clients, classesPerClient, &stream)
        }
    var owners = [[Int]](repeating: [], count: ofClass.count)
    for (client, list) in owned.enumerated() {
        for index in list { owners[index].append(client) }
    }
    var dealt = DealtSamples(clients: [[UInt32]](repeating: [], count: clients))
    for (samples, owners) in zip(ofClass, owners) {
        if owners.isEmpty {
            dealt.dropped += samples
            continue
        }
        var order = samples
        stream.shuffle(&order)
        for (client, part) in zip(owners, cutEvenly(order, into: owners.count)) {
            dealt.clients[client] += part
        }
    }
    if let client = dealt.clients.firstIndex(where: \.isEmpty) {
        throw .classesTooSmall(client: client, clients: clients, classesPerClient: classesPerClient)
    }
    return dealt
}

private func cyclicClasses(
    _ classes: Int, _ clients: Int, _ classesPerClient: Int, _ stream: inout RandomStream
) -> [[Int]] {
    (0..<clients).map { client in
        let first = client % classes
        let others = stream.sample(classesPerClient - 1, of: classes - 1)
        return [first] + others.map { $0 < first ? $0 : $0 + 1 }
    }
}

private func randomClasses(
    _ classes: Int, _ clients: Int, _ classesPerClient: Int, _ stream: inout RandomStream
) throws(PartitionError) -> [[Int]] {
    guard clients * classesPerClient >= classes else {
        throw .classesWithoutOwner(clients: clients, classesPerClient: classesPerClient, classes: classes)
    }
    let draws = RedrawLimit.draws(of: clients * classesPerClient)
    for _ in 0..<draws {
        let owned = (0..<clients).map { _ in stream.sample(classesPerClient, of: classes) }
        if Set(owned.joined()).count == classes { return owned }
    }
    throw .noFullAssignment(
        draws: draws, clients: clients, classesPerClient: classesPerClient, classes: classes)
}

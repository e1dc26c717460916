import CKernels
import Networks
import TensorMath

/// What clients minimise with.
public enum OptimizerSpec: Sendable, Equatable {
    case sgd(SGD)
    case adam(Adam)

    public var learningRate: Float {
        get {
            switch self {
            case .sgd(let settings): settings.learningRate
            case .adam(let settings): settings.learningRate
            }
        }
        set {
            switch self {
            case .sgd(var settings):
                settings.learningRate = newValue
                self = .sgd(settings)
            case .adam(var settings):
                settings.learningRate = newValue
                self = .adam(settings)
            }
        }
    }

    /// SGD's momentum; 0 for others.
    public var momentum: Float { if case .sgd(let settings) = self { settings.momentum } else { 0 } }

    /// Whether SGD's momentum is Nesterov's.
    public var nesterov: Bool { if case .sgd(let settings) = self { settings.nesterov } else { false } }

    /// Whether a step is -learningRate x gradient and nothing else.
    public var isPlain: Bool { if case .sgd(let settings) = self { settings.isPlain } else { false } }
}

/// An optimiser between the steps of one client. Allocated once; `reset` starts afresh.
package struct LocalOptimizer {
    private enum State {
        case sgd(SGDState)
        case adam(AdamState)
    }

    private var state: State
    /// The greatest norm of all gradients; nil: any.
    private let clipNorm: Float?

    /// For `count` parameters.
    package init(_ spec: OptimizerSpec, clipNorm: Float?, count: Int) {
        self.clipNorm = clipNorm
        switch spec {
        case .sgd(let settings): state = .sgd(SGDState(settings, count: count))
        case .adam(let settings): state = .adam(AdamState(settings, count: count))
        }
    }

    /// May change between steps, as schedules do.
    package var learningRate: Float {
        get {
            switch state {
            case .sgd(let sgd): sgd.settings.learningRate
            case .adam(let adam): adam.settings.learningRate
            }
        }
        set {
            switch state {
            case .sgd(var sgd):
                sgd.settings.learningRate = newValue
                state = .sgd(sgd)
            case .adam(var adam):
                adam.settings.learningRate = newValue
                state = .adam(adam)
            }
        }
    }

    /// What it keeps of every parameter between steps, in the layout's order: v for SGD with momentum, m and v for
    /// Adam, nothing for SGD without.
    package var memory: [FloatView] {
        switch state {
        case .sgd(let sgd): sgd.velocity.map { [$0] } ?? []
        case .adam(let adam): [adam.mean, adam.square]
        }
    }

    /// Goes on after `steps` steps, whose `memory` has been put back.
    package mutating func resume(after steps: Int) {
        switch state {
        case .sgd(var sgd):
            sgd.started = steps > 0
            state = .sgd(sgd)
        case .adam(var adam):
            adam.steps = steps
            state = .adam(adam)
        }
    }

    /// The step where it needs nothing but a value and its gradient; nil with momentum, with clipping and for Adam.
    package var descent: Descent? {
        guard case .sgd(let sgd) = state, clipNorm == nil else { return nil }
        return sgd.settings.descent
    }

    /// Forgets all steps.
    package mutating func reset(learningRate: Float) {
        switch state {
        case .sgd(var sgd):
            sgd.settings.learningRate = learningRate
            sgd.started = false
            state = .sgd(sgd)
        case .adam(var adam):
            adam.settings.learningRate = learningRate
            adam.mean.fill(0)
            adam.square.fill(0)
            adam.steps = 0
            state = .adam(adam)
        }
    }

    /// `backwardFromLoss` with `taps`, and the step; one pass where that is the same.
    package mutating func step(_ network: Network, samples: Int, taps: [Network.Tap] = []) {
        switch state {
        case .sgd(var sgd):
            network.step(samples: samples, taps: taps, limit: clipNorm, optimizer: &sgd)
            state = .sgd(sgd)
        case .adam:
            network.backwardFromLoss(samples: samples, taps: taps)
            apply(network)
        }
    }

    /// The step of other parameters with given gradients, both in the layout whose trainable parts are `runs`.
    package mutating func apply(_ parameters: FloatView, gradients: FloatView, runs: [Range<Int>]) {
        switch state {
        case .sgd(var sgd):
            sgd.step(parameters: parameters, gradients: gradients, runs: runs)
            state = .sgd(sgd)
        case .adam(var adam):
            adam.step(parameters: parameters, gradients: gradients, runs: runs)
            state = .adam(adam)
        }
    }

    /// `backwardFromLoss` and the step, with weight x (the network's parameters - anchor) added to the gradients, which is
    /// the gradient of weight / 2 ||parameters - anchor||^2; one pass where that is the same.
    package mutating func step(_ network: Network, samples: Int, weight: Float, towards anchor: FloatView) {
        let (w, g) = (network.parameters, network.gradients)
        precondition(anchor.count == w.count, "an anchor of \(anchor.count) values for \(w.count)")
        if let descent {
            return network.descend(samples: samples, descent.pulled(by: weight, towards: anchor))
        }
        network.backwardFromLoss(samples: samples)
        ck_add_difference(weight, w.pointer, anchor.pointer, g.pointer, w.count)
        apply(network)
    }

    /// The step from the gradients that `network` holds.
    package mutating func apply(_ network: Network) {
        if let clipNorm { network.clipGradients(norm: clipNorm) }
        switch state {
        case .sgd(var sgd):
            network.applyGradients(optimizer: &sgd)
            state = .sgd(sgd)
        case .adam(var adam):
            network.applyGradients(optimizer: &adam)
            state = .adam(adam)
        }
    }
}

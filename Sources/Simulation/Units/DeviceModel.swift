package import Placement
package import Quantities
package import Scheduling

/// A modelled device of a simulated unit: which lanes it has, how long passes take on them, and how passes side by side
/// slow each other.
package protocol DeviceModel: Sendable {
    /// How jobs share passes and lanes.
    var lanes: LaneSchedule { get }

    /// What a pass takes alone.
    func time(of pass: Pass, _ model: SimulatedModel) -> PassTime

    /// The factors on the work of passes that are on the device at once, in their order.
    func slowdowns(of passes: [RunningPass]) -> [Double]

    /// What serving adds to a request's time to its first token and to its end; the device is free meanwhile.
    func delay(of model: SimulatedModel) -> Seconds

    /// The latency of a request that has the unit to itself.
    func unloadedLatency(promptTokens: Int, outputTokens: Int, _ model: SimulatedModel) -> Seconds
}

/// What a pass takes alone.
package struct PassTime: Sendable {
    /// Seconds on the device.
    package var work: Seconds
    /// Seconds after that, in which the lane is taken but the device is free: tokens are drawn and sent.
    package var serving: Seconds = 0
    package var utilisation = Utilisation.idle
}

/// A pass at work on a modelled device.
package struct RunningPass: Sendable {
    package let pass: Pass
    /// Of its model in the cost file.
    package let costName: String
    /// Seconds left on the device, as if alone.
    package var left: Seconds
    package var serving: Seconds
    package let utilisation: Utilisation
    package var isOnDevice = true
    /// How much longer it takes beside what else is on the device now.
    package var slowdown = 1.0

    init(_ pass: Pass, _ model: SimulatedModel, _ time: PassTime) {
        self.pass = pass
        costName = model.profile.costName
        left = time.work
        serving = time.serving
        utilisation = time.utilisation
    }

    var hasPrefill: Bool { pass.jobs.contains { $0.phase == .prefill } }

    /// When it leaves the device or, if it has, is done.
    func next(from now: Seconds) -> Seconds { now + (isOnDevice ? left * slowdown : serving) }

    mutating func advance(by seconds: Seconds) {
        if isOnDevice { left -= seconds / slowdown } else { serving -= seconds }
    }
}

/// The mesh of a fitted cluster: every job starts when it is launched and has the share that it asked for, beside what
/// the host and its neighbours take.
package struct FittedMesh: DeviceModel, Hashable {
    package var mesh: MeshKind
    package var host: HostCost
    package var contention: Contention
    /// By which utilisation is judged.
    package var peak: DevicePeak

    package init(_ mesh: MeshKind, host: HostCost, contention: Contention, peak: DevicePeak = .a100) {
        self.mesh = mesh
        self.host = host
        self.contention = contention
        self.peak = peak
    }

    /// Fitted to measured runs of 19 models on 32 A100s under MuxServe.
    package static func measured(_ mesh: MeshKind) -> Self {
        FittedMesh(mesh, host: .measured, contention: .measured)
    }

    package var lanes: LaneSchedule { .unlimited }

    package func time(of pass: Pass, _ model: SimulatedModel) -> PassTime {
        let job = JobSize(pass.jobs[0])
        let device = job.time(model.cost, share: pass.jobs[0].share.fraction) / mesh.speed
        let work = model.profile.work(
            newTokens: Double(job.newTokens), cachedTokens: Double(job.cached), readsCacheOf: Double(job.cached))
        return PassTime(
            work: device + (job.phase == .decode ? host.decode(job.count) : host.prefill(job.count)),
            utilisation: Utilisation(
                bytes: work.bytes, flops: work.flops, time: device, devices: mesh.devices, peak: peak))
    }

    package func slowdowns(of passes: [RunningPass]) -> [Double] { contention.slowdowns(of: passes.map(\.utilisation)) }

    package func delay(of model: SimulatedModel) -> Seconds { 0 }

    package func unloadedLatency(promptTokens: Int, outputTokens: Int, _ model: SimulatedModel) -> Seconds {
        let steps = Double(outputTokens - 1)
        let alone = model.cost.alone(promptTokens: promptTokens, steps: steps, speed: mesh.speed)
        return alone.prefill + host.prefill(1) + (alone.decode + host.decode(1)) * steps
    }
}

/// A device that `weft profile` measured, with the lanes that Weft's engine makes on it.
package struct LanedDevice: DeviceModel, Hashable {
    package var plan: LanePlan
    package var profile: ProfiledDevice
    /// How fast it is against when it was profiled.
    package var speed: Double

    /// - Parameter shares: of each of the unit's models.
    package init(_ profile: ProfiledDevice, policy: PolicyName, shares: [PhaseShares], speed: Double = 1) {
        plan = LanePlan(grain: profile.units, shares: policy.jobShares(of: shares))
        self.profile = profile
        self.speed = speed
    }

    package var lanes: LaneSchedule { LaneSchedule(plan) }

    /// Jobs of one model in one pass read the weights once.
    package func time(of pass: Pass, _ model: SimulatedModel) -> PassTime {
        let (cost, serving, part) = (model.cost, serving(model), plan.fraction(of: pass.lane))
        var work = pass.jobs.reduce(0) { $0 + JobSize($1).time(cost, share: part) / speed }
        if pass.jobs.count > 1 {
            work -= min(cost.prefill.fixedTime(share: part), cost.decode.fixedTime(share: part)) / speed
        }
        let draws = pass.jobs.reduce(0) { $0 + $1.rows.count(where: \.drawsToken) }
        return PassTime(work: work, serving: serving.perPass + serving.perSequence * Double(draws))
    }

    /// As measured: beside each pass on another part, and where lanes overlap.
    package func slowdowns(of passes: [RunningPass]) -> [Double] {
        let busyPart = passes.reduce(0) { $0 + plan.fraction(of: $1.pass.lane) }
        return passes.indices.map { index in
            let own = passes[index]
            let isWhole = own.pass.lane == .whole
            var slowdown = (profile.overlap[own.costName] ?? .sliced).slowdown(ofWhole: isWhole, busyPart: busyPart)
            let contention = profile.contention[own.costName] ?? .none
            for other in passes.indices where other != index && !isWhole && passes[other].pass.lane != .whole {
                slowdown *= contention.slowdown(
                    ofPrefill: own.hasPrefill, besidePrefill: passes[other].hasPrefill)
            }
            return slowdown
        }
    }

    package func delay(of model: SimulatedModel) -> Seconds { serving(model).perRequest }

    package func unloadedLatency(promptTokens: Int, outputTokens: Int, _ model: SimulatedModel) -> Seconds {
        let (steps, serving) = (Double(outputTokens - 1), serving(model))
        let alone = model.cost.alone(promptTokens: promptTokens, steps: steps, speed: speed)
        let tokens = (serving.perPass + serving.perSequence) * (steps + 1)
        return alone.prefill + alone.decode * steps + serving.perRequest + tokens
    }

    private func serving(_ model: SimulatedModel) -> ServingCost { profile.serving[model.profile.costName] ?? .none }
}

/// What a job's time depends on.
private struct JobSize {
    let phase: Phase
    let count: Double
    var newTokens = 0
    var cached = 0

    init(_ job: Job) {
        phase = job.phase
        count = Double(job.rows.count)
        for row in job.rows {
            newTokens += row.positions.count
            cached += row.positions.lowerBound
        }
    }

    func time(_ cost: ModelCost, share: Double) -> Seconds {
        phase == .decode
            ? cost.decode.time(batch: count, length: Double(cached) / count, share: share)
            : cost.prefill.chunkTime(
                batch: count, length: Double(newTokens) / count, after: Double(cached) / count, share: share)
    }
}

extension ModelCost {
    /// A prompt, and a decode step at the middle of the answer, each with the whole device.
    fileprivate func alone(promptTokens: Int, steps: Double, speed: Double) -> (prefill: Seconds, decode: Seconds) {
        let prompt = Double(promptTokens)
        return (
            prefill.time(batch: 1, length: prompt, share: 1) / speed,
            decode.time(batch: 1, length: prompt + steps / 2, share: 1) / speed
        )
    }
}

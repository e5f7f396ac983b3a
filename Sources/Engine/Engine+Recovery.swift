import Compute
import Logging

extension Engine {
    /// The way back of a unit that failed.
    struct Recovery {
        /// How the unit stood when it failed, and how far its way back is.
        var status: EngineStatus
        /// What clients are still told of.
        var served: [ServedModel]
        /// What is to be loaded again; empty while a load or unload of the failed unit is under way.
        var models: [ModelConfiguration] = []
    }

    /// Tries that all models must survive; later ones leave out what cannot be loaded.
    private static let fullTries = 2

    /// The unit failed: builds it anew once its lanes have stopped, and tries again, less and less often, while that
    /// fails.
    func recover(from reason: String) async {
        guard case .ready = state, var status = await status else { return }
        logger.error("unit failed", metadata: ["reason": "\(reason)"])
        status.failure = reason
        status.recovery = EngineStatus.Recovery()
        state = .recovering(Recovery(status: status, served: await unit?.served ?? []))
        await unit?.stopped()
        _ = try? await alone { [self] in
            // Loads and unloads that were under way have ended by now.
            await listModels()
            await rebuild()
        }
    }

    private func listModels() async {
        let (served, models) = (await unit?.served ?? [], await unit?.configurations ?? [])
        guard case .recovering(var recovery) = state else { return }
        (recovery.served, recovery.models) = (served, models)
        state = .recovering(recovery)
    }

    private func rebuild() async {
        var pause = Duration.seconds(1)
        while !Task.isCancelled, case .recovering(let recovery) = state {
            // What the device still holds must go before it is reserved anew.
            unit = nil
            do {
                let missing = try await restart(recovery)
                await end(recovery.models, without: missing)
                return
            } catch {
                note(error)
            }
            try? await Task.sleep(for: pause)
            pause = min(pause * 2, .seconds(60))
        }
    }

    /// - Returns: the models that the unit comes back without.
    private func restart(_ recovery: Recovery) async throws -> [EngineStatus.Missing] {
        let isFull = recovery.status.recovery?.tries ?? 0 < Self.fullTries
        var missing: [EngineStatus.Missing] = []
        try await start(
            recovery.models,
            leaveOut: { model, error in
                // A lost device says nothing about the model.
                if case ComputeError.deviceLost = error { throw error }
                if isFull { throw error }
                missing.append(EngineStatus.Missing(name: model.name, reason: "\(error)"))
            })
        return missing
    }

    private func note(_ error: any Error) {
        logger.error("unit not rebuilt", metadata: ["reason": "\(error)"])
        guard case .recovering(var recovery) = state else { return }
        recovery.status.recovery = EngineStatus.Recovery(
            tries: (recovery.status.recovery?.tries ?? 0) + 1, reason: "\(error)")
        state = .recovering(recovery)
    }

    /// The unit is back with `models`.
    private func end(_ models: [ModelConfiguration], without missing: [EngineStatus.Missing]) async {
        guard case .recovering(let recovery) = state else { return }
        rebuilds += 1
        self.missing += missing.filter { model in recovery.models.contains { $0.name == model.name } }
        state = .ready
        logger.info("unit rebuilt", metadata: ["missing": "\(missing.map(\.name))"])
        // Meanwhile the unloading of some may have been asked for.
        for model in models where !recovery.models.contains(model) {
            try? await unit?.unload(model.name, patience: .zero)
        }
    }

    /// Forgets a model that waits to be loaded again, or could not be.
    ///
    /// - Returns: whether there was one.
    func giveUp(_ name: String) -> Bool {
        if case .recovering(var recovery) = state, recovery.models.contains(where: { $0.name == name }) {
            recovery.models.removeAll { $0.name == name }
            recovery.served.removeAll { $0.name == name }
            recovery.status.models.removeAll { $0.name == name }
            state = .recovering(recovery)
            return true
        }
        let isMissing = missing.contains { $0.name == name }
        missing.removeAll { $0.name == name }
        return isMissing
    }
}

import Logging

extension Engine {
    /// The unit failed: builds it anew once its lanes have stopped, and tries again, less and less often, while that
    /// fails.
    func recover(from reason: String) async {
        guard case .ready = state, let failed = unit, var status = await status else { return }
        logger.error("unit failed", metadata: ["reason": "\(reason)"])
        status.failure = reason
        state = .recovering(status, await failed.served)
        await failed.stopped()
        _ = try? await alone { [self] in await rebuild() }
    }

    private func rebuild() async {
        // Loads and unloads that were under way when the unit failed have ended by now.
        let models = await unit?.configurations ?? []
        var pause = Duration.seconds(1)
        while !Task.isCancelled {
            // What the device still holds must go before it is reserved anew.
            unit = nil
            do {
                try await start(models)
                rebuilds += 1
                state = .ready
                logger.info("unit rebuilt")
                return
            } catch {
                logger.error("unit not rebuilt", metadata: ["reason": "\(error)"])
            }
            try? await Task.sleep(for: pause)
            pause = min(pause * 2, .seconds(60))
        }
    }
}

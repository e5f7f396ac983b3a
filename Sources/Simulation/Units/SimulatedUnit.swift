import KVCache
package import Placement
package import Quantities
package import Scheduling

/// A model of a simulated unit.
package struct SimulatedModel: Sendable {
    package var name: String
    package var profile: ModelProfile
    package var settings: ModelSettings
    /// Its times on the unit's devices.
    package var cost: ModelCost

    package init(name: String, profile: ModelProfile, settings: ModelSettings, cost: ModelCost) {
        self.name = name
        self.profile = profile
        self.settings = settings
        self.cost = cost
    }
}

/// A unit as it is simulated: device, pool and models.
package struct SimulatedUnit: Sendable {
    package var device: any DeviceModel
    /// Pages of the whole mesh.
    package var pages: Int
    package var pageBytes: Int
    package var models: [SimulatedModel]
    package var overload: Share

    package init(
        device: any DeviceModel, pages: Int, pageBytes: Int = PageLayout.defaultPageBytes, models: [SimulatedModel],
        overload: Share = .overload
    ) {
        self.device = device
        self.pages = pages
        self.pageBytes = pageBytes
        self.models = models
        self.overload = overload
    }

    /// The same unit with pages as large as its models' blocks have in common.
    ///
    /// A block takes `layers x KV heads` pages at once, a thousand or more, so that counting them in bundles changes no
    /// decision and saves the simulation most of its time.
    func bundled() throws(KVError) -> SimulatedUnit {
        let counts = models.map(\.settings.shape).flatMap { [$0.pagesPerBlock, $0.windowedPerBlock, $0.statePages] }
        let common = counts.reduce(0, Self.commonDivisor)
        guard common > 1, models.allSatisfy({ $0.settings.shape.page.unusedBytes == 0 }) else { return self }
        var result = self
        result.pages = pages / common
        result.pageBytes = pageBytes * common
        for index in models.indices {
            let shape = models[index].settings.shape
            guard shape.hasPages else {
                result.models[index].settings.shape = try .withoutPages(pageBytes: result.pageBytes)
                continue
            }
            result.models[index].settings.shape = try KVShape(
                layers: shape.pagesPerBlock / common, kvHeads: 1, headSize: shape.page.headSize * common,
                type: shape.page.type, pageBytes: result.pageBytes,
                window: shape.window.map { KVWindow(layers: shape.windowedPerBlock / common, tokens: $0.tokens) },
                statePages: shape.statePages / common)
        }
        return result
    }

    private static func commonDivisor(_ a: Int, _ b: Int) -> Int { b == 0 ? a : commonDivisor(b, a % b) }
}

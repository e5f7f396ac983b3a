public import KVCache
public import Placement
public import Scheduling
import Workloads

/// A unit as it is simulated: mesh, pool and models.
public struct SimulatedUnit: Sendable {
    public var mesh: MeshKind
    /// Pages of the whole mesh.
    public var pages: Int
    public var pageBytes: Int
    public var models: [SimulatedModel]
    public var overload: Share
    /// Where set, jobs wait for lanes as in the engine; else every job starts when it is launched.
    public var lanes: EngineLanes?

    public init(
        mesh: MeshKind, pages: Int, pageBytes: Int = KVShape.defaultPageBytes, models: [SimulatedModel],
        overload: Share = Share(2), lanes: EngineLanes? = nil
    ) {
        self.mesh = mesh
        self.pages = pages
        self.pageBytes = pageBytes
        self.models = models
        self.overload = overload
        self.lanes = lanes
    }

    /// The same unit with pages as large as its models' blocks have in common.
    ///
    /// A block takes `layers x KV heads` pages at once, a thousand or more, so that counting them in bundles changes no
    /// decision and saves the simulation most of its time.
    func bundled() throws(KVError) -> SimulatedUnit {
        let common = models.reduce(0) { Self.commonDivisor($0, $1.settings.shape.pagesPerBlock) }
        guard common > 1, models.allSatisfy({ $0.settings.shape.unusedBytesPerPage == 0 }) else { return self }
        var result = self
        result.pages = pages / common
        result.pageBytes = pageBytes * common
        for index in models.indices {
            let shape = models[index].settings.shape
            result.models[index].settings.shape = try KVShape(
                layers: shape.pagesPerBlock / common, kvHeads: 1, headSize: shape.headSize * common, type: shape.type,
                pageBytes: result.pageBytes)
        }
        return result
    }

    private static func commonDivisor(_ a: Int, _ b: Int) -> Int { b == 0 ? a : commonDivisor(b, a % b) }
}

/// One model's side of the books.
struct ModelAccount: Sendable {
    let shape: KVShape
    var weight: Double
    /// The quota by weight x layers x KV heads.
    var fairQuota = 0
    /// `fairQuota` moved by observed use.
    var quota = 0
    var held = 0
    var cached = 0
    /// The most pages held since quotas were last adapted.
    var peak = 0
    /// Whether requests of the model wait for pages.
    var hasDemand = false
    var tokens = 0
    var capacity = 0
    /// Open sequences by age: slots, -1 where there is none.
    var oldest: Int32 = -1
    var newest: Int32 = -1
    var sequences = 0

    init(shape: KVShape, weight: Double) {
        self.shape = shape
        self.weight = weight
    }

    var claim: Double { weight * Double(shape.pagesPerBlock) }

    /// Pages kept back for the model while its requests wait.
    var unfilled: Int { hasDemand ? max(0, quota - held) : 0 }

    /// Pages beyond the quota, negative when below it.
    var excess: Int { held - quota }
}

/// The systems that the paper compares.
package enum PaperStrategy: String, Hashable, Sendable, Codable, CaseIterable {
    case muxserve
    /// The units of MuxServe, one job at a time.
    case temporal
    /// A unit for each model.
    case spatial
}

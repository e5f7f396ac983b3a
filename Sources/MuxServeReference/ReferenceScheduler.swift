/// The schedulers of MuxServe's code that its measured runs used.
package enum ReferenceScheduler: String, Hashable, Sendable, Codable, CaseIterable {
    /// Models in turn, prefills before decodes, limits on sequences that follow the rates.
    case adbs
    /// The oldest request of all before any other, and at most 256 sequences of a model.
    case fcfs

    /// The `max_num_seqs` of all configurations, which only `fcfs` keeps to.
    static let sequenceLimit = 256
}

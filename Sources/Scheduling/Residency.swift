import KVCache
package import Quantities

/// What the models of a unit may take together beside pages.
package struct ResidencyLimits: Hashable, Sendable {
    package var weightBytes: Int
    /// Sequences that have a block table at once.
    package var sequences: Int

    package init(weightBytes: Int, sequences: Int) {
        self.weightBytes = weightBytes
        self.sequences = sequences
    }

    package static let none = ResidencyLimits(weightBytes: .max, sequences: .max)
}

/// Why a unit cannot hold one more model.
package enum ResidencyError: Error, Hashable, Sendable, CustomStringConvertible {
    case pool(KVError)
    /// `asked` with those of the other models.
    case tooManySequences(asked: Int, most: Int)
    /// `available` is what is left beside models that may not be unloaded.
    case weightsTooLarge(bytes: Int, available: Int)

    package var description: String {
        switch self {
        case .pool(let error): error.description
        case .tooManySequences(let asked, let most): "max_sequences: \(asked) with the other models, of \(most)"
        case .weightsTooLarge(let bytes, let available):
            "its weights take \(bytes) bytes; \(available) are left beside models that are pinned or at work"
        }
    }
}

extension UnitScheduler {
    /// Whether the unit could hold one more model, and which models would have to go: idle ones that are not pinned,
    /// the least recently used first, as few as there must be.
    ///
    /// Nothing is changed, so that a load that can never succeed costs no model.
    ///
    /// - Complexity: O(models x log models).
    package func victims(for settings: ModelSettings) throws(ResidencyError) -> [ModelID] {
        if let obstacle = state.kv.obstacle(to: settings.shape) { throw .pool(obstacle) }
        let loaded = state.models.ids.map { state[$0] }
        let idle = loaded.filter { !$0.settings.isPinned && !$0.isDraining && $0.requestCount == 0 }
            .sorted { ($0.lastUse, $0.id) < ($1.lastUse, $1.id) }
        var victims: [ModelState] = []
        // The sum of what is there never overflows, as it was admitted; what is asked comes from outside.
        var weightsLeft = limits.weightBytes - loaded.reduce(0) { $0 + $1.settings.weightBytes }
        var sequencesLeft = limits.sequences - loaded.reduce(0) { $0 + $1.mostTables }
        for victim in idle where weightsLeft < settings.weightBytes {
            weightsLeft += victim.settings.weightBytes
            sequencesLeft += victim.mostTables
            victims.append(victim)
        }
        guard weightsLeft >= settings.weightBytes else {
            throw .weightsTooLarge(bytes: settings.weightBytes, available: max(0, weightsLeft))
        }
        guard sequencesLeft >= settings.maxSequences else {
            throw .tooManySequences(
                asked: limits.sequences - sequencesLeft + settings.maxSequences, most: limits.sequences)
        }
        return victims.map(\.id)
    }

    /// Why the unit could not hold these models at once, whatever it holds now; `nil` if it could.
    ///
    /// - Complexity: O(models).
    package func obstacle(to models: [ModelSettings]) -> ResidencyError? {
        if let obstacle = models.lazy.compactMap({ state.kv.obstacle(to: $0.shape) }).first { return .pool(obstacle) }
        var weightsLeft = limits.weightBytes
        for model in models {
            guard model.weightBytes <= weightsLeft else {
                return .weightsTooLarge(bytes: model.weightBytes, available: weightsLeft)
            }
            weightsLeft -= model.weightBytes
        }
        let sequences = models.reduce(0) { $0 + $1.maxSequences }
        return sequences > limits.sequences
            ? .tooManySequences(asked: sequences, most: limits.sequences) : nil
    }
}

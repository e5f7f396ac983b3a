package import Compute
package import Kernels

/// A kernel, or the words of a dialect, with a fault made on purpose: to see whether the harness notices.
package struct Mutant: Sendable, CustomStringConvertible {
    /// What text is changed.
    package enum Place: Sendable, Hashable {
        case kernel(String)
        case prelude(Dialect)
    }

    /// What is broken.
    package var description: String
    package var place: Place
    package var text: String
    package var replacement: String

    package init(_ description: String, in place: Place, replacing text: String, with replacement: String) {
        self.description = description
        self.place = place
        self.text = text
        self.replacement = replacement
    }

    /// The library's kernels with the fault.
    /// - Throws: `MutantError` unless the text stands in its place exactly once.
    package func sources() throws -> KernelSources {
        var sources = try KernelSources()
        switch place {
        case .kernel(let name):
            let body = try changed(sources.kernels[name]?.body)
            sources.kernels[name]?.body = body
        case .prelude(let dialect): sources.preludes[dialect] = try changed(sources.preludes[dialect])
        }
        return sources
    }

    private func changed(_ original: String?) throws(MutantError) -> String {
        let parts = (original ?? "").split(separator: text, omittingEmptySubsequences: false)
        guard parts.count == 2 else { throw MutantError(mutant: description, occurrences: parts.count - 1) }
        return parts.joined(separator: replacement)
    }
}

/// A fault that could not be made.
package struct MutantError: Error, Sendable, Hashable, CustomStringConvertible {
    package var mutant: String
    package var occurrences: Int

    package var description: String { "the text to change for '\(mutant)' stands \(occurrences) times, not once" }
}

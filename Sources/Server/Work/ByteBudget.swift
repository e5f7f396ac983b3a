import Synchronization

/// So many bytes that many may hold together.
final class ByteBudget: Sendable {
    private let limit: Int
    private let held = Mutex(0)

    init(limit: Int) { self.limit = limit }

    /// What one holds of the budget, until it is let go.
    final class Lease: Sendable {
        private let budget: ByteBudget
        private let bytes = Mutex(0)

        fileprivate init(_ budget: ByteBudget) { self.budget = budget }

        deinit {
            let bytes = bytes.withLock { $0 }
            budget.held.withLock { $0 -= bytes }
        }

        /// Holds `count` bytes more.
        ///
        /// - Returns: whether there were so many.
        func grow(by count: Int) -> Bool {
            let isGranted = budget.held.withLock { held in
                guard held + count <= budget.limit else { return false }
                held += count
                return true
            }
            if isGranted { bytes.withLock { $0 += count } }
            return isGranted
        }
    }

    func lease() -> Lease { Lease(self) }
}

/// A replica that may take a request.
package struct Replica: Sendable, Hashable {
    package var name: String
    /// What it has to do already, as `ExpectedWork.total`.
    package var work: Double

    package init(name: String, work: Double) { (self.name, self.work) = (name, work) }
}

extension Demand {
    /// The one of several replicas that takes this request, as its place among them: inside of one server as behind a
    /// router.
    ///
    /// It is the one that the prompt's beginning prefers, whose pages it may find, while that has not much more to do
    /// than the least busy one: no more than reading the prompt costs, which is all that pages can save, or a quarter
    /// of what the least busy one has to do. Else it is the least busy one. That expected work is held until a request
    /// ends makes slow replicas get less of it.
    ///
    /// - Returns: `nil` where there are none.
    /// - Complexity: O(replicas).
    package func choice(among replicas: [Replica]) -> Int? {
        guard let least = replicas.map(\.work).min() else { return nil }
        // Ties go by preference too, so that without a prefix the requests of a model do not all begin with one.
        let prefix = prefix ?? PrefixHash(model)
        func preference(_ index: Int) -> UInt64 { prefix.preference(for: replicas[index].name) }
        let slack = self.prefix == nil ? 0 : max(work.prompt, least / 4)
        let favourite = replicas.indices.max { preference($0) < preference($1) }
        if let favourite, replicas[favourite].work <= least + slack { return favourite }
        return replicas.indices.filter { replicas[$0].work == least }.max { preference($0) < preference($1) }
    }
}

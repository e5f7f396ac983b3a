import Compute
import Synchronization
import Testing

/// What is owned is given back once, and by no other way than that its owner goes.
struct OwnedTests {
    private enum Thing {}

    /// The numbers of what was given back, in order.
    private final class Returns: Sendable {
        private let numbers = Mutex<[Int]>([])
        var all: [Int] { numbers.withLock { $0 } }

        func own(_ number: Int) throws -> Owned<Thing> {
            Owned(try handle(number)) { [self] in note($0) }
        }

        func list(_ range: Range<Int>) throws -> OwnedList<Thing> {
            var list = OwnedList<Thing> { [self] in note($0) }
            for number in range { list.append(try handle(number)) }
            return list
        }

        private func handle(_ number: Int) throws -> Handle<Thing> {
            Handle(raw: try #require(OpaquePointer(bitPattern: number)))
        }

        private func note(_ handle: Handle<Thing>) { numbers.withLock { $0.append(Int(bitPattern: handle.raw)) } }
    }

    private struct Refused: Error {}

    private final class Owner {
        private let first: Owned<Thing>
        private let others: OwnedList<Thing>
        private let last: Owned<Thing>

        init(_ returns: Returns, isRefused: Bool = false) throws {
            first = try returns.own(1)
            others = try returns.list(2..<4)
            if isRefused { throw Refused() }
            last = try returns.own(4)
        }
    }

    @Test("Fault 26: an owner gives back what it has")
    func anOwnerGivesBackWhatItHas() throws {
        let returns = Returns()
        do {
            let owner = try Owner(returns)
            withExtendedLifetime(owner) { #expect(returns.all.isEmpty) }
        }
        #expect(returns.all.sorted() == [1, 2, 3, 4])
    }

    @Test("Fault 26: an owner that cannot be made gives back what it had already")
    func anOwnerThatCannotBeMadeGivesBackWhatItHadAlready() throws {
        let returns = Returns()
        #expect(throws: Refused.self) { try Owner(returns, isRefused: true) }
        #expect(returns.all.sorted() == [1, 2, 3])
    }

    @Test func whatIsReplacedIsGivenBackAtOnce() throws {
        let returns = Returns()
        var current: Owned<Thing>? = try returns.own(1)
        current = try returns.own(2)
        #expect(returns.all == [1])
        current = nil
        #expect(returns.all == [1, 2])
        _ = consume current
    }
}

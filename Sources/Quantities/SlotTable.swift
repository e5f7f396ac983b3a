// Public, against the rule of the house: the compiler inlines and specialises across modules only what is public, and
// every step of a decision goes through these tables. Without it a decision took fifty times as long.

/// The name of a value in a `SlotTable`: a slot and the slot's generation, so that no name is used twice.
///
/// `Kind` tells names of different tables apart; nothing of it is stored.
public struct Slot<Kind>: Hashable, Sendable {
    @usableFromInline let number: Int32
    @usableFromInline let generation: UInt32

    @inlinable init(number: Int32, generation: UInt32) {
        self.number = number
        self.generation = generation
    }

    /// The slot's number: small, dense, used again.
    @inlinable public var index: Int { Int(number) }
}

/// Values under names that stay valid until the value is removed; whoever uses a name later traps.
///
/// ```swift
/// var table = SlotTable<Sequence, Sequence>()
/// let name = table.insert(sequence)
/// table[name].computed = 7
/// table.remove(name)
/// table.contains(name)  // false, also when the slot is used again
/// ```
///
/// - Complexity: O(1) for everything but the walk over `names`.
public struct SlotTable<Kind, Value: Sendable>: Sendable {
    @usableFromInline var values: [Value?] = []
    @usableFromInline var generations: [UInt32] = []
    /// Those vacated last are used first.
    @usableFromInline var vacant: [Int32] = []

    @inlinable
    public init() {}

    @inlinable
    public var count: Int { values.count - vacant.count }

    /// The names of all values, by slot.
    @inlinable
    public var names: [Slot<Kind>] {
        values.indices.filter { values[$0] != nil }.map { Slot(number: Int32($0), generation: generations[$0]) }
    }

    @inlinable
    public mutating func insert(_ value: Value) -> Slot<Kind> {
        if let number = vacant.popLast() {
            values[Int(number)] = value
            return Slot(number: number, generation: generations[Int(number)])
        }
        values.append(value)
        generations.append(0)
        return Slot(number: Int32(values.count - 1), generation: 0)
    }

    @inlinable
    @discardableResult
    public mutating func remove(_ name: Slot<Kind>) -> Value {
        let value = self[name]
        values[name.index] = nil
        generations[name.index] &+= 1
        vacant.append(name.number)
        return value
    }

    @inlinable
    public func contains(_ name: Slot<Kind>) -> Bool {
        name.index < values.count && generations[name.index] == name.generation && values[name.index] != nil
    }

    @inlinable
    public subscript(name: Slot<Kind>) -> Value {
        _read {
            guard generations[name.index] == name.generation, values[name.index] != nil else { vanished(name) }
            yield values[name.index].unsafelyUnwrapped
        }
        _modify {
            guard generations[name.index] == name.generation, values[name.index] != nil else { vanished(name) }
            yield &values[name.index]!
        }
    }

    @usableFromInline
    func vanished(_ name: Slot<Kind>) -> Never {
        preconditionFailure("slot \(name.index) of \(Kind.self) was vacated")
    }
}

/// A model of one unit, as the unit numbers it; small and used again once its model is gone.
public struct ModelID: Hashable, Comparable, Sendable, Codable {
    public let index: Int

    @inlinable
    public init(index: Int) {
        self.index = index
    }

    public static func < (a: Self, b: Self) -> Bool { a.index < b.index }
}

/// A value for each model of a unit; asking for a model that is not there traps.
public struct ModelTable<Value: Sendable>: Sendable {
    @usableFromInline var values: [Value?] = []
    /// By number. Kept, as every decision walks over it several times.
    public private(set) var ids: [ModelID] = []

    @inlinable
    public init() {}

    /// The numbers in use end before this one.
    @inlinable
    public var end: Int { values.count }

    /// Adds a value under the lowest free number.
    ///
    /// - Complexity: O(models).
    @inlinable
    public mutating func insert(_ value: Value) -> ModelID {
        let model = ModelID(index: values.firstIndex { $0 == nil } ?? values.count)
        insert(value, for: model)
        return model
    }

    /// Adds the value of a model that another table has numbered.
    public mutating func insert(_ value: Value, for model: ModelID) {
        while values.count <= model.index { values.append(nil) }
        precondition(values[model.index] == nil, "model \(model.index) is here already")
        values[model.index] = value
        ids.insert(model, at: ids.firstIndex { $0 > model } ?? ids.count)
    }

    public mutating func remove(_ model: ModelID) {
        values[model.index] = nil
        ids.removeAll { $0 == model }
    }

    @inlinable
    public func contains(_ model: ModelID) -> Bool { model.index < values.count && values[model.index] != nil }

    /// The value of a model that may be gone.
    @inlinable
    public func existing(_ model: ModelID) -> Value? {
        model.index < values.count ? values[model.index] : nil
    }

    @inlinable
    public subscript(model: ModelID) -> Value {
        _read {
            guard values[model.index] != nil else { missing(model) }
            yield values[model.index].unsafelyUnwrapped
        }
        _modify {
            guard values[model.index] != nil else { missing(model) }
            yield &values[model.index]!
        }
    }

    @usableFromInline
    func missing(_ model: ModelID) -> Never { preconditionFailure("there is no model \(model.index)") }
}

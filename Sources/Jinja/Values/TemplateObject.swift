/// A function, macro, loop or namespace of a template that is being rendered.
package struct TemplateObject: Sendable, Hashable {
    indirect enum Kind: Sendable, Hashable {
        case function(Function)
        case method(Value, String)
        /// By the order of definition.
        case macro(Int)
        /// By the order of creation.
        case namespace(Int)
        case loop(LoopState)
    }

    let kind: Kind
}

/// The functions that templates find defined.
enum Function: String, Sendable, CaseIterable {
    case range
    case namespace
    case dict
    case raiseException = "raise_exception"
    case strftimeNow = "strftime_now"
}

/// What `loop` stands for in one turn of a loop.
struct LoopState: Sendable, Hashable {
    let index: Int
    let items: [Value]

    func attribute(_ name: String) -> Value? {
        switch name {
        case "index": .integer(index + 1)
        case "index0": .integer(index)
        case "revindex": .integer(items.count - index)
        case "revindex0": .integer(items.count - index - 1)
        case "first": .boolean(index == 0)
        case "last": .boolean(index == items.count - 1)
        case "length": .integer(items.count)
        // Only recursive loops are deeper, and those are not known here.
        case "depth": 1
        case "depth0": 0
        case "previtem": index > 0 ? items[index - 1] : .undefined("the item before the first")
        case "nextitem": index + 1 < items.count ? items[index + 1] : .undefined("the item after the last")
        default: nil
        }
    }
}

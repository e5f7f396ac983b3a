import Glibc

/// C structures, arrays and strings that live as long as one call site: Vulkan's `pNext` chains without nested
/// closures.
struct Arena: ~Copyable {
    private var blocks: [UnsafeMutableRawPointer] = []

    /// A copy of `value` at a stable address.
    mutating func put<Value: BitwiseCopyable>(_ value: Value) -> UnsafeMutablePointer<Value> {
        let pointer = UnsafeMutablePointer<Value>.allocate(capacity: 1)
        pointer.initialize(to: value)
        blocks.append(UnsafeMutableRawPointer(pointer))
        return pointer
    }

    mutating func array<Element: BitwiseCopyable>(_ elements: [Element]) -> UnsafePointer<Element> {
        let pointer = UnsafeMutablePointer<Element>.allocate(capacity: max(1, elements.count))
        for (index, element) in elements.enumerated() { (pointer + index).initialize(to: element) }
        blocks.append(UnsafeMutableRawPointer(pointer))
        return UnsafePointer(pointer)
    }

    mutating func string(_ text: String) -> UnsafePointer<CChar> {
        array(text.utf8.map { CChar(bitPattern: $0) } + [0])
    }

    mutating func strings(_ texts: [String]) -> UnsafePointer<UnsafePointer<CChar>?> {
        var pointers: [UnsafePointer<CChar>?] = []
        for text in texts { pointers.append(string(text)) }
        return array(pointers)
    }

    deinit { for block in blocks { block.deallocate() } }
}

/// The text in a fixed C array of characters, which Swift sees as a tuple.
func text<Tuple: BitwiseCopyable>(_ tuple: Tuple) -> String {
    withUnsafeBytes(of: tuple) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
}

/// The elements of a fixed C array, which Swift sees as a tuple.
func elements<Tuple: BitwiseCopyable, Element: BitwiseCopyable>(_ tuple: Tuple, of type: Element.Type) -> [Element] {
    withUnsafeBytes(of: tuple) { Array($0.bindMemory(to: type)) }
}

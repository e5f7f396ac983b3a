/// A handle of a vendor's API that knows what it names: Swift imports all handles of an API as one type.
package struct Handle<Tag>: @unchecked Sendable, Hashable {
    package let raw: OpaquePointer

    package init(raw: OpaquePointer) { self.raw = raw }
}

/// A handle with the duty to give back what it names, once, when its one owner goes.
package struct Owned<Tag>: ~Copyable, Sendable {
    package let handle: Handle<Tag>
    private let release: @Sendable (Handle<Tag>) -> Void

    /// - Parameter release: gives it back, and keeps alive until then what the handle is of.
    package init(_ handle: Handle<Tag>, release: @escaping @Sendable (Handle<Tag>) -> Void) {
        self.handle = handle
        self.release = release
    }

    package var raw: OpaquePointer { handle.raw }

    deinit { release(handle) }
}

/// Handles that are given back together.
package struct OwnedList<Tag>: ~Copyable, Sendable {
    package private(set) var handles: [Handle<Tag>] = []
    private let release: @Sendable (Handle<Tag>) -> Void

    package init(release: @escaping @Sendable (Handle<Tag>) -> Void) { self.release = release }

    package mutating func append(_ handle: Handle<Tag>) { handles.append(handle) }

    deinit { for handle in handles { release(handle) } }
}

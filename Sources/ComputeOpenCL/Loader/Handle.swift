/// An OpenCL handle that knows what it names: Swift imports all of them as one type.
struct Handle<Tag>: @unchecked Sendable, Hashable {
    let raw: OpaquePointer
}

/// What handles name.
enum Tag {
    enum Platform {}
    enum Device {}
    enum Context {}
    enum Queue {}
    enum Memory {}
    enum Program {}
    enum Kernel {}
    enum Dispatch {}
}

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

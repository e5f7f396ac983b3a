/// What handles name.
enum Tag {
    enum PrimaryContext {}
    enum GreenContext {}
    enum Stream {}
    enum Event {}
    enum DeviceMemory {}
    enum HostMemory {}
    enum Library {}
    enum Kernel {}
}

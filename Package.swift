// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// A library target of this package; it may import only targets listed above it.
func library(
    _ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = []
) -> Target {
    .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: settings)
}

/// The tests of target `name`, in `Tests/<name>Tests`.
func tests(_ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.byName(name: name)] + dependencies, resources: resources,
        swiftSettings: settings)
}

let package = Package(
    name: "weft",
    dependencies: [ .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2") ],
    targets: [
        .systemLibrary(name: "CVulkan"),
        .systemLibrary(name: "CShaderc"),
        library("Compute"),
        library("ComputeVulkan", ["Compute", "CVulkan", "CShaderc", .product(name: "Crypto", package: "swift-crypto")]),
        library("Kernels", ["Compute"], resources: [.embedInCode("Shaders")]),
        tests("Kernels", ["Compute", "ComputeVulkan"]),
    ]
)

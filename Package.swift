// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// A library target of this package; it may import only targets listed above it.
func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// The tests of target `name`, in `Tests/<name>Tests`.
func tests(_ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.byName(name: name)] + dependencies, resources: resources,
        swiftSettings: settings)
}

let package = Package(
    name: "weft",
    products: [.executable(name: "weft", targets: ["Weft"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .systemLibrary(name: "CVulkan"),
        .systemLibrary(name: "CShaderc"),
        library("Compute"),
        library("ComputeVulkan", ["Compute", "CVulkan", "CShaderc", .product(name: "Crypto", package: "swift-crypto")]),
        library("Kernels", ["Compute"]),
        library("GGUF"),
        library("Jinja", [.product(name: "OrderedCollections", package: "swift-collections")]),
        library("Tokenization", ["GGUF", "Jinja"]),
        library("KVCache", [.product(name: "DequeModule", package: "swift-collections")]),
        library("Transformer", ["Compute", "Kernels", "GGUF", "KVCache"]),
        library("Workloads"),
        library("Scheduling", ["KVCache", "Workloads"]),
        library("Placement", ["KVCache", "Workloads", "Scheduling"]),
        library(
            "Engine",
            [
                "Compute", "Kernels", "GGUF", "Tokenization", "KVCache", "Transformer", "Scheduling", "Placement",
                .product(name: "Logging", package: "swift-log"),
            ]),
        library(
            "Server",
            [
                "Engine", "Tokenization", "Jinja",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        .executableTarget(
            name: "Weft",
            dependencies: [
                "Compute", "ComputeVulkan", "Kernels", "GGUF", "Tokenization", "Transformer", "Engine", "Server",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: settings),
    ]
)

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
func tests(_ name: String, _ dependencies: [Target.Dependency] = [], hasResources: Bool = false) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.byName(name: name)] + dependencies,
        resources: hasResources ? [.copy("Resources")] : [], swiftSettings: settings)
}

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let deques = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let heaps = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let orderedCollections = Target.Dependency.product(name: "OrderedCollections", package: "swift-collections")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let tracing = Target.Dependency.product(name: "Tracing", package: "swift-distributed-tracing")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let http: [Target.Dependency] = [
    .product(name: "Hummingbird", package: "hummingbird"),
    .product(name: "HummingbirdCore", package: "hummingbird"),
    .product(name: "HTTPTypes", package: "swift-http-types"),
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOHTTP1", package: "swift-nio"),
    .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
    .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
]
let httpClient: [Target.Dependency] = [
    .product(name: "AsyncHTTPClient", package: "async-http-client"),
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOHTTP1", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
]

let package = Package(
    name: "weft",
    products: [.executable(name: "weft", targets: ["Weft"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .systemLibrary(name: "CVulkan"),
        .systemLibrary(name: "CShaderc"),
        .systemLibrary(name: "COpenCL"),
        .systemLibrary(name: "CCUDA"),
        library("Quantities"),
        library("Grammar", ["Quantities"]),
        library("KVCache", ["Quantities", deques]),
        library("Files", [crypto, logging]),
        library("Compute", ["Files"]),
        library("ComputeVulkan", ["Compute", "CVulkan", "CShaderc"]),
        library("ComputeOpenCL", ["Compute", "COpenCL"]),
        library("ComputeCUDA", ["Compute", "CCUDA"]),
        library("Kernels", ["Quantities", "Files", "Compute"], resources: [.embedInCode("Shaders")]),
        library(
            "ShaderTesting", ["Quantities", "Compute", "Kernels"],
            resources: [.embedInCode("Expectations/expectations.json")]),
        library("GGUF", ["Quantities", "Files"]),
        library("Jinja", [orderedCollections]),
        library("Tokenization", ["Quantities", "GGUF", heaps]),
        library("Chat", ["Jinja", orderedCollections]),
        library("Transformer", ["Quantities", "KVCache", "Files", "Compute", "Kernels", "GGUF"]),
        library("ConfigurationFiles", [yams]),
        library("Access", ["ConfigurationFiles", crypto, logging]),
        library("Workloads", ["Quantities", "ConfigurationFiles"]),
        library("Scheduling", ["Quantities", "KVCache", deques]),
        library("Placement", ["Quantities", "ConfigurationFiles", "Workloads"]),
        library("Routing", ["Quantities", orderedCollections]),
        library("Simulation", ["Quantities", "KVCache", "Workloads", "Scheduling", "Placement", "Routing"]),
        library(
            "MuxServeReference",
            ["Quantities", "KVCache", "ConfigurationFiles", "Workloads", "Scheduling", "Placement", "Simulation"]),
        library("Reporting", ["Quantities", "Workloads"]),
        library(
            "ShaderInspection", ["Quantities", "Compute", "ComputeVulkan", "ComputeCUDA", "Kernels", "Reporting"]),
        library(
            "Engine",
            [
                "Quantities", "Grammar", "Compute", "Kernels", "GGUF", "Tokenization", "Chat", "KVCache", "Transformer",
                "Scheduling", "ConfigurationFiles", "Access", "Workloads", "Placement", "Routing", logging,
            ]),
        library(
            "Profiling",
            [
                "Quantities", "Compute", "Kernels", "KVCache", "Transformer", "Scheduling", "ConfigurationFiles",
                "Placement", "Engine",
            ]),
        library("Telemetry", [tracing, lifecycle, logging] + httpClient),
        library(
            "Server",
            [
                "Quantities", "Grammar", "Compute", "Jinja", "ConfigurationFiles", "Scheduling", "Access", "Engine",
                "Tokenization", "Chat", "Transformer", "Routing", logging, lifecycle, orderedCollections, nioSSL,
                crypto,
                tracing, .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]
                + http, resources: [.embedInCode("Page"), .embedInCode("OpenAPI/components.json")]),
        library(
            "Benchmarks",
            ["Quantities", "Compute", "Kernels", "ConfigurationFiles", "Workloads", "Reporting"]
                + httpClient),
        library("Hub", ["Files", "GGUF", crypto] + httpClient),
        .executableTarget(
            name: "Weft",
            dependencies: [
                "Quantities", "Compute", "ComputeVulkan", "ComputeOpenCL", "ComputeCUDA", "Kernels", "ShaderTesting",
                "GGUF", "KVCache", "Tokenization", "Chat", "Transformer", "Engine", "Profiling", "Access", "Telemetry",
                "Server", "ConfigurationFiles", "Workloads", "Scheduling", "Placement", "Routing", "Simulation",
                "MuxServeReference", "Reporting", "ShaderInspection", "Benchmarks", "Hub", argumentParser, logging,
                lifecycle, signals,
            ] + httpClient, resources: [.embedInCode("Cluster")],
            swiftSettings: settings),
        .target(name: "TestDevices", dependencies: ["Compute"], path: "Tests/TestDevices", swiftSettings: settings),
        .target(
            name: "CUDADouble", dependencies: ["ComputeCUDA", "Files"], path: "Tests/CUDADouble",
            exclude: ["compiler.cpp", "driver.cpp", "kernel.hpp"], swiftSettings: settings),
        .target(name: "Fuzzing", dependencies: ["Quantities"], path: "Tests/Fuzzing", swiftSettings: settings),
        tests("Files"),
        tests("Compute", ["Files", "TestDevices"]),
        tests("ComputeVulkan", ["Compute"]),
        tests("ComputeOpenCL", ["Compute"]),
        tests("ComputeCUDA", ["Compute", "CUDADouble", "Kernels", "ShaderTesting"]),
        tests(
            "Kernels",
            [
                "Quantities", "Compute", "ComputeVulkan", "ComputeOpenCL", "ComputeCUDA", "ShaderInspection",
                "TestDevices",
            ]),
        tests("ShaderTesting", ["Compute", "ComputeVulkan", "ComputeOpenCL", "Kernels", "Quantities", "TestDevices"]),
        tests("GGUF", ["Quantities"], hasResources: true),
        tests("Jinja", ["Quantities", "Fuzzing", orderedCollections], hasResources: true),
        tests("Tokenization", ["Quantities", "Grammar", "GGUF", "Chat", "Fuzzing"], hasResources: true),
        tests("Chat", ["Quantities", "Jinja", "Fuzzing", orderedCollections]),
        tests("Grammar", ["Quantities", "Fuzzing"], hasResources: true),
        tests("KVCache", ["Quantities"]),
        tests(
            "Transformer",
            [
                "Quantities", "Compute", "ComputeVulkan", "ComputeOpenCL", "ComputeCUDA", "CUDADouble", "Kernels",
                "GGUF", "KVCache", "TestDevices",
            ],
            hasResources: true),
        tests("Quantities"),
        tests("ConfigurationFiles"),
        tests("Access", ["ConfigurationFiles", logging]),
        tests("Telemetry", [logging, tracing]),
        tests("Workloads", ["Quantities", "ConfigurationFiles"]),
        tests("Scheduling", ["Quantities", "KVCache", "Workloads"], hasResources: true),
        tests("Placement", ["Quantities", "ConfigurationFiles", "Workloads"]),
        tests("Routing", ["Quantities", orderedCollections]),
        tests("Simulation", ["Quantities", "Placement", "Scheduling", "Workloads", "KVCache"]),
        tests(
            "MuxServeReference", ["Quantities", "ConfigurationFiles", "Placement", "Simulation", "Workloads"]),
        tests("Reporting", ["Quantities", "Workloads"]),
        tests("ShaderInspection", ["Compute", "ComputeVulkan", "ComputeCUDA", "Kernels", "Reporting"]),
        tests(
            "Benchmarks",
            ["Quantities", "Compute", "Kernels", "TestDevices", "ConfigurationFiles", "Workloads", "Reporting"] + http),
        tests("Hub", ["Quantities", crypto] + http),
        tests(
            "Engine",
            [
                "Quantities", "Grammar", "Compute", "ComputeVulkan", "ComputeOpenCL", "ComputeCUDA", "CUDADouble",
                "ConfigurationFiles", "GGUF", "KVCache", "Placement", "Scheduling", "Simulation", "TestDevices",
                "Tokenization", "Transformer", "Workloads", "Fuzzing",
                logging,
            ]),
        tests(
            "Profiling",
            ["Compute", "ComputeOpenCL", "ConfigurationFiles", "GGUF", "Placement", "Transformer"]),
        tests(
            "Server",
            [
                "Quantities", "Access", "ConfigurationFiles", "Engine", "Grammar", "Tokenization", "Chat",
                "Transformer", "Routing", "Telemetry", "Fuzzing", logging, lifecycle, nioSSL, tracing,
                .product(name: "HummingbirdTesting", package: "hummingbird"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
            ] + http),
        .testTarget(
            name: "ConformanceTests",
            dependencies: [
                "Quantities", "Compute", "ComputeVulkan", "ComputeOpenCL", "Kernels", "GGUF", "KVCache", "Transformer",
                "Engine", "Tokenization", "Weft", logging,
            ] + httpClient,
            path: "Tests/Conformance", exclude: ["clients", "cluster", "Resources"], swiftSettings: settings),
    ]
)

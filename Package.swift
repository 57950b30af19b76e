// swift-tools-version: 6.2
import PackageDescription

// The house: pure rooms first, then the edges that wrap one C library each, then the programs.
// The dependency lists below are the architecture; the compiler keeps them.

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

func room(_ name: String, _ dependencies: [String] = []) -> Target {
    .target(
        name: name, dependencies: dependencies.map { .byName(name: $0) }, swiftSettings: strict)
}

func program(_ name: String, _ dependencies: [String]) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies.map { .byName(name: $0) }, swiftSettings: strict)
}

func library(_ name: String, pkgConfig: String? = nil, apt: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([apt])])
}

func tests(_ name: String, _ dependencies: [String], resources: [Resource] = []) -> Target {
    .testTarget(
        name: name, dependencies: dependencies.map { .byName(name: $0) }, resources: resources,
        swiftSettings: strict)
}

let package = Package(
    name: "iotflow",
    products: [.library(name: "IoTFlow", targets: ["IoTFlow"])],
    targets: [
        // Pure: no clock, file, socket or thread.
        room("Model"),
        room("Language", ["Model"]),
        room("Forecast", ["Model"]),
        room("Streams", ["Forecast", "Language", "Model"]),
        room("Twins", ["Model"]),
        room("Commands", ["Language", "Model"]),
        room("Engine", ["Commands", "Language", "Model", "Streams", "Twins"]),
        room("Wire", ["Model"]),
        room("Interchange", ["Model", "Wire"]),

        room("Simulation", ["Commands", "Engine", "Model", "Wire"]),

        // Edges: one C library each.
        library("CCoAP", pkgConfig: "libcoap-3-gnutls", apt: "libcoap3-dev"),
        library("CLMDB", pkgConfig: "lmdb", apt: "liblmdb-dev"),
        library("CYAML", pkgConfig: "yaml-0.1", apt: "libyaml-dev"),
        library("CMosquitto", pkgConfig: "libmosquitto", apt: "libmosquitto-dev"),
        library("CNettle", pkgConfig: "hogweed", apt: "nettle-dev"),
        library("CLinux", apt: "libc6-dev"),
        library("CGetopt", apt: "libc6-dev"),
        room("Loop", ["CLinux"]),
        room("CoAP", ["CCoAP", "Loop"]),
        room("Crypto", ["CNettle"]),
        room("Store", ["CLMDB", "Crypto", "Loop", "Model", "Wire"]),
        room("Uplink", ["CMosquitto", "Loop", "Model", "Wire"]),
        room("Config", ["CYAML", "Engine", "Language", "Model"]),

        // Wiring and programs.
        room(
            "Gateway",
            [
                "CoAP", "Commands", "Config", "Engine", "Language", "Loop", "Model", "Store",
                "Streams", "Twins", "Uplink", "Wire",
            ]),
        room("IoTFlow", ["Config", "Engine", "Model", "Simulation"]),
        room("Arguments", ["CGetopt"]),
        program("iotflowd", ["Arguments", "Gateway", "Loop"]),
        .executableTarget(
            name: "firmware-sim",
            dependencies: [
                "Arguments", "CoAP", "Config", "Engine", "Loop", "Model", "Simulation", "Wire",
            ], path: "firmware-sim", swiftSettings: strict),
        program(
            "iotflow",
            [
                "Arguments", "Config", "Engine", "Forecast", "Gateway", "Interchange", "Language",
                "Loop", "Model", "Simulation", "Store", "Streams", "Twins", "Wire",
            ]),

        .executableTarget(
            name: "bench-streams", dependencies: ["Model", "Streams"], path: "Tests/bench/streams",
            swiftSettings: strict),

        .executableTarget(
            name: "bench-history", dependencies: ["Model", "Store", "Twins"],
            path: "Tests/bench/history", swiftSettings: strict),

        // Tests read as specifications.
        tests("ModelTests", ["Model"]),
        tests("LanguageTests", ["Language", "Model"]),
        tests("ForecastTests", ["Forecast", "Model"]),
        tests("StreamsTests", ["Language", "Model", "Streams"]),
        tests("TwinsTests", ["Model", "Twins"], resources: [.copy("Fixtures")]),
        tests(
            "CommandsTests", ["Commands", "Language", "Model"], resources: [.copy("Fixtures")]),
        tests(
            "EngineTests",
            ["Commands", "Config", "Engine", "Language", "Model", "Streams", "Twins", "Wire"]),
        tests("WireTests", ["Model", "Wire"]),
        tests("InterchangeTests", ["Config", "Engine", "Interchange", "Model", "Wire"]),
        tests("LoopTests", ["Loop"]),
        tests("CoAPTests", ["CoAP", "Loop"]),
        tests("CryptoTests", ["Crypto"]),
        tests("StoreTests", ["Crypto", "Loop", "Model", "Store", "Wire"]),
        tests("UplinkTests", ["Loop", "Model", "Uplink", "Wire"]),
        tests(
            "ConfigTests",
            ["Commands", "Config", "Engine", "Language", "Model", "Streams", "Twins"],
            resources: [.copy("Fixtures")]),
        tests("SimulationTests", ["Config", "Engine", "Model", "Simulation", "Wire"]),
        tests("FirmwareTests", ["firmware-sim", "iotflow", "iotflowd"]),
        tests(
            "GatewayTests",
            ["CoAP", "Config", "Engine", "Gateway", "Model", "Streams", "Wire"]),
        tests("IoTFlowTests", ["IoTFlow"]),
        tests("ProgramTests", ["Wire", "iotflow", "iotflowd"], resources: [.copy("Fixtures")]),
        tests("TidyTests", []),
    ]
)

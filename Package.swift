// swift-tools-version: 6.2
import PackageDescription

// Warnings are errors where CI runs; elsewhere a newer compiler's warnings stop nobody.
let strict = Context.environment["CI"] != nil

let swiftSettings: [SwiftSetting] =
  [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
  ] + (strict ? [.treatAllWarnings(as: .error)] : [])

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let yaml = Target.Dependency.product(name: "Yams", package: "Yams")

func library(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: swiftSettings)
}

func tests(
  _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []
) -> Target {
  .testTarget(
    name: name, dependencies: ["TestSupport"] + dependencies, exclude: exclude,
    swiftSettings: swiftSettings)
}

let package = Package(
  name: "decant",
  products: [
    .executable(name: "pipeline", targets: ["pipeline"]),
    .library(name: "Tokenizer", targets: ["Tokenizer"]),
  ],
  dependencies: [
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // System libraries: a module map and a shim header, nothing else.
    .systemLibrary(
      name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(name: "COneDNN", providers: [.apt(["libdnnl-dev"])]),
    .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),

    // Numerics: kernels, then models.
    .target(name: "CKernels", cSettings: strict ? [.treatAllWarnings(as: .error)] : []),
    library("Kernels", ["CKernels", "COpenBLAS", "COneDNN"]),
    library("Transformer", ["Kernels"]),

    // Text and storage.
    library("Tokenizer", []),
    library("ShardStore", [grdb, sqlite, "CLZ4", crypto]),
    library("Corpus", ["Tokenizer", "ShardStore", "CZlib", "CZstd", crypto]),
    library("LogitCache", ["ShardStore", "Kernels", crypto]),

    // The join of a teacher and a cache.
    library(
      "TeacherCaching", ["Transformer", "Corpus", "LogitCache", "ShardStore", "Kernels"]),

    // What programs show at the terminal.
    library("Console", [logging]),

    // Training, and the command that joins everything.
    library(
      "StudentTrainer", ["Transformer", "Kernels", "LogitCache", "Corpus", "ShardStore", crypto]),
    // A page about runs.
    library("Report", ["StudentTrainer", "Console"]),
    .executableTarget(
      name: "pipeline",
      dependencies: [
        "Tokenizer", "Corpus", "LogitCache", "ShardStore", "Transformer", "Kernels",
        "StudentTrainer", "TeacherCaching", "Console", "Report", arguments, logging, yaml,
      ],
      swiftSettings: swiftSettings),

    .executableTarget(
      name: "bench",
      dependencies: [
        "Tokenizer", "Corpus", "LogitCache", "ShardStore", "Transformer", "Kernels",
        "StudentTrainer", "TeacherCaching", "Console", arguments,
      ],
      swiftSettings: swiftSettings),

    // Reads damaged and hostile caches and corpora; `make fuzz`.
    .executableTarget(
      name: "fuzz",
      dependencies: [
        "LogitCache", "Corpus", "Tokenizer", "ShardStore", "Transformer", "Kernels", grdb,
        arguments,
      ],
      swiftSettings: swiftSettings),

    .target(
      name: "TestSupport", dependencies: ["ShardStore"], path: "Tests/TestSupport",
      swiftSettings: swiftSettings),
    tests("TokenizerTests", ["Tokenizer", crypto], exclude: ["Reference"]),
    tests("ShardStoreTests", ["ShardStore"]),
    tests("CorpusTests", ["Corpus", "Tokenizer", "ShardStore", "CZlib", "CZstd"]),
    tests("LogitCacheTests", ["LogitCache", "ShardStore", "Kernels"]),
    tests("KernelsTests", ["Kernels"]),
    tests("TransformerTests", ["Transformer", "Kernels"]),
    tests(
      "StudentTrainerTests",
      [
        "StudentTrainer", "Transformer", "Kernels", "LogitCache", "Corpus", "ShardStore",
        "Tokenizer",
      ]),
    tests("ReportTests", ["Report", "StudentTrainer", "ShardStore"]),
    // Depends on the program itself, so that it is built beside the tests that run it.
    .testTarget(
      name: "PipelineTests",
      dependencies: [
        "TestSupport", "pipeline", "fuzz", "Transformer", "Kernels", "Tokenizer", "ShardStore",
        "Console",
      ],
      exclude: ["Python"], swiftSettings: swiftSettings),
  ],
  swiftLanguageModes: [.v6]
)

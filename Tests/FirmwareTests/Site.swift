import Foundation
import Testing

/// A gateway and the programs beside it, as they were built with the tests, in a directory of their
/// own.
final class Site {
    let directory: URL
    let configuration: String
    private var data: String { directory.appendingPathComponent("data").path }
    private let settings: URL
    private var gateway: Process?
    private(set) var address = ""

    /// Starts a gateway with the sample workflow and waits until it answers.
    init() throws {
        let root = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        configuration = root.appendingPathComponent("etc/examples/hvac_optimization.yaml").path
        directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("firmware-" + UUID().uuidString)
        settings = directory.appendingPathComponent("gateway.yaml")
        try FileManager.default.createDirectory(
            at: directory, withIntermediateDirectories: true)
        try """
        gateway:
          event_time: device
          uplinks:
            - {type: file, path: \(directory.path)/upstream.ndjson}
          log: {level: error}
        """.write(to: settings, atomically: true, encoding: .utf8)
        try start(listen: "127.0.0.1:0")
    }

    deinit {
        gateway?.terminate()
        gateway?.waitUntilExit()
        try? FileManager.default.removeItem(at: directory)
    }

    private func start(listen: String) throws {
        let process = try Site.program("iotflowd")
        process.arguments = [
            "--config", configuration, "--config", settings.path, "--data", data,
            "--listen", listen,
        ]
        try process.run()
        gateway = process
        let first = try wait { try self.status()["listen", 0] as? String }
        address = try #require(first, "the gateway does not answer")
    }

    /// Ends the gateway as a power cut would, and starts it again at the same address.
    func killAndRestart() throws {
        if let gateway { kill(gateway.processIdentifier, SIGKILL) }
        gateway?.waitUntilExit()
        try start(listen: String(address.dropFirst("coap://".count)))
    }

    /// Asks until there is an answer; nil when that takes too long or the gateway has ended.
    func wait<Answer>(for answer: () throws -> Answer?) throws -> Answer? {
        let deadline = Date(timeIntervalSinceNow: 30)
        while Date() < deadline, gateway?.isRunning == true {
            if let found = try? answer() { return found }
        }
        return nil
    }

    /// What `iotflow status` says.
    func status() throws -> Tree { try ask(["status"]) }

    func ask(_ words: [String]) throws -> Tree {
        let result = try Site.run(
            "iotflow", words + ["--data", data, "--json"])
        return try Tree(result.output)
    }

    /// Runs the devices to their end; their report and how they ended.
    func run(_ arguments: [String]) throws -> (report: Tree, status: Int32) {
        try launch(arguments)()
    }

    /// Starts the devices; what comes back waits for their end.
    func launch(_ arguments: [String]) throws -> () throws -> (report: Tree, status: Int32) {
        let finish = try Site.launch(
            "firmware-sim", ["--target", address, "--report", "-"] + arguments)
        return {
            let result = finish()
            return (try Tree(result.output), result.status)
        }
    }

    static func run(_ name: String, _ arguments: [String]) throws -> (output: Data, status: Int32) {
        try launch(name, arguments)()
    }

    private static func launch(
        _ name: String, _ arguments: [String]
    ) throws -> () -> (output: Data, status: Int32) {
        let process = try program(name)
        let pipe = Pipe()
        process.arguments = arguments
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        return {
            let output = pipe.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            return (output, process.terminationStatus)
        }
    }

    private static func program(_ name: String) throws -> Process {
        // The tests are a program beside those that they test.
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: own).deletingLastPathComponent()
            .appendingPathComponent(name)
        // What it reaches is not noted: it may be killed while it writes that down.
        process.environment = ProcessInfo.processInfo.environment.merging([
            "LLVM_PROFILE_FILE": "/dev/null"
        ]) { $1 }
        return process
    }
}

/// A JSON text to look into.
struct Tree {
    private let value: Any

    init(_ data: Data) throws { value = try JSONSerialization.jsonObject(with: data) }

    /// What a path of names and places leads to.
    subscript(path: Any...) -> Any? {
        path.reduce(value as Any?) { place, step in
            if let name = step as? String { return (place as? [String: Any])?[name] }
            guard let index = step as? Int, let list = place as? [Any], index < list.count
            else { return nil }
            return list[index]
        }
    }

    func count(_ path: String...) -> Int {
        let found = path.reduce(value as Any?) { ($0 as? [String: Any])?[$1] }
        return (found as? NSNumber)?.intValue ?? -1
    }
}

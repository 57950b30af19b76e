import Foundation
import Glibc
import Synchronization
import Testing
import Wire

/// A program of ours that stands beside this test's own binary.
enum Program: String {
    case iotflow, iotflowd

    var url: URL {
        URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            .appending(path: rawValue)
    }

    /// Runs to the end.
    func run(_ arguments: [String]) throws -> Outcome {
        let running = try Running(self, arguments)
        running.alarm(seconds: 60)
        return running.finish()
    }
}

/// What a program printed and how it ended.
struct Outcome {
    var status: Int32
    var output: String
    var errors: String

    var json: Document? { try? Document(json: Array(output.utf8).span) }
}

/// A program under way; killed if the test forgets it, or if it takes too long.
final class Running: @unchecked Sendable {
    let process = Process()
    private let output = Pipe()
    private let errors = Pipe()
    private var seen = ""

    init(_ program: Program, _ arguments: [String]) throws {
        process.executableURL = program.url
        process.arguments = arguments
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = FileHandle.nullDevice
        // What it reaches is not noted: it may be killed while it writes that down.
        process.environment = ProcessInfo.processInfo.environment.merging([
            "LLVM_PROFILE_FILE": "/dev/null"
        ]) { $1 }
        try process.run()
    }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    /// After this long the program is killed, and the test fails on what is missing then.
    func alarm(seconds: Double) {
        DispatchQueue.global().asyncAfter(deadline: .now() + seconds) { [weak self] in
            guard let self, process.isRunning else { return }
            kill(process.processIdentifier, SIGKILL)
        }
    }

    /// Reads what it logs until the text comes; what was read, or nil if the log ended before.
    func awaitLog(_ text: String) -> String? {
        while !seen.contains(text) {
            let part = errors.fileHandleForReading.availableData
            if part.isEmpty { return nil }
            seen += String(decoding: part, as: UTF8.self)
        }
        defer { seen = "" }
        return seen
    }

    func signal(_ number: Int32) { kill(process.processIdentifier, number) }

    func finish() -> Outcome {
        // Standard error is read beside standard output, so that neither pipe fills up.
        let rest = Mutex(Data())
        let group = DispatchGroup()
        let source = errors.fileHandleForReading
        DispatchQueue.global().async(group: group) {
            let data = source.readDataToEndOfFile()
            rest.withLock { $0 = data }
        }
        let text = output.fileHandleForReading.readDataToEndOfFile()
        group.wait()
        process.waitUntilExit()
        return Outcome(
            status: process.terminationReason == .exit ? process.terminationStatus : -1,
            output: String(decoding: text, as: UTF8.self),
            errors: seen + String(decoding: rest.withLock { $0 }, as: UTF8.self))
    }
}

/// A directory of the test's own, gone afterwards.
final class Scratch {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory
            .appending(path: "iotflow-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path()
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file and gives its path.
    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        let file = path + "/" + name
        try Data(text.utf8).write(to: URL(filePath: file))
        return file
    }
}

/// `iotflowd` on a free port, ready.
final class Daemon {
    let running: Running
    let data: String
    private(set) var port: UInt16 = 0

    /// What it logged until it was ready.
    private(set) var log = ""

    init(configuration: String, data: String, options: [String] = []) throws {
        self.data = data
        running = try Running(
            .iotflowd,
            ["--config", configuration, "--data", data, "--listen", "127.0.0.1:0"] + options)
        running.alarm(seconds: 60)
        log = try #require(running.awaitLog("is ready"), "the gateway did not start")
        let listening = try #require(log.firstMatch(of: /coap:\/\/127\.0\.0\.1:(\d+)/))
        port = try #require(UInt16(listening.1))
    }

    /// Asks the gateway until its first uplink has acknowledged so many records since it started,
    /// or has been asked too often; what it said last. Each question is a process, which gives the
    /// uplink its time.
    @discardableResult
    func awaitUpstream(_ count: Int64) throws -> Document? {
        var status: Document?
        for _ in 0..<200 {
            status = try Program.iotflow.run(["status", "--data", data, "--json"]).json
            guard case .array(let uplinks)? = status?["uplinks"] else { break }
            if uplinks.first?["acknowledged"] == .integer(count) { break }
        }
        return status
    }

    /// Sends SIGTERM and gives the exit status.
    func stop() -> Int32 {
        running.signal(SIGTERM)
        return running.finish().status
    }

    /// Posts a number in plain text, or a payload of another format, as confirmable CoAP and gives
    /// the response's code byte.
    func post(
        _ path: [String], _ value: String, id: UInt16, format: UInt8? = nil
    ) throws -> UInt8 {
        var bytes: [UInt8] = [0x40, 0x02, UInt8(id >> 8), UInt8(id & 0xff)]
        for (index, segment) in path.enumerated() {
            // Uri-Path is option 11; a length of 13 or more takes a byte of its own.
            let utf8 = Array(segment.utf8)
            let delta: UInt8 = index == 0 ? 0xb0 : 0
            if utf8.count < 13 {
                bytes.append(delta | UInt8(utf8.count))
            } else {
                bytes += [delta | 13, UInt8(utf8.count - 13)]
            }
            bytes += utf8
        }
        // Content-Format is option 12.
        if let format { bytes += [0x11, format] }
        bytes += [0xff] + Array(value.utf8)
        return try #require(exchange(bytes))
    }

    /// Sends one datagram and waits for the one that answers it: its code.
    private func exchange(_ bytes: [UInt8]) -> UInt8? {
        let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(descriptor) }
        var name = sockaddr_in()
        name.sin_family = UInt16(AF_INET)
        name.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        name.sin_port = port.bigEndian
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        var buffer = [UInt8](repeating: 0, count: 2048)
        // Socket calls on structures and buffers of our own.
        let count = unsafe withUnsafePointer(to: &name) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard count == 0 else { return nil }
        // As above.
        unsafe setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        _ = unsafe send(descriptor, bytes, bytes.count, 0)
        while true {
            let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
            guard count >= 4 else { return nil }
            // An empty acknowledgement only says that the answer comes later.
            if buffer[1] != 0 { return buffer[1] }
        }
    }
}

/// A small site: three rooms, with one file uplink in the data directory.
func siteText(data: String, model: String = "{t: {type: float, range: [-50, 100]}}") -> String {
    """
    gateway:
      name: test
      max_delay: 5ms
      uplinks: [{type: file, path: "\(data)/upstream.ndjson"}]
    devices: {groups: {rooms: {range: "room-{1..3}", model: room}}}
    models: {room: {properties: \(model)}}
    workflow: site
    streams:
      heat:
        sources:
          - group: rooms
            topic: telemetry/+/t
            mapping: {device_id: "topic[1]", t: payload.value}
        patterns: [{name: hot, condition: t > 30, actions: [log_heat]}]
    scenarios:
      day:
        duration: 10m
        telemetry:
          - {group: rooms, property: t, base_value: 25, random_variance: 10, interval: 10s}
    """
}

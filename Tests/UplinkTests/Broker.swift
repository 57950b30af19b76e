import Foundation
import Glibc

/// A real mosquitto on a free port of the loopback, with its own directory, stopped with the test.
final class Broker {
    let port: Int
    private let directory: TemporaryDirectory
    private var process: Process?

    /// `users` nil lets everybody in; otherwise only these, with their passwords.
    init(users: [String: String]? = nil) throws {
        directory = try TemporaryDirectory()
        port = try freePort()
        var config = """
            listener \(port) 127.0.0.1
            persistence true
            persistence_location \(directory.path)/
            max_queued_messages 0
            log_dest file \(directory.file("log"))

            """
        if let users {
            for (name, password) in users {
                let flags =
                    FileManager.default.fileExists(atPath: directory.file("users"))
                    ? ["-b"] : ["-c", "-b"]
                try start(
                    "/usr/bin/mosquitto_passwd", flags + [directory.file("users"), name, password]
                )
                .waitUntilExit()
            }
            config += "allow_anonymous false\npassword_file \(directory.file("users"))\n"
        } else {
            config += "allow_anonymous true\n"
        }
        if geteuid() == 0 { config += "user root\n" }
        try config.write(toFile: directory.file("conf"), atomically: true, encoding: .utf8)
        try run()
    }

    deinit { stop() }

    /// Starts it, again if need be, and waits until it answers.
    func run() throws {
        process = try start("/usr/sbin/mosquitto", ["-c", directory.file("conf")])
        try waitFor("the broker on port \(port)") { isListening(on: port) }
    }

    /// Ends it with SIGTERM, upon which it saves its sessions.
    func stop() {
        process?.terminate()
        process?.waitUntilExit()
        process = nil
    }

    /// A client of the broker's makers that keeps a persistent session and writes what it gets, as
    /// topic and payload, one message a line.
    func subscriber() throws -> Subscriber {
        try Subscriber(port: port, file: directory.file("sub"))
    }
}

final class Subscriber {
    private let process: Process
    private let file: String

    init(port: Int, file: String) throws {
        self.file = file
        _ = FileManager.default.createFile(atPath: file, contents: nil)
        let output = try FileHandle(forWritingTo: URL(fileURLWithPath: file))
        process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/stdbuf")
        process.arguments = [
            "-oL", "/usr/bin/mosquitto_sub", "-d", "-h", "127.0.0.1", "-p", "\(port)", "-i",
            "test-subscriber",
            "-c", "-q", "1", "-t", "iotflow/#", "-F", "> %t %p",
        ]
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.runUnmasked()
        try waitFor("the subscription") { self.text.contains("received SUBACK") }
    }

    deinit {
        guard process.isRunning else { return }
        process.terminate()
        process.waitUntilExit()
    }

    /// What came so far, in order: topic, a space, payload.
    var lines: [String] {
        text.split(separator: "\n").filter { $0.hasPrefix("> ") }.map { String($0.dropFirst(2)) }
    }

    /// The same, for topics without spaces.
    var messages: [(topic: String, payload: String)] {
        lines.compactMap { line in
            let parts = line.split(separator: " ", maxSplits: 1)
            return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
        }
    }

    private var text: String { (try? String(contentsOfFile: file, encoding: .utf8)) ?? "" }
}

struct Timeout: Error, CustomStringConvertible {
    let description: String
}

/// Looks every 10 ms, for 20 s at most.
func waitFor(_ what: String, _ condition: () -> Bool) throws {
    let end = Date(timeIntervalSinceNow: 20)
    while !condition() {
        guard Date() < end else { throw Timeout(description: "waited in vain for \(what)") }
        usleep(10_000)
    }
}

@discardableResult
private func start(_ program: String, _ arguments: [String]) throws -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.runUnmasked()
    return process
}

extension Process {
    /// Test threads block signals, and a child inherits that: without this it could not be
    /// terminated.
    func runUnmasked() throws {
        var none = sigset_t()
        var before = sigset_t()
        // Safe: both masks are ours.
        unsafe sigemptyset(&none)
        unsafe pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
        try run()
    }
}

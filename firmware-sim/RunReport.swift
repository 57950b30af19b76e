import CoAP
import Glibc
import Model
import Simulation
import Wire

/// What was sent, acknowledged and commanded.
struct RunReport {
    var devices = 0
    var readingsSent = 0
    var readingsAcknowledged = 0
    var readingsUnanswered = 0
    var datagrams = 0
    /// Readings that went out again because nobody answered for them.
    var retransmitted = 0
    var registrations = 0
    /// Refused requests by code, registrations aside.
    private(set) var refused: [Code: Int] = [:]
    private(set) var registrationsRefused = 0
    private(set) var readingsRefused = 0
    /// Readings of devices that are gone.
    var readingsVanished = 0
    private(set) var commands: [String: CommandCounts] = [:]
    private(set) var runs = RunBook()
    /// What was asked of commands besides running them, by what it was.
    private(set) var asked: [String: Int] = [:]
    private(set) var noticesTaken = 0
    private(set) var noticesRefused = 0
    /// Datagrams that the faulty links lost, doubled and held back, or that met a sleeping device.
    var faults: (lost: Int, doubled: Int, held: Int, asleep: Int)?
    var wallMilliseconds: UInt64 = 0
    var start = Instant.distantPast
    var end = Instant.distantPast

    struct CommandCounts {
        var received = 0
        var executed = 0
        var repeated = 0
        var refused = 0
    }

    /// Requests to names that no model has share one entry once there are so many.
    private static let commandsMax = 256

    var commandsReceived: Int { commands.values.reduce(0) { $0 + $1.received } }

    /// Every reading found a server that answered for it.
    var isComplete: Bool { readingsAcknowledged + readingsVanished == readingsSent }

    mutating func count(_ outcome: EmulatedEndpoint.Outcome) {
        switch outcome {
        case .sent(let count): datagrams += count
        case .registered: registrations += 1
        case .told: noticesTaken += 1
        case .untold: noticesRefused += 1
        case .acknowledged(let readings): readingsAcknowledged += readings
        case .repeated(let readings): retransmitted += readings
        case .unanswered(let readings): readingsUnanswered += readings
        case .refused(let code, let readings, let isFinal):
            if readings == 0 {
                registrationsRefused += 1
            } else {
                refused[code, default: 0] += 1
                if isFinal { readingsRefused += readings }
            }
        }
    }

    mutating func count(
        _ received: ReceivedRequest, _ answer: EmulatedDevice.Answer, _ device: Device
    ) {
        let name: String
        switch received.request.action {
        case .run(let command, _): name = command
        case .write(let property, _): name = property
        case .prepare:
            asked["prepare", default: 0] += 1
            return
        case .release:
            asked["release", default: 0] += 1
            return
        case .probe:
            asked["probe", default: 0] += 1
            return
        case .cancel:
            asked["cancel", default: 0] += 1
            if let status = answer.status { runs.note(received.request.id, status, on: device) }
            return
        }
        let isKnown = commands[name] != nil || commands.count < RunReport.commandsMax
        let key = isKnown ? name : "(others)"
        commands[key, default: CommandCounts()].received += 1
        if answer.isRepeat {
            commands[key]?.repeated += 1
        } else if answer.hasRun {
            commands[key]?.executed += 1
        } else {
            commands[key]?.refused += 1
        }
        runs.add(received.request, name, answer, on: device)
    }

    mutating func count(_ notice: EmulatedDevice.Notice) {
        runs.note(notice.command, notice.status, on: notice.device)
    }

    /// As `--report` writes it; `fleet` knows what each device holds true at the end.
    func document(_ fleet: Fleet) -> Document {
        func integer(_ count: Int) -> Document { .integer(Int64(count)) }
        var entries: [Document.Entry] = [
            .init("devices", integer(devices)),
            .init("registrations", integer(registrations)),
            .init("registrations_refused", integer(registrationsRefused)),
            .init("readings_sent", integer(readingsSent)),
            .init("readings_acknowledged", integer(readingsAcknowledged)),
            .init("readings_refused", integer(readingsRefused)),
            .init("readings_unanswered", integer(readingsUnanswered)),
            .init("readings_vanished", integer(readingsVanished)),
            .init("retransmitted_readings", integer(retransmitted)),
            .init("datagrams", integer(datagrams)),
            .init(
                "refused",
                .map(
                    refused.sorted { $0.key.rawValue < $1.key.rawValue }
                        .map { .init($0.key.description, integer($0.value)) })),
            .init("commands", RunReport.document(of: commandsTotal)),
            .init(
                "commands_by_name",
                .map(
                    commands.sorted { $0.key < $1.key }
                        .map { .init($0.key, RunReport.document(of: $0.value)) })),
            .init(
                "asked",
                .map(asked.sorted { $0.key < $1.key }.map { .init($0.key, integer($0.value)) })),
            .init(
                "notices",
                .map([
                    .init("taken", integer(noticesTaken)),
                    .init("refused", integer(noticesRefused)),
                ])),
            .init("runs", runs.document(fleet.registry)),
        ]
        if let faults {
            entries.append(
                .init(
                    "faults",
                    .map([
                        .init("lost", integer(faults.lost)),
                        .init("doubled", integer(faults.doubled)),
                        .init("held", integer(faults.held)),
                        .init("asleep", integer(faults.asleep)),
                    ])))
        }
        entries += [
            .init("wall_seconds", .number(Double(wallMilliseconds) / 1000)),
            .init(
                "event_time",
                .map([.init("start", .timestamp(start)), .init("end", .timestamp(end))])),
            .init(
                "state",
                .map(
                    fleet.members.map { device in
                        .init(
                            fleet.registry.name(of: device),
                            .map(
                                fleet.state(of: device).map { property, value in
                                    .init(fleet.registry.name(of: property), Document(value))
                                }))
                    })),
        ]
        return .map(entries)
    }

    private var commandsTotal: CommandCounts {
        commands.values.reduce(into: CommandCounts()) { sum, one in
            sum.received += one.received
            sum.executed += one.executed
            sum.repeated += one.repeated
            sum.refused += one.refused
        }
    }

    private static func document(of counts: CommandCounts) -> Document {
        .map([
            .init("received", .integer(Int64(counts.received))),
            .init("executed", .integer(Int64(counts.executed))),
            .init("repeated", .integer(Int64(counts.repeated))),
            .init("refused", .integer(Int64(counts.refused))),
        ])
    }

    /// One line for people.
    var summary: String {
        let seconds = Double(wallMilliseconds / 100) / 10
        return
            "\(devices) devices: \(readingsAcknowledged) of \(readingsSent) readings acknowledged"
            + " in \(datagrams) datagrams and \(seconds) s, \(retransmitted) sent again, "
            + "\(commandsReceived) commands"
    }
}

import Model

/// A command that has not ended.
struct LiveCommand: Sendable {
    var id: CommandID
    /// The order commands were made in; never used twice.
    var serial: UInt64
    /// Shared by the steps of one start on one device.
    var run: UInt64
    var sequence: String
    var step: Int
    var device: Device
    var isCritical: Bool
    var form: CommandForm
    var policy: RetryPolicy
    var life = CommandLife()
    var attempts = 0
    var created: Instant
    var updated: Instant
    /// When the present state ends by itself.
    var deadline: Instant?
    /// A transmission is out and nobody has answered for it yet.
    var isAwaitingAnswer = false
    /// Some attempt since the last definite evidence may have reached the device.
    var isUncertain = false
    /// A bit for each of the form's writes that the device has reported since the first
    /// transmission.
    var met: UInt64 = 0
    var result = ""

    /// The device must also report what the command sets. More than 64 writes are not watched.
    var needsReport: Bool {
        policy.verifyTimeout != nil && !form.writes.isEmpty && form.writes.count <= 64
    }

    var isReported: Bool { met.nonzeroBitCount == form.writes.count }
    var hasAttemptLeft: Bool { attempts < policy.maxAttempts }
    var neverSent: Bool { !life.maybeExecuted }

    /// Notes what the device reports of the properties this command sets.
    mutating func note(_ property: Property, _ value: Value) {
        for (place, write) in form.writes.enumerated().prefix(64)
        where write.property == property {
            let bit = UInt64(1) << UInt64(place)
            met = write.isMet(by: value) ? met | bit : met & ~bit
        }
    }

    var record: CommandRecord {
        CommandRecord(
            id: id, device: device, name: form.name, sequence: sequence, step: step,
            state: life.state, attempts: attempts, created: created, updated: updated,
            result: result)
    }

    var transmission: Transmission {
        Transmission(
            command: id, attempt: attempts, device: device, name: form.name, method: form.method,
            path: form.path, query: form.query, parameters: form.parameters,
            isCritical: isCritical)
    }
}

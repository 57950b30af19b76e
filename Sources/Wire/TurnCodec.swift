package import Model

/// The journal's form of one turn: its time and its inputs, a few bytes each.
///
/// A turn is four bytes of length and four of CRC-32C over what follows, both little-endian; then
/// the time, the number of inputs, and the inputs. Several turns one after another make a block. A
/// reading is written as the difference from the one before it in the same turn:
///
/// - a byte `1DPTFVVV`: device, property and time as before (`D P T`), flags follow (`F`), and the
///   form of the value;
/// - what is not as before: zigzag differences of device, property and time, then the flags, then
///   the value.
///
/// A position, which has no form among the eight, has a record of its own.
package enum TurnCodec {
    /// The value form in a reading's first byte.
    enum Form: UInt8 {
        case no, yes, integer, double, text, timestamp
        /// The reading before had the same value.
        case same
        /// A double that is a whole number of hundredths, as most measurements are.
        case hundredths
    }

    enum Tag: UInt8 {
        case exchange = 1
        case deviceAccepted, registered, response, desired, twin, command, sequence, order
        /// A reading whose value has no short form.
        case longReading
    }

    /// What the next reading is compared with.
    struct Previous {
        var device: UInt32 = 0
        var property: UInt16 = 0
        var time: Instant
        var value: Value = .boolean(false)
    }

    static let headerLength = 8

    /// Appends one turn. Any instant, value and text comes back to the bit.
    package static func append(
        now: Instant, inputs: [Input], to writer: inout ByteWriter
    ) {
        let start = writer.bytes.count
        for _ in 0..<headerLength { writer.byte(0) }
        writer.instant(now)
        writer.unsigned(inputs.count)
        var previous = Previous(time: now)
        for input in inputs {
            if case .reading(let reading) = input {
                append(reading, after: &previous, to: &writer)
            } else {
                append(other: input, to: &writer)
            }
        }
        let body = start + headerLength..<writer.bytes.count
        let checksum = Checksum.crc32c(writer.bytes.span.extracting(body))
        let header = UInt64(checksum) << 32 | UInt64(UInt32(truncatingIfNeeded: body.count))
        for place in 0..<headerLength {
            writer.bytes[start + place] = UInt8(truncatingIfNeeded: header >> UInt64(place * 8))
        }
    }

    private static func append(
        _ reading: Reading, after previous: inout Previous, to writer: inout ByteWriter
    ) {
        guard let (form, number) = form(of: reading.value, after: previous.value) else {
            append(long: reading, to: &writer)
            return
        }
        let device = Int64(reading.device.index) - Int64(previous.device)
        let property = Int64(reading.property.index) - Int64(previous.property)
        // Wrapping, so that the whole time line is exact.
        let time = reading.time.milliseconds &- previous.time.milliseconds
        let flags = reading.flags.rawValue
        writer.byte(
            0x80 | (device == 0 ? 0x40 : 0) | (property == 0 ? 0x20 : 0) | (time == 0 ? 0x10 : 0)
                | (flags == 0 ? 0 : 8) | form.rawValue)
        if device != 0 { writer.signed(device) }
        if property != 0 { writer.signed(property) }
        if time != 0 { writer.signed(time) }
        if flags != 0 { writer.byte(flags) }
        switch form {
        case .no, .yes, .same: break
        case .integer, .timestamp, .hundredths: writer.signed(number)
        case .double: writer.fixed(UInt64(bitPattern: number))
        case .text: if case .text(let text) = reading.value { writer.string(text) }
        }
        previous.device = reading.device.index
        previous.property = reading.property.index
        previous.time = reading.time
        if form != .same { previous.value = reading.value }
    }

    private static func append(long reading: Reading, to writer: inout ByteWriter) {
        writer.byte(Tag.longReading.rawValue)
        writer.unsigned(UInt64(reading.device.index))
        writer.unsigned(UInt64(reading.property.index))
        writer.byte(reading.flags.rawValue)
        writer.instant(reading.time)
        writer.value(reading.value)
    }

    /// The shortest form that keeps the value to the bit, and the number it writes.
    private static func form(of value: Value, after previous: Value) -> (Form, Int64)? {
        switch value {
        case .boolean(let boolean): return (boolean ? .yes : .no, 0)
        case .integer(let integer):
            if case .integer(integer) = previous { return (.same, 0) }
            return (.integer, integer)
        case .number(let number):
            let bits = number.bitPattern
            if case .number(let before) = previous, before.bitPattern == bits { return (.same, 0) }
            let scaled = number * 100 + (number < 0 ? -0.5 : 0.5)
            if abs(scaled) < 0x1p27 {
                let hundredths = Int64(scaled)
                if (Double(hundredths) / 100).bitPattern == bits {
                    return (.hundredths, hundredths)
                }
            }
            return (.double, Int64(bitPattern: bits))
        case .text(let text):
            if case .text(let before) = previous, before.utf8.elementsEqual(text.utf8) {
                return (.same, 0)
            }
            return (.text, 0)
        case .timestamp(let instant):
            if case .timestamp(instant) = previous { return (.same, 0) }
            return (.timestamp, instant.milliseconds)
        case .position: return nil
        }
    }

    private static func append(other input: Input, to writer: inout ByteWriter) {
        switch input {
        case .reading: preconditionFailure("readings have their own form")
        case .exchange(let exchange):
            writer.byte(Tag.exchange.rawValue)
            writer.fixed(exchange)
        case .deviceAccepted(let device):
            writer.byte(Tag.deviceAccepted.rawValue)
            writer.unsigned(UInt64(device.index))
        case .registered(let device, let address, let lifetime):
            writer.byte(Tag.registered.rawValue)
            writer.unsigned(UInt64(device.index))
            writer.string(address)
            writer.bool(lifetime != nil)
            if let lifetime { writer.signed(lifetime.count) }
        case .response(let response):
            writer.byte(Tag.response.rawValue)
            append(response, to: &writer)
        case .desired(let write):
            writer.byte(Tag.desired.rawValue)
            append(write, to: &writer)
        case .twin(let order):
            writer.byte(Tag.twin.rawValue)
            append(order, to: &writer)
        case .command(let request):
            writer.byte(Tag.command.rawValue)
            append(request, to: &writer)
        case .sequence(let request):
            writer.byte(Tag.sequence.rawValue)
            append(request, to: &writer)
        case .order(let order):
            writer.byte(Tag.order.rawValue)
            append(order, to: &writer)
        }
    }
}

/// What enters the core. Everything that may change a decision is one of these, so that the journal
/// of inputs, with each turn's time, is the whole truth.
package enum Input: Hashable, Sendable {
    case reading(Reading)
    /// The exchange (peer and Message-ID) that carried the inputs after it. The core ignores it;
    /// after a restart the gateway refills its de-duplication window from it (RFC 7252 section
    /// 4.5).
    case exchange(UInt64)
    /// The device was seen for the first time and was not in the configuration.
    case deviceAccepted(Device)
    /// The device told where it listens (RFC 9176), for this long; nil lifetime removes it.
    case registered(Device, address: String, lifetime: Milliseconds?)
    /// The device, or the network, answered a transmission, or a device told of a command.
    case response(CommandResponse)
    /// Somebody wants a property to have a value, or takes such a wish back.
    case desired(DesiredWrite)
    /// Somebody decides about a twin as a whole, or settles a conflict.
    case twin(TwinOrder)
    /// Somebody wants a device to run a command.
    case command(CommandRequest)
    /// Somebody wants a command sequence to run.
    case sequence(SequenceRequest)
    /// Somebody decides about a command that exists.
    case order(CommandOrder)
}

/// How a property moves by itself, with first-order dynamics: with `timeConstant` it approaches
/// `rest + gain * towards`, where `towards` is another property of the device.
package struct BehaviourModel: Hashable, Sendable {
    /// After this long 63 % of the way is done.
    package var timeConstant: Milliseconds
    package var towards: String
    package var gain: Double
    package var rest: Double

    package init(
        timeConstant: Milliseconds, towards: String, gain: Double = 1, rest: Double = 0
    ) {
        self.timeConstant = timeConstant
        self.towards = towards
        self.gain = gain
        self.rest = rest
    }
}

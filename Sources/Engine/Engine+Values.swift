package import Model
import Twins

extension Engine {
    /// What a device has reported last of each property, in the order of the properties' numbers.
    package func reportedValues(of device: Device) -> [(property: Property, value: Value)] {
        (twins.twin(of: device)?.properties ?? []).compactMap { view in
            view.reported.map { (view.property, $0.value) }
        }
    }

    /// When the device itself was heard last; nil if it never was.
    package func lastSeen(_ device: Device) -> Instant? { twins.twin(of: device)?.lastSeen }
}

import Commands
import Model
import Twins

/// The twins as commands and sequences see them.
struct Survey: TwinSurvey {
    let twins: TwinTable

    func reported(_ property: Property, of device: Device) -> TwinReport? {
        guard let reported = view(property, of: device)?.reported else { return nil }
        return TwinReport(reported.value, arrived: reported.arrival)
    }

    func lastSeen(_ device: Device) -> Instant? { twins.twin(of: device)?.lastSeen }

    func desired(_ property: Property, of device: Device) -> Value? {
        view(property, of: device)?.desired?.value
    }

    private func view(_ property: Property, of device: Device) -> TwinView.PropertyView? {
        twins.twin(of: device)?.properties.first { $0.property == property }
    }
}

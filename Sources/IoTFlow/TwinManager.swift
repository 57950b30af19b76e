import Config

/// The models that digital twins follow: the properties and the commands of each kind of device.
public final class TwinManager {
    private var models: [(key: String, value: Settings)] = []

    /// No model.
    public init() {}

    /// Defines a model with its `version`, `properties`, `telemetry` and `commands`, each with all
    /// that a configuration file may say of it.
    public func defineModel(_ name: String, _ settings: Setting) {
        models.append((key: name, value: settings.content))
    }

    /// What a configuration file has under `models`.
    var settings: Settings { .mapping(models) }
}

import Config

/// The devices that workflows are about: named groups, and single devices with places and tags.
///
/// It is also where deployed workflows and simulated devices meet: `Engine.deploy` leaves the
/// execution here, and a `DeviceSimulator` made from the same registry feeds it. Use a registry,
/// and everything made from it, from one task at a time.
public final class DeviceRegistry {
    private var groups: [(key: String, value: Settings)] = []
    private var devices: [(key: String, value: Settings)] = []
    /// Workflows that are deployed on these devices, in the order of their deployment.
    var executions: [Execution] = []

    /// A registry without devices.
    public init() {}

    /// Adds a group with these members, in order.
    ///
    /// `settings` takes what a group of the YAML files takes: `model`, `tags`, `spread` and
    /// `positions`. Without `model` the devices have the model named like the group, in the
    /// singular or as it is, if there is one.
    public func addGroup(_ name: String, _ members: [String], _ settings: Setting = [:]) {
        let own: [(key: String, value: Settings)] = [
            (key: "members", value: .list(members.map { .text($0) }))
        ]
        groups.append((key: name, value: settings.withDefaults(own)))
    }

    /// Adds one device, or says more of one that a group has: `model`, `group`, `tags`, `position`,
    /// `address`.
    public func addDevice(_ name: String, _ settings: Setting = [:]) {
        devices.append((key: name, value: settings.content))
    }

    /// What a configuration file has under `devices`.
    var settings: Settings {
        .mapping([
            (key: "groups", value: .mapping(groups)), (key: "list", value: .mapping(devices)),
        ])
    }
}

import Config
import Engine
import Model

/// Runs workflows on devices, in this process.
///
/// It is the gateway's own core: the decisions are those that `iotflowd` makes for the same
/// configuration. (Inside this module `Engine` is this class; the core's type of the same name is
/// never spelt.)
public final class Engine {
    private let devices: DeviceRegistry
    private let connectivity: ConnectivityManager
    private let twinManager: TwinManager

    /// An engine for these devices and models.
    public init(
        _ devices: DeviceRegistry, _ connectivity: ConnectivityManager, _ twinManager: TwinManager
    ) {
        self.devices = devices
        self.connectivity = connectivity
        self.twinManager = twinManager
    }

    /// Checks and compiles the workflow and makes it ready to be fed.
    ///
    /// Everything that is wrong is in the execution's `diagnostics`, all at once; its status is
    /// then `failed`, and nothing feeds it.
    public func deploy(_ workflow: IoTWorkflow) -> Execution {
        let sections =
            [
                (key: "devices", value: devices.settings),
                (key: "models", value: twinManager.settings),
            ] + workflow.sections
        let report = Config.Report()
        connectivity.check(report)
        let (configuration, mistakes) = Configuration.load(.mapping(sections))
        var diagnostics = report.diagnostics + mistakes
        let plan = configuration.flatMap {
            Plan(compiling: $0.definition, diagnostics: &diagnostics)
        }
        let hasErrors = diagnostics.contains { $0.severity == .error }
        let execution = Execution(
            workflow: workflow.name, plan: hasErrors ? nil : plan, sections: sections,
            diagnostics: diagnostics)
        if execution.isDeployed { devices.executions.append(execution) }
        return execution
    }
}

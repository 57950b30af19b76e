import Config
import Engine
import Model

/// SIGHUP: a new configuration takes over whole, or not at all.
extension Gateway {
    func reload() {
        Notify.send("RELOADING=1")
        defer { Notify.send("READY=1") }
        let names = engine.registry
        let known = KnownNames(
            devices: (0..<names.deviceNames.count).map { names.deviceNames.name(UInt32($0)) },
            properties: (0..<names.propertyNames.count).map {
                names.propertyNames.name(UInt32($0))
            })
        guard let setup = Setup.load(options, known: known) else {
            log.error("reload: the configuration has errors; the running one stays")
            return
        }
        var successor = setup.engine
        var writer = ByteWriter()
        engine.snapshot(into: &writer)
        var reader = ByteReader(writer.bytes)
        do throws(RecordError) {
            try successor.restore(from: &reader)
            try successor.adoptTwins(of: engine)
        } catch {
            log.error("reload: the state does not carry over (\(error)); the running one stays")
            return
        }
        engine = successor
        nameSymbols(devices: names.deviceNames.count, properties: names.propertyNames.count)
        adopt(setup.settings)
        unsavedConfiguration = KeptConfiguration(setup.sources).bytes
        // The journal from here on is read under the new plan.
        writeCheckpoint()
        log.info("reload: the new configuration is in force")
    }
}

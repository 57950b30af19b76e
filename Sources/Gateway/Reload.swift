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
        var successor = Engine(setup.plan)
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
        let before = (names.deviceNames.count, names.propertyNames.count)
        engine = successor
        for index in before.0..<engine.registry.deviceNames.count {
            turn.deviceNames.append(
                (UInt32(index), engine.registry.deviceNames.name(UInt32(index))))
        }
        for index in before.1..<engine.registry.propertyNames.count {
            turn.propertyNames.append(
                (UInt16(index), engine.registry.propertyNames.name(UInt32(index))))
        }
        adopt(setup.settings)
        // The journal from here on is read under the new plan.
        writeCheckpoint()
        log.info("reload: the new configuration is in force")
    }
}

import Config
import Model
import Store
import Uplink

extension Store {
    /// This store's outbox as the uplink reads it, on the uplink's thread.
    func outbox(gateway: String) -> Outbox {
        Outbox(
            gateway: gateway, epoch: epoch,
            read: { [self] lane, after, countMax, bytesMax in
                // A store that cannot be read now is asked again; nothing is lost by waiting.
                let rows = try? readOutbox(
                    after: after, lane: lane.rawValue, countMax: countMax, bytesMax: bytesMax)
                return (rows ?? []).map {
                    Delivery.StoredRecord(sequence: $0.sequence, bytes: $0.value)
                }
            },
            acknowledge: { [self] sink, lane, sequence in
                advanceCursor(sink: sink, lane: lane.rawValue, sequence: sequence)
            })
    }
}

extension Recovery {
    /// How far each sink had come, by its name.
    var advances: [String: [Delivery.Advance]] {
        var advances: [String: [Delivery.Advance]] = [:]
        for cursor in cursors {
            guard let lane = OutboxRecord.Kind(rawValue: cursor.lane) else { continue }
            advances[cursor.sink, default: []].append(
                Delivery.Advance(lane: lane, sequence: cursor.sequence))
        }
        return advances
    }
}

extension GatewaySettings {
    /// The names under which the sinks' cursors are kept: kind and place, so that reordering the
    /// configuration changes nothing.
    var sinkNames: [String] {
        uplinks.map { uplink in
            switch uplink {
            case .file(let file): "file:\(file.path)"
            case .mqtt(let mqtt): "mqtt:\(mqtt.host):\(mqtt.port)"
            }
        }
    }

    /// The sinks as the uplink wants them.
    func sinks(gateway: String) -> [SinkSettings] {
        zip(uplinks, sinkNames).map { uplink, name in
            switch uplink {
            case .file(let file):
                SinkSettings(
                    name: name,
                    kind: .file(
                        FileSinkSettings(
                            path: file.path, rotateBytes: file.maxSizeBytes,
                            kept: max(0, file.maxFiles - 1))))
            case .mqtt(let mqtt):
                SinkSettings(
                    name: name,
                    kind: .mqtt(
                        MQTTSinkSettings(
                            host: mqtt.host, port: mqtt.port, gateway: gateway,
                            clientID: mqtt.clientID, username: mqtt.username,
                            passwordFile: mqtt.passwordFile,
                            tls: mqtt.tls.map {
                                MQTTTLSSettings(
                                    caFile: $0.ca, certificateFile: $0.certificate,
                                    keyFile: $0.key)
                            })),
                    delivery: DeliverySettings(
                        batchRecords: mqtt.batch.records, batchBytes: mqtt.batch.sizeBytes,
                        linger: Milliseconds(Int64(mqtt.batch.lingerMilliseconds))))
            }
        }
    }
}

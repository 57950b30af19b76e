import Config
import Model
import Testing

/// A text with one mistake, and what is said of it.
struct Mistake: CustomTestStringConvertible, Sendable {
    let text: String
    let said: String

    init(_ text: String, _ said: String) {
        self.text = text
        self.said = said
    }

    var testDescription: String { said }
}

@Suite("Each mistake is told with its place, its code and a way out")
struct MistakeTests {
    @Test("one mistake, one diagnostic", arguments: structure + values + devices + references)
    func one(mistake: Mistake) {
        let (configuration, diagnostics) = Configuration.load(texts: [("test.yaml", mistake.text)])
        #expect(configuration == nil)
        #expect(diagnostics.map(line) == [mistake.said])
    }

    @Test("the underline covers the word")
    func underline() {
        let (_, diagnostics) = Configuration.load(
            texts: [("test.yaml", "workflo: x\nstreams: {s: {sources: 5, window: {size: \"3\"}}}")])
        #expect(diagnostics.map(\.length) == [7, 1, 1])
    }

    static let structure = [
        Mistake(
            "workflw: x",
            "1:1 E0104 a configuration file has no key `workflw` (did you mean `workflow`?)"),
        Mistake(
            "streams:\n  s:\n    source: []\n    sources: [{topic: t, mapping: {}}]",
            "3:5 E0104 a stream has no key `source` (did you mean `sources`?)"),
        Mistake(
            "scenarios: {s: {duration: 1h, zzz: 1}}",
            "1:31 E0104 a scenario has no key `zzz` "
                + "(a scenario takes duration, start, telemetry, influences, faults)"),
        Mistake(
            "streams:\n  s: {patterns: []}",
            "2:6 E0105 a stream needs `sources` (`sources`: Where events come from.)"),
        Mistake(
            "scenarios:\n  s:\n    duration:\n",
            "3:5 E0105 a scenario needs `duration` (`duration`: How long it lasts.)"),
        Mistake(
            "streams: [a]", "1:10 E0106 `streams` must be a mapping of names, not a list"),
        Mistake(
            "streams: {s: here}",
            "1:14 E0106 a stream must be a mapping, not `here` (write its keys: `sources: ...`)"),
        Mistake(
            "devices: {groups: {g: {members: one}}}",
            "1:33 E0106 `members` must be a list, not `one` (write `members: [...]`)"),
        Mistake(
            "streams: {s: {sources: []}}",
            "1:24 E0111 `sources` has 0 elements; it takes at least 1"),
        Mistake(
            "workflow: 5", "1:11 E0106 a text is wanted here, not `5` (put it in quotes: \"5\")"),
        Mistake("workflow: [a]", "1:11 E0106 a text is wanted here, not a list"),
        Mistake(
            "streams:\n  \"a/b\": {sources: [{topic: t, mapping: {}}]}",
            "2:4 E0114 `a/b` cannot be a name "
                + "(names have 1 to 128 bytes and none of / + # or control characters)"),
        Mistake(
            "gateway: {uplinks: [{type: htp}]}",
            "1:28 E0112 `htp` is none of file, mqtt"),
        Mistake(
            "gateway: {uplinks: [{path: /x}]}",
            "1:21 E0105 a file uplink or an MQTT uplink needs `type` (`type`: file or mqtt)"),
        Mistake(
            "gateway: {uplinks: [file]}",
            "1:21 E0106 a file uplink or an MQTT uplink must be a mapping, not `file` "
                + "(write its keys: `type: ...`)"),
    ]

    static let values = [
        Mistake(
            "scenarios: {s: {duration: 1h, faults: [{kind: slow}]}}",
            "1:40 E0105 a fault needs `group` or `devices` "
                + "(name who misbehaves: `devices: [station-3]`)"),
        Mistake(
            "scenarios: {s: {duration: 1h, faults: [{kind: sulk, devices: []}]}}",
            "1:47 E0112 `sulk` is none of refuse, acknowledge_only, vanish, slow, fail, "
                + "lose_answer, transient"),
        Mistake(
            "scenarios: {s: {duration: 5}}",
            "1:27 E0109 a length of time is wanted, not `5` "
                + "(write 5s for seconds, 5m for minutes)"),
        Mistake(
            "scenarios: {s: {duration: soon}}",
            "1:27 E0109 a length of time is wanted, not `soon` "
                + "(write a number with ms, s, m, h, d or w: 250ms, 5m, 1h30m)"),
        Mistake(
            "scenarios: {s: {duration: 0s}}",
            "1:27 E0111 0s is out of range: at least 1ms is allowed"),
        Mistake(
            "gateway: {max_delay: 3s}",
            "1:22 E0111 3s is out of range: at most 1s900ms is allowed"),
        Mistake(
            "gateway: {limits: {payload: 8192}}",
            "1:29 E0110 a number of bytes is wanted, not `8192` (write 8192B for 8192 bytes)"),
        Mistake(
            "gateway: {limits: {payload: 8 kilo}}",
            "1:29 E0110 a number of bytes is wanted, not `8 kilo` "
                + "(write a number with B, KiB, MiB, GiB, kB, MB or GB: 64MiB)"),
        Mistake(
            "gateway: {limits: {payload: 1MiB}}",
            "1:29 E0111 1MiB is out of range: at most 1024 is allowed"),
        Mistake(
            "gateway: {limits: {journal: 1GiB}}",
            "1:19 E0119 journal and outbox do not fit into map_size"),
        Mistake(
            "gateway: {wear_budget: 5GB}",
            "1:24 E0110 bytes in a time are wanted, not `5GB` "
                + "(write a size with /day or /hour: 5GB/day)"),
        Mistake(
            "gateway: {limits: {devices: \"10\"}}",
            "1:30 E0107 a whole number is wanted, not the text \"10\" (leave the quotes out: 10)"),
        Mistake(
            "gateway: {limits: {devices: 1.5}}",
            "1:29 E0107 a whole number is wanted, not `1.5`"),
        Mistake(
            "gateway: {limits: {devices: 0}}",
            "1:29 E0111 0 is out of range: at least 1 is allowed"),
        Mistake(
            "gateway: {limits: {devices: 99999999999999999999}}",
            "1:29 E0107 a whole number is wanted, not `99999999999999999999`"),
        Mistake(
            "models: {m: {properties: {p: {tolerance: .inf}}}}",
            "1:42 E0107 a number is wanted, not `.inf`"),
        Mistake(
            "models: {m: {properties: {p: {tolerance: 1e999}}}}",
            "1:42 E0107 a number is wanted, not `1e999`"),
        Mistake(
            "gateway: {accept_unknown_devices: yes}",
            "1:35 E0108 true or false is wanted, not `yes` (write true)"),
        Mistake(
            "gateway: {durability: strickt}",
            "1:23 E0112 `strickt` is none of group, strict, relaxed (did you mean `strict`?)"),
        Mistake(
            "gateway: {listen: [\"udp://0.0.0.0\"]}",
            "1:21 E0120 an address is wanted, not the text \"udp://0.0.0.0\" "
                + "(write it like coap://192.0.2.7:5683; IPv6 addresses stand in brackets)"),
        Mistake(
            "gateway: {metrics: {listen: \"127.0.0.1:99999\"}}",
            "1:30 E0120 an address is wanted, not the text \"127.0.0.1:99999\" "
                + "(write it like 127.0.0.1:9464; IPv6 addresses stand in brackets)"),
        Mistake(
            "gateway: {uplinks: [{type: mqtt, host: b, tls: {cert: c.pem}}]}",
            "1:48 E0119 `cert` and `key` go together"),
        Mistake(
            "gateway: {uplinks: [{type: mqtt, host: b, password_file: p}]}",
            "1:43 E0119 `password_file` needs a `username`"),
        Mistake(
            "scenarios: {s: {duration: 1h, start: noon}}",
            "1:38 E0121 a point in time is wanted, not `noon` "
                + "(write it as in RFC 3339: 2026-07-15T14:00:00Z)"),
        Mistake(
            "models: {m: {properties: {p: {unit: celcius}}}}",
            "1:37 E0113 no unit is spelt `celcius` (did you mean `celsius`?)"),
        Mistake(
            "models: {m: {properties: {p: {type: enum}}}}",
            "1:27 E0105 the enum `p` needs `values` (write `values: [low, high]`)"),
        Mistake(
            "models: {m: {properties: {p: {values: [a]}}}}",
            "1:31 E0119 `values` belongs to the type enum, not float (write `type: enum`)"),
        Mistake(
            "models: {m: {properties: {p: {type: boolean, unit: watt}}}}",
            "1:46 E0119 `unit` belongs to a number, and `p` is of type boolean"),
        Mistake(
            "models: {m: {properties: {p: {range: [9, 1]}}}}",
            "1:39 E0111 the range runs backwards, from 9.0 to 1.0 (write the lower bound first)"),
        Mistake(
            "models: {m: {commands: [a, b, a]}}",
            "1:31 E0117 the command `a` is listed twice"),
    ]

    static let devices = [
        Mistake(
            "devices: {groups: {g: {range: \"s-{1..\"}}}",
            "1:32 E0115 a range of names looks like sensor-{001..100}"),
        Mistake(
            "devices: {groups: {g: {range: \"s-{9..1}\"}}}",
            "1:32 E0115 the range runs backwards, from 9 to 1"),
        Mistake(
            "devices: {groups: {g: {range: \"s-{1..20001}\"}}}",
            "1:32 E0115 the range has 20001 names; at most 20000 are allowed"),
        Mistake(
            "devices: {groups: {g: {range: \"a/{1..9}\"}}}",
            "1:32 E0114 `a/1` cannot be a name "
                + "(names have 1 to 128 bytes and none of / + # or control characters)"),
        Mistake(
            "devices: {groups: {g: {range: a, members: [b]}}}",
            "1:34 E0119 a group has a `range` or `members`, not both "
                + "(put the rest in another group)"),
        Mistake(
            "devices: {groups: {g: {members: [a, b, a]}}}", "1:40 E0117 `a` is listed twice"),
        Mistake(
            "devices: {groups: {g: {members: [a], spread: {z: []}}}}",
            "1:50 E0116 there is nothing to spread"),
        Mistake(
            "devices: {groups: {g: {members: [a], tags: {z: 1}, spread: {z: [2]}}}}",
            "1:61 E0119 `z` is under `tags` too"),
        Mistake(
            "devices: {groups: {g: {members: [a], positions: {from: [0, 0], to: [1]}}}}",
            "1:68 E0111 `to` has 1 elements; it takes 2 to 3"),
        Mistake(
            "devices: {groups: {g: {members: [a, b], tags: {z: 1}}, "
                + "h: {members: [b], tags: {z: 2}}}}",
            "1:56 E0119 the group `h` and an earlier one do not agree on the model or the tags "
                + "of `b`"
        ),
        Mistake(
            "gateway: {limits: {devices: 2}}\ndevices: {groups: {g: {members: [a, b, c]}}}",
            "2:40 E0122 more than 2 devices, counting names used before "
                + "(raise gateway.limits.devices)"),
        Mistake(
            "gateway: {limits: {properties: 1}}\nmodels: {m: {telemetry: [a, b]}}",
            "2:10 E0122 more than 1 property names (raise gateway.limits.properties)"),
    ]

    static let references = [
        Mistake(
            "devices: {groups: {g: {members: [a]}}}\n"
                + "scenarios: {s: {duration: 1h, faults: [{kind: slow, group: h, devices: [a]}]}}",
            "2:60 E0118 there is no group `h` (did you mean `g`?)"),
        Mistake(
            "devices: {groups: {g: {members: [pump]}}}\n"
                + "scenarios: {s: {duration: 1h, faults: [{kind: slow, devices: [pumq]}]}}",
            "2:63 E0118 there is no device `pumq` (did you mean `pump`?)"),
        Mistake(
            "devices: {groups: {g: {members: [a], model: m}}}\nmodels: {m: {commands: [stop]}}\n"
                + "scenarios: {s: {duration: 1h, faults: "
                + "[{kind: slow, group: g, commands: [stap]}]}}",
            "3:74 E0118 there is no command `stap` (did you mean `stop`?)"),
        Mistake(
            "devices: {groups: {g: {members: [a], model: sensr}}}\nmodels: {sensor: {}}",
            "1:45 E0118 there is no model `sensr` (did you mean `sensor`?)"),
        Mistake(
            "devices: {list: {d: {groups: [rooms]}}, groups: {room: {}}}",
            "1:31 E0118 there is no group `rooms` (did you mean `room`?)"),
        Mistake(
            "streams: {s: {sources: [{group: g, topic: t, mapping: {}}]}}",
            "1:33 E0118 there is no group `g`"),
        Mistake(
            "streams: {s: {sources: [{topic: t, mapping: {}}], "
                + "patterns: [{name: p, condition: c, actions: [log_x, update_twn]}]}}",
            "1:103 E0118 there is no action `update_twn` (did you mean `update_twin`?)"),
        Mistake(
            "devices: {groups: {g: {members: [a], model: m}}}\n"
                + "models: {m: {commands: [set_mode]}}\n"
                + "commands: {s: {target: {group: g}, steps: [{command: set_mod}]}}",
            "3:54 E0118 there is no command of m `set_mod` (did you mean `set_mode`?)"),
        Mistake(
            "devices: {groups: {g: {members: [a], model: m}}}\n"
                + "models: {m: {properties: {mode: {type: enum, values: [on, cool]}}, "
                + "commands: [set_mode]}}\n"
                + "commands: {s: {target: {group: g}, "
                + "steps: [{command: set_mode, parameters: {mode: coool}}]}}",
            "3:83 E0112 `coool` is none of on, cool (did you mean `cool`?)"),
        Mistake(
            "devices: {groups: {g: {members: [a], model: m}}}\n"
                + "models: {m: {properties: {level: {range: [0, 10]}}, commands: [set_level]}}\n"
                + "commands: {s: {target: {group: g}, "
                + "steps: [{command: set_level, parameters: {level: 11}}]}}",
            "3:85 E0111 11 is outside the range of `level`, 0.0 to 10.0"),
        Mistake(
            "devices: {groups: {g: {}}}\n"
                + "commands: {update_twin: {target: {group: g}, steps: [{command: x}]}}",
            "2:12 E0119 `update_twin` is the name of a built-in action "
                + "(call the sequence something else)"),
        Mistake(
            "devices: {groups: {g: {}}}\ncommands: {s: {target: {group: g, selection: nearest}, "
                + "steps: [{command: x}]}}",
            "2:35 E0105 `nearest` needs to know what to be near to "
                + "(write `parameters: {to_device: context.device_id}`)"),
        Mistake(
            "devices: {groups: {g: {}}}\ncommands: {s: {target: {group: g}, "
                + "steps: [{command: x}], error_handling: {initial_delay: 2m}}}",
            "2:75 E0119 `max_delay` is shorter than `initial_delay`"),
        Mistake(
            "edge_distribution: {energy: {}}",
            "1:21 E0118 there is no stream, sequence or aggregation `energy`"),
        Mistake(
            "devices: {groups: {g: {}}}\ntwin_sync: {g: {state_consistency: {healing: auto}}}",
            "2:37 E0119 `healing: auto` needs something to compare "
                + "(write `validation: command_vs_reported`)"),
        Mistake(
            "devices: {groups: {g: {members: [a], model: m}}}\nmodels: {m: {telemetry: [power]}}\n"
                + "scenarios: {s: {duration: 1h, telemetry: "
                + "[{group: g, property: powr, base_value: 1}]}}",
            "3:64 E0118 there is no property `powr` (did you mean `power`?)"),
        Mistake(
            "streams: {s: {sources: [{topic: t, mapping: {}}], processing: "
                + "[{type: aggregate, functions: [{name: n, function: avg}]}]}}",
            "1:114 E0105 `avg` needs a `field`"),
        Mistake(
            "streams: {s: {sources: [{topic: t, mapping: {}}], processing: [{type: aggregate, "
                + "functions: [{name: n, function: avg, field: t, expression: t * 2}]}]}}",
            "1:129 E0119 a function is either of a `field` or of an `expression`"),
        Mistake(
            "streams: {s: {sources: [{topic: t, mapping: {t: topic}, units: {t: celsus}}]}}",
            "1:68 E0113 no unit is spelt `celsus` (did you mean `celsius`?)"),
        Mistake(
            "streams: {s: {sources: [{topic: t, mapping: {}}], patterns: "
                + "[{name: p, condition: c}, {name: p, condition: d}]}}",
            "1:94 E0117 the pattern `p` is defined twice (it is first defined at test.yaml:1:69)"),
        Mistake(
            "models: {m: {commands: {c: {writes: {a: setpoint}}}, properties: {set_point: {}}}}",
            "1:41 E0118 the model has no property `setpoint` (did you mean `set_point`?)"),
    ]
}

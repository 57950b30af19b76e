import Model
import Wire

/// A resolved record, written as the tests want to read it.
struct Resolved: Equatable, CustomStringConvertible {
    var name: String
    var unit: String?
    var time: TelemetryPack.Time
    var value: Value?
    var sum: Double?

    init(
        _ name: String, _ unit: String? = nil, _ value: Value?,
        at time: TelemetryPack.Time = .none, sum: Double? = nil
    ) {
        self.name = name
        self.unit = unit
        self.time = time
        self.value = value
        self.sum = sum
    }

    var description: String { "\(name) \(unit ?? "-") \(value.map { "\($0)" } ?? "-") \(time)" }
}

extension TelemetryPack {
    var resolved: [Resolved] {
        records.map {
            Resolved(name(of: $0), unit(of: $0)?.symbol, $0.value, at: $0.time, sum: $0.sum)
        }
    }

    init(_ payload: [UInt8], _ format: ContentFormat) throws(WireError) {
        self.init()
        try decode(payload.span, format: format)
    }

    init(_ text: String, _ format: ContentFormat = .senmlJSON) throws(WireError) {
        try self.init(Array(text.utf8), format)
    }
}

func seconds(_ seconds: Double) -> TelemetryPack.Time {
    .absolute(Instant(milliseconds: Int64((seconds * 1000).rounded())))
}

extension SenMLTests {
    /// The examples of section 5, with what section 4.6 makes of them.
    static let examples: [(String, [Resolved])] = [
        (
            #"[{"n":"urn:dev:ow:10e2073a01080063","u":"Cel","v":23.1}]"#,
            [Resolved("urn:dev:ow:10e2073a01080063", "Cel", .number(23.1))]
        ),
        (
            """
            [ {"bn":"urn:dev:ow:10e2073a01080063:","n":"voltage","u":"V","v":120.1},
              {"n":"current","u":"A","v":1.2} ]
            """,
            [
                Resolved("urn:dev:ow:10e2073a01080063:voltage", "V", .number(120.1)),
                Resolved("urn:dev:ow:10e2073a01080063:current", "A", .number(1.2)),
            ]
        ),
        (timedExample, timedRecords),
        (
            """
            [ {"bn":"urn:dev:ow:10e2073a01080063","bt":1.320067464e+09,"bu":"%RH","v":20},
              {"u":"lon","v":24.30621}, {"u":"lat","v":60.07965}, {"t":60,"v":20.3},
              {"u":"lon","t":60,"v":24.30622}, {"u":"lat","t":60,"v":60.07965},
              {"t":120,"v":20.7}, {"u":"lon","t":120,"v":24.30623},
              {"u":"lat","t":120,"v":60.07966}, {"u":"%EL","t":150,"v":98},
              {"t":180,"v":21.2}, {"u":"lon","t":180,"v":24.30628},
              {"u":"lat","t":180,"v":60.07967} ]
            """,
            [
                ("%RH", Value.integer(20), 0), ("lon", .number(24.30621), 0),
                ("lat", .number(60.07965), 0), ("%RH", .number(20.3), 60),
                ("lon", .number(24.30622), 60), ("lat", .number(60.07965), 60),
                ("%RH", .number(20.7), 120), ("lon", .number(24.30623), 120),
                ("lat", .number(60.07966), 120), ("%EL", .integer(98), 150),
                ("%RH", .number(21.2), 180), ("lon", .number(24.30628), 180),
                ("lat", .number(60.07967), 180),
            ].map { (unit: String, value: Value, later: Double) in
                Resolved(
                    "urn:dev:ow:10e2073a01080063", unit, value,
                    at: seconds(1_320_067_464 + later))
            }
        ),
        (
            """
            [ {"n":"urn:dev:ow:10e2073a01080063","u":"%RH","t":1.320067464e+09,"v":20},
              {"n":"urn:dev:ow:10e2073a01080063","u":"lon","t":1.320067464e+09,"v":24.30621} ]
            """,
            [
                Resolved(
                    "urn:dev:ow:10e2073a01080063", "%RH", .integer(20), at: seconds(1_320_067_464)),
                Resolved(
                    "urn:dev:ow:10e2073a01080063", "lon", .number(24.30621),
                    at: seconds(1_320_067_464)),
            ]
        ),
        (
            """
            [ {"bn":"urn:dev:ow:10e2073a01080063:","n":"temp","u":"Cel","v":23.1},
              {"n":"label","vs":"Machine Room"}, {"n":"open","vb":false},
              {"n":"nfc-reader","vd":"aGkgCg"} ]
            """,
            [
                Resolved("urn:dev:ow:10e2073a01080063:temp", "Cel", .number(23.1)),
                Resolved("urn:dev:ow:10e2073a01080063:label", nil, .text("Machine Room")),
                Resolved("urn:dev:ow:10e2073a01080063:open", nil, .boolean(false)),
                Resolved("urn:dev:ow:10e2073a01080063:nfc-reader", nil, .text("aGkgCg")),
            ]
        ),
        (
            """
            [ {"bn":"2001:db8::2/","bt":1.320078429e+09,"n":"temperature","u":"Cel","v":25.2},
              {"n":"humidity","u":"%RH","v":30},
              {"bn":"2001:db8::1/","n":"temperature","u":"Cel","v":12.3},
              {"n":"humidity","u":"%RH","v":67} ]
            """,
            [
                Resolved(
                    "2001:db8::2/temperature", "Cel", .number(25.2), at: seconds(1_320_078_429)),
                Resolved("2001:db8::2/humidity", "%RH", .integer(30), at: seconds(1_320_078_429)),
                Resolved(
                    "2001:db8::1/temperature", "Cel", .number(12.3), at: seconds(1_320_078_429)),
                Resolved("2001:db8::1/humidity", "%RH", .integer(67), at: seconds(1_320_078_429)),
            ]
        ),
        (
            """
            [ {"bn":"urn:dev:ow:10e2073a01080063","bt":1.320067464e+09,"bu":"%RH","v":21.2},
              {"t":10,"v":21.3}, {"t":20,"v":21.4} ]
            """,
            [(21.2, 0), (21.3, 10), (21.4, 20)].map { (value: Double, later: Double) in
                Resolved(
                    "urn:dev:ow:10e2073a01080063", "%RH", .number(value),
                    at: seconds(1_320_067_464 + later))
            }
        ),
        (
            """
            [ {"bt":1.320078429e+09,"bu":"/","n":"2001:db8::3","v":0.5},
              {"n":"2001:db8::4","v":0.5}, {"n":"2001:db8::3","t":0.1,"v":0},
              {"n":"2001:db8::4","t":0.1,"v":0} ]
            """,
            [
                Resolved("2001:db8::3", "/", .number(0.5), at: seconds(1_320_078_429)),
                Resolved("2001:db8::4", "/", .number(0.5), at: seconds(1_320_078_429)),
                Resolved("2001:db8::3", "/", .integer(0), at: seconds(1_320_078_429.1)),
                Resolved("2001:db8::4", "/", .integer(0), at: seconds(1_320_078_429.1)),
            ]
        ),
        (
            """
            [ {"bn":"urn:dev:ow:10e2073a01080063:"}, {"n":"temp","u":"Cel","v":23.1},
              {"n":"heat","u":"/","v":1}, {"n":"fan","u":"/","v":0} ]
            """,
            [
                Resolved("urn:dev:ow:10e2073a01080063:temp", "Cel", .number(23.1)),
                Resolved("urn:dev:ow:10e2073a01080063:heat", "/", .integer(1)),
                Resolved("urn:dev:ow:10e2073a01080063:fan", "/", .integer(0)),
            ]
        ),
        (
            #"[{"bt":1.320078429e+09,"bu":"/","n":"2001:db8::3","v":1},{"n":"2001:db8::4","v":1}]"#,
            [
                Resolved("2001:db8::3", "/", .integer(1), at: seconds(1_320_078_429)),
                Resolved("2001:db8::4", "/", .integer(1), at: seconds(1_320_078_429)),
            ]
        ),
    ]

    /// Section 5.1.3, which section 6 shows in CBOR.
    static let timedExample = """
        [ {"bn":"urn:dev:ow:10e2073a0108006:","bt":1.276020076001e+09,"bu":"A","bver":5,
           "n":"voltage","u":"V","v":120.1},
          {"n":"current","t":-5,"v":1.2}, {"n":"current","t":-4,"v":1.3},
          {"n":"current","t":-3,"v":1.4}, {"n":"current","t":-2,"v":1.5},
          {"n":"current","t":-1,"v":1.6}, {"n":"current","v":1.7} ]
        """

    static let timedRecords: [Resolved] =
        [
            Resolved(
                "urn:dev:ow:10e2073a0108006:voltage", "V", .number(120.1),
                at: seconds(1_276_020_076.001))
        ]
        + [(-5.0, 1.2), (-4, 1.3), (-3, 1.4), (-2, 1.5), (-1, 1.6), (0, 1.7)].map {
            Resolved(
                "urn:dev:ow:10e2073a0108006:current", "A", .number($1),
                at: seconds(1_276_020_076.001 + $0))
        }

    static let timedCBOR = hex(
        """
        87 a7 21 78 1b 75726e3a6465763a6f773a3130653230373361303130383030363a
        22 fb 41d303a15b00106a 23 61 41 20 05 00 67 766f6c74616765 01 61 56
        02 fb 405e066666666666
        a3 00 67 63757272656e74 06 24 02 fb 3ff3333333333333
        a3 00 67 63757272656e74 06 23 02 fb 3ff4cccccccccccd
        a3 00 67 63757272656e74 06 22 02 fb 3ff6666666666666
        a3 00 67 63757272656e74 06 21 02 f9 3e00
        a3 00 67 63757272656e74 06 20 02 fb 3ff999999999999a
        a3 00 67 63757272656e74 06 00 02 fb 3ffb333333333333
        """)

    /// A SenML JSON document with CBOR's labels, and data as bytes.
    static func cbor(_ document: Document) -> [UInt8] {
        let labels: [String: Int64] = [
            "bver": -1, "bn": -2, "bt": -3, "bu": -4, "bv": -5, "bs": -6, "n": 0, "u": 1, "v": 2,
            "vs": 3, "vb": 4, "s": 5, "t": 6, "ut": 7, "vd": 8,
        ]
        guard case .array(let records) = document else { return [] }
        return Document.array(
            records.map { record in
                guard case .map(let entries) = record else { return record }
                return .map(
                    entries.map { entry in
                        guard case .text(let label) = entry.key, let number = labels[label]
                        else { return entry }
                        // The data of the RFC's example.
                        let value = label == "vd" ? .bytes([0x68, 0x69, 0x20, 0x0a]) : entry.value
                        return .init(.integer(number), value)
                    })
            }
        ).cbor
    }
}

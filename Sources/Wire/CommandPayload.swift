package import Model

extension Transmission {
    /// What the device is sent: the command id as 32 hexadecimal digits under `id`, by which it
    /// drops repeats, the fence where there is one, the phase of a command that it is prepared for,
    /// then the parameters in their order; nil for questions, which have no payload.
    ///
    /// Parameters of these names give way to them.
    package var document: Document? {
        var entries = [Document.Entry("id", .text(command.description))]
        if fence > 0 {
            entries.append(Document.Entry("fence", .integer(Int64(clamping: fence))))
        }
        switch purpose {
        case .execute: break
        case .prepare, .release: entries.append(Document.Entry("phase", .text("\(purpose)")))
        case .probe, .cancel: return nil
        }
        let taken = ["id", "fence", "phase"]
        for field in parameters where !taken.contains(field.name) {
            entries.append(Document.Entry(field.name, Document(field.value)))
        }
        return .map(entries)
    }

    /// The payload in the formats devices take, empty for questions; nil for other formats.
    package func payload(_ format: ContentFormat) -> [UInt8]? {
        switch format {
        case .cbor: document?.cbor ?? []
        case .json: document?.json ?? []
        default: nil
        }
    }
}

extension CommandResponse.Outcome {
    /// What a device's response says: its code as class * 100 + detail, and perhaps a map of what
    /// it knows of the command.
    package init(
        to purpose: Transmission.Purpose, code: Int, payload: [UInt8], isJSON: Bool = false
    ) {
        let isAbout = purpose == .probe || purpose == .cancel
        guard (200..<300).contains(code) else {
            self =
                isAbout && code == 404
                ? .unknown
                : .refused(
                    code: code, diagnostic: String(decoding: payload.prefix(128), as: UTF8.self))
            return
        }
        let report =
            payload.isEmpty ? nil : Document(payload, isJSON: isJSON).flatMap { Self(report: $0) }
        self =
            switch report {
            case .accepted?: .accepted(code: code)
            case let report?: report
            case nil: .acknowledged(code: code)
            }
    }

    /// What a device tells of a command: a map of `state` and, where they mean something,
    /// `percent`, `reason`, `transient` and `output`; nil where it tells nothing.
    package init?(report: Document) {
        guard case .text(let state)? = report["state"] else { return nil }
        switch state {
        case "accepted": self = .accepted(code: 204)
        case "executing":
            self = .progress(
                percent: report["percent"].flatMap { Value($0)?.double }.map {
                    Int(min(max($0, 0), 100))
                })
        case "succeeded":
            guard case .map(let entries)? = report["output"] else {
                self = .completed(output: [])
                return
            }
            self = .completed(
                output: entries.prefix(64).compactMap { entry in
                    guard case .text(let name) = entry.key else { return nil }
                    return Field(name, Value(entry.value))
                })
        case "failed":
            var reason = ""
            if case .text(let text)? = report["reason"] { reason = String(text.prefix(200)) }
            self = .unsuccessful(
                isTransient: report["transient"] == .boolean(true), reason: reason)
        case "cancelled": self = .cancelled
        default: return nil
        }
    }
}

extension Document {
    /// A device's map, as JSON where it says so, else as CBOR; nil where it is neither.
    fileprivate init?(_ payload: [UInt8], isJSON: Bool) {
        do throws(WireError) {
            self =
                isJSON
                ? try Document(json: payload.span) : try Document(cbor: payload.span)
        } catch { return nil }
    }
}

extension CommandID {
    /// Reads the 32 hexadecimal digits of `description`.
    package init?(digits: String) {
        guard digits.utf8.count == 32, let first = digits.utf8.first, first != UInt8(ascii: "+"),
            first != UInt8(ascii: "-"), let value = UInt128(digits, radix: 16)
        else { return nil }
        self.init(value: value)
    }
}

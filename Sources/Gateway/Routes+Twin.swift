import CoAP
import Config
import Engine
import Loop
import Model
import Wire

/// `/twin/{device}`, one property of it, and what is desired of it: read, observed, and written by
/// those who may.
extension Gateway {
    /// How long a twin that was read stays true, seconds. Who observes hears of changes at once,
    /// and renews its interest after this long: so observing goes on after a restart.
    static let twinMaxAge: UInt32 = 60

    func routeTwin(_ request: Request) throws(Refusal) -> Disposition {
        switch request.method {
        case .get: return try readTwin(request)
        case .patch, .ipatch:
            if request.path.matches(2, "desired") { return try wish(request) }
            return try report(request)
        default:
            throw Refusal(
                .methodNotAllowed, "a twin takes GET, PATCH and iPATCH", .methodNotAllowed)
        }
    }

    private func readTwin(_ request: Request) throws(Refusal) -> Disposition {
        if request.isConditional {
            throw Refusal(.badOption, "If-Match and If-None-Match do not apply", .malformedRequest)
        }
        let resource = try twinResource(request)
        guard let picture = TwinPicture(resource, of: engine) else {
            throw Refusal(
                .notFound,
                "\(request.path.string(1)) has no property '\(request.path.string(2))'",
                .unknownProperty)
        }
        let format = request.accept ?? .json
        guard let payload = picture.payload(format) else {
            throw Refusal(
                .notAcceptable,
                "content format \(format.rawValue) not available; accept 50, 60, 110 or 112",
                .notAcceptable)
        }
        let isKnown = request.etags.contains(picture.etag)
        var response = Response(
            isKnown ? .valid : .content, format: isKnown ? nil : format,
            payload: isKnown ? [] : payload, maxAge: Gateway.twinMaxAge, etag: picture.etag)
        let key = RelationKey(request.peer, request.token)
        switch request.observe {
        case 0?:
            let interest = Interest(resource: resource, format: format)
            let registered = relations.register(
                key, resource.device, interest, told: picture.etag, now: Clock.monotonic)
            response.observe = registered?.sequence
            if registered?.mustProve == true {
                endpoint.ping(request.peer, now: Clock.monotonic)
            }
        case 1?: relations.cancel(key)
        default: break
        }
        return .reply(response)
    }

    func twinResource(_ request: Request) throws(Refusal) -> TwinResource {
        let device = try knownDevice(request)
        guard request.path.count == 3 else { return TwinResource(device, .whole) }
        guard request.path.matches(2, "desired") else {
            return TwinResource(device, .property(request.path.string(2)))
        }
        guard let text = query("since", of: request) else {
            return TwinResource(device, .desired(since: 0))
        }
        guard let since = Int64(text), since >= 0 else {
            throw Refusal(.badRequest, "since is a version", .malformedRequest)
        }
        return TwinResource(device, .desired(since: since))
    }

    /// The device that the path names.
    func knownDevice(_ request: Request) throws(Refusal) -> Device {
        let name = request.path.bytes.span.extracting(request.path.range(1))
        guard let device = engine.registry.device(named: name) else {
            throw Refusal(
                .notFound, "no device is called '\(request.path.string(1))'", .unknownDevice)
        }
        return device
    }

    /// The first value of `name=value` in the query.
    func query(_ name: String, of request: Request) -> String? {
        for text in request.queries.strings {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2, parts[0] == name { return String(parts[1]) }
        }
        return nil
    }

    /// RFC 7252 section 5.10.8: refuses what is asked for only under a condition that does not
    /// hold, with the state that does. So is a second one in a turn, for nobody knows yet what the
    /// first will have made of the twin.
    func check(_ request: Request, _ resource: TwinResource) throws(Refusal) -> Response? {
        guard request.isConditional, let picture = TwinPicture(resource, of: engine) else {
            return nil
        }
        let exists =
            if case .map(let desired)? = picture.document["desired"] { !desired.isEmpty } else {
                true
            }
        let isMatched =
            request.ifMatch.isEmpty
            || request.ifMatch.contains { $0.isEmpty ? exists : $0 == picture.etag }
        if isMatched, !(request.ifNoneMatch && exists), !turn.touches(resource.device) {
            return nil
        }
        counters.count(
            Refusal(.preconditionFailed, "the twin has changed", .preconditionFailed))
        let document = picture.document.json
        guard document.count <= 1_024 else {
            return Response(
                .preconditionFailed, payload: Array("the twin has changed".utf8),
                etag: picture.etag)
        }
        return Response(
            .preconditionFailed, format: .json, payload: document, etag: picture.etag)
    }

    // MARK: Writing

    /// The device tells values of its own, as it does at `/telemetry/{device}`.
    private func report(_ request: Request) throws(Refusal) -> Disposition {
        let device = try knownDevice(request)
        if let refused = try check(request, TwinResource(device, .whole)) {
            return .reply(refused)
        }
        return try receiveTelemetry(request)
    }

    /// Somebody wishes values, or with null takes a wish back. `slot=1...16` says how urgent it is
    /// (8 where it does not), `for=1h` how long it is wished.
    private func wish(_ request: Request) throws(Refusal) -> Disposition {
        let device = try knownDevice(request)
        let resource = TwinResource(device, .desired(since: 0))
        if let refused = try check(request, resource) { return .reply(refused) }
        let writes = try wishes(request, device)
        if let refusal = intakeRefusal(queued: turn.inputs.count) { throw refusal }
        turn.inputs.append(.exchange(request.exchangeKey.rawValue))
        for write in writes { turn.inputs.append(.desired(write)) }
        turn.promises.append(.wish(request.ticket, resource))
        return .deferred
    }

    private func wishes(
        _ request: Request, _ device: Device
    ) throws(Refusal) -> [DesiredWrite] {
        var pack = TelemetryPack()
        let format = Telemetry.packFormat(request.contentFormat)
        do throws(WireError) {
            try pack.decode(request.payload.span, format: format)
        } catch {
            if case .unsupportedFormat = error {
                throw Refusal(
                    .unsupportedContentFormat,
                    "send a merge patch in 50, 52 or 60, or SenML in 320 or 322",
                    .unsupportedFormat)
            }
            throw Refusal(.badRequest, error.description, .malformedPayload)
        }
        guard pack.nonFiniteCount == 0, format != .text else {
            throw Refusal(.badRequest, "a wish is a value or null", .noValue)
        }
        var form = DesiredWrite(
            device, Property(index: 0), nil, source: .operatorRequest, slot: .manualOperator)
        try terms(slot: query("slot", of: request), span: query("for", of: request), of: &form)
        var writes: [DesiredWrite] = []
        for record in pack.records {
            let name = pack.name(of: record).split { $0 == "/" || $0 == ":" }.last ?? ""
            var write = form
            (write.property, write.value) = try desired(
                String(name), record.value, record.unit, spelling: pack.unknownUnit, of: device)
            writes.append(write)
        }
        return writes
    }

    /// The slot and the time a wish is to hold, as they are written in a query or on a command
    /// line.
    func terms(
        slot: String?, span: String?, of write: inout DesiredWrite
    ) throws(Refusal) {
        if let slot {
            guard let chosen = Int(slot).flatMap({ DesiredWrite.Slot($0) }) else {
                throw Refusal(.badRequest, "a slot is 1 to 16", .malformedRequest)
            }
            write.slot = chosen
        }
        if let span {
            guard let length = Milliseconds(span), length > .zero else {
                throw Refusal(.badRequest, "'\(span)' is no length of time", .malformedRequest)
            }
            write.expires = turn.now + length
        }
    }

    /// A wish as the property can take it.
    func desired(
        _ name: String, _ value: Value?, _ unit: TelemetryPack.UnitReference = .none,
        spelling: String? = nil, of device: Device
    ) throws(Refusal) -> (Property, Value?) {
        guard let index = engine.registry.entry(device)?.model else {
            if let property = engine.registry.property(named: name) { return (property, value) }
            return (try turn.accept(propertyNamed: name, engine: &engine), value)
        }
        let owner = engine.registry.models[index]
        guard let property = engine.registry.property(named: name),
            let model = engine.registry.model(of: property, on: device)
        else {
            let guess = didYouMean(name, among: owner.properties.map(\.name))
            throw Refusal(
                .notFound,
                "\(owner.name) has no property '\(name)'"
                    + (guess.map { "; did you mean \($0)?" } ?? ""), .unknownProperty)
        }
        guard model.isWritable else {
            throw Refusal(.unprocessableEntity, "\(name) is not writable", .notWritable)
        }
        guard let value else { return (property, nil) }
        return (property, try model.accept(value, unit: unit, spelling: spelling))
    }
}

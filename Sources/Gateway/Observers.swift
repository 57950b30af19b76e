package import CoAP
import Engine
import Loop
package import Model

package typealias RelationKey = RelationTable<Device, Interest>.Key

/// What an observer wants to be told, and how.
package struct Interest: Sendable {
    var resource: TwinResource
    var format: CoAP.ContentFormat
}

/// Observers are told of a change when the turn that made it is durable, once for each turn at
/// most.
extension Gateway {
    /// Makes the notifications of this turn, and the lines for those who watch, which leave once
    /// `ticket` is durable.
    func tellObservers(until ticket: UInt64) {
        let isWatched = inquiry.watchers.count > 0
        if !isWatched, !watched.isEmpty { watched = [:] }
        guard isWatched || !relations.isEmpty else { return }
        if isWatched { tellWatchers(Set(changedTwins), until: ticket) }
        for device in changedTwins where relations.isObserved(device) {
            for key in relations.changed(device) { hold(key, until: ticket) }
        }
    }

    /// Makes a notification, if there is anything new to tell.
    private func hold(_ key: RelationKey, until ticket: UInt64) {
        guard let (_, interest, told) = relations.interest(key) else { return }
        guard let picture = TwinPicture(interest.resource, of: engine),
            let payload = picture.payload(interest.format)
        else {
            relations.hold(key, telling: [])
            let gone = Response.error(.notFound, "the twin is gone")
            return held.add(notification: key, gone, until: ticket)
        }
        guard picture.etag != told else { return }
        relations.hold(key, telling: picture.etag)
        let response = Response(
            .content, format: interest.format, payload: payload, maxAge: Gateway.twinMaxAge,
            etag: picture.etag)
        held.add(notification: key, response, until: ticket)
    }

    /// Sends a notification whose turn is durable.
    func notify(_ key: RelationKey, _ notification: Response) {
        guard let terms = relations.release(key, now: Clock.monotonic) else { return }
        var response = notification
        // Section 4.2: a response of another class ends the relation, and has no sequence.
        let isLast = !response.code.isSuccess
        response.observe = isLast ? nil : terms.sequence
        let id = endpoint.notify(
            key.peer, key.token, response, isConfirmable: terms.isConfirmable,
            now: Clock.monotonic)
        if isLast {
            relations.cancel(key)
        } else if let id, relations.sent(key, messageID: id) {
            hold(key, until: newestTicket)
        }
    }

    /// Something is heard of a peer that observes, or would.
    func note(_ peer: SocketAddress, _ sign: CoAPEndpoint.Sign) {
        switch sign {
        case .alive: for key in relations.prove(peer) { hold(key, until: newestTicket) }
        case .reset(let messageID): relations.reset(peer, messageID: messageID)
        case .silent: relations.lose(peer)
        }
    }
}

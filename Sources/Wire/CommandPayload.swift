package import Model

extension Transmission {
    /// What the device is sent: the command id as 32 hexadecimal digits under `id`, by which it
    /// drops repeats, then the parameters in their order.
    ///
    /// A parameter named `id` gives way to it.
    package var document: Document {
        let named = parameters.filter { $0.name != "id" }
        return Document([Field("id", .text(command.description))] + named)
    }

    /// The payload in the formats devices take; nil for others.
    package func payload(_ format: ContentFormat) -> [UInt8]? {
        switch format {
        case .cbor: document.cbor
        case .json: document.json
        default: nil
        }
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

import Model

/// Objects of the LwM2M registry, in the XML files that describe them: each a model, bound to the
/// object's first instance, `/3303/0/5700`.
package struct ObjectRegistry {
    private var losses: [Loss] = []

    /// Reads the objects of one file.
    package static func models(_ bytes: [UInt8]) throws(InterchangeError) -> Imported {
        let root = try XMLReader.read(bytes)
        guard root.name == "LWM2M" else {
            throw .wrongContent("a registry file begins with <LWM2M>, not <\(root.name)>")
        }
        let objects = root.children.filter { $0.name == "Object" }
        guard !objects.isEmpty else { throw .wrongContent("there is no <Object> in the file") }
        var reader = ObjectRegistry()
        var names = NameList()
        var models: [DeviceModel] = []
        for object in objects {
            models.append(try reader.model(object, &names))
        }
        return Imported(models: models, losses: reader.losses)
    }

    private mutating func model(
        _ object: XMLReader.Element, _ names: inout NameList
    ) throws(InterchangeError) -> DeviceModel {
        let title = object["Name"]?.text ?? ""
        guard let number = object["ObjectID"].flatMap({ UInt16($0.text) }) else {
            throw .wrongContent("the object \(title) has no number")
        }
        let wanted = NameList.snake(title)
        var model = DeviceModel(
            name: names.name(wanted.isEmpty ? "object_\(number)" : wanted, at: title, &losses))
        if let version = object["ObjectVersion"]?.text, !version.isEmpty {
            if let version = DeviceModel.version(version) {
                model.version = version
            } else {
                lose("\(title).ObjectVersion", "versions are numbers here")
            }
        }
        if object["MultipleInstances"]?.text == "Multiple" {
            lose("\(title).MultipleInstances", "bound to instance 0; write a model for others")
        }
        var propertyNames = NameList()
        var commandNames = NameList()
        for item in (object["Resources"]?.children ?? []).filter({ $0.name == "Item" }).prefix(1024)
        {
            guard
                let id = item.attributes.first(where: { $0.name == "ID" })
                    .flatMap({ UInt16($0.value) })
            else {
                lose("\(title).Resources", "a resource has no number")
                continue
            }
            let path = "\(title).\(id)"
            let name = NameList.snake(item["Name"]?.text ?? "")
            let named = name.isEmpty ? "resource_\(id)" : name
            let operations = item["Operations"]?.text ?? ""
            if operations.contains("E") {
                var command = CommandModel(name: commandNames.name(named, at: path, &losses))
                command.path = ["\(number)", "0", "\(id)"]
                command.isIdempotent = false
                model.commands.append(command)
            } else if var property = property(item, at: path) {
                property.name = propertyNames.name(named, at: path, &losses)
                property.isWritable = operations.contains("W")
                property.lwm2m = "/\(number)/0/\(id)"
                model.properties.append(property)
            }
        }
        return model
    }

    private mutating func property(
        _ item: XMLReader.Element, at path: String
    ) -> PropertyModel? {
        if item["MultipleInstances"]?.text == "Multiple" {
            lose(path, "a property has one value, and this resource has many")
            return nil
        }
        let word = item["Type"]?.text ?? ""
        guard let type = ObjectRegistry.types[word] else {
            lose(path, "no type of ours holds \(word.isEmpty ? "no type" : word)")
            return nil
        }
        var property = PropertyModel(name: "", type: type)
        let units = item["Units"]?.text ?? ""
        if !units.isEmpty {
            if let unit = Unit(units), property.isNumeric {
                property.unit = unit
            } else {
                lose(path + ".Units", "no unit of ours is \(units)")
            }
        }
        let limits = item["RangeEnumeration"]?.text ?? ""
        if !limits.isEmpty {
            property.range = property.isNumeric ? ObjectRegistry.range(limits) : nil
            if property.range == nil {
                lose(path + ".RangeEnumeration", "no range of numbers is \(limits)")
            }
        } else if word == "Unsigned Integer" {
            property.range = 0...9_007_199_254_740_991
        }
        return property
    }

    private static let types: [String: ValueType] = [
        "Float": .number, "Integer": .integer, "Unsigned Integer": .integer, "Boolean": .boolean,
        "String": .text, "Time": .timestamp, "Corelnk": .text,
    ]

    /// `0..100`, `-100..100` or `0-100`.
    private static func range(_ text: String) -> ClosedRange<Double>? {
        let plain = text.filter { $0 != " " }
        var ends = plain.split(separator: "..", omittingEmptySubsequences: false)
        if ends.count == 1 {
            let first = plain.dropFirst().firstIndex(of: "-") ?? plain.endIndex
            guard first < plain.endIndex else { return nil }
            ends = [plain[..<first], plain[plain.index(after: first)...]]
        }
        guard ends.count == 2, let low = Double(ends[0]), let high = Double(ends[1]), low <= high,
            abs(low) <= 1e300, abs(high) <= 1e300
        else { return nil }
        return low...high
    }

    private mutating func lose(_ path: String, _ reason: String) {
        losses.append(Loss(path, reason))
    }
}

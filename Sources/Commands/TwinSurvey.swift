package import Model

/// What selections and rehearsals ask of the twins besides.
package protocol TwinSurvey: TwinReader {
    /// When the device was last heard of.
    func lastSeen(_ device: Device) -> Instant?
    /// What somebody wishes the property to be.
    func desired(_ property: Property, of device: Device) -> Value?
}

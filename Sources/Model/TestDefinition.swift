/// What a workflow expects of itself, as it is written under `tests`.
package struct TestDefinition: Sendable {
    package var name: String
    /// The time at which the test begins; nil for that of simulations.
    package var start: Instant?
    /// How long it lasts; nil ends it some time after the last moment it names.
    package var duration: Milliseconds?
    /// In the order in which they are written.
    package var events: [Event]
    package var matches: [ExpectedMatch] = []
    /// The patterns whose matches count; nil for all of them.
    package var only: [Located<String>]?
    package var rows: [ExpectedRow] = []
    /// Nil where commands do not matter; empty where none may be sent.
    package var commands: [ExpectedCommand]?

    package init(
        name: String, start: Instant? = nil, duration: Milliseconds? = nil, events: [Event] = []
    ) {
        self.name = name
        self.start = start
        self.duration = duration
        self.events = events
    }

    /// One message of a device.
    package struct Event: Sendable {
        /// Since the test's beginning, as every `at`.
        package var at: Milliseconds
        package var device: Located<String>
        /// As its model has them, once the configuration is complete.
        package var values: [Located<Field>]

        package init(at: Milliseconds, device: Located<String>, values: [Located<Field>]) {
            self.at = at
            self.device = device
            self.values = values
        }
    }

    /// A match that must be found.
    package struct ExpectedMatch: Sendable {
        package var pattern: Located<String>
        /// Nil for any device, or none.
        package var device: Located<String>?
        /// Nil for any time.
        package var at: Milliseconds?

        package init(
            pattern: Located<String>, device: Located<String>? = nil, at: Milliseconds? = nil
        ) {
            self.pattern = pattern
            self.device = device
            self.at = at
        }
    }

    /// A row that must be found; only what is named is compared.
    package struct ExpectedRow: Sendable {
        /// A stream or an aggregation.
        package var stream: Located<String>
        package var window: String?
        /// The row's end; nil for any.
        package var at: Milliseconds?
        package var key: [Field]
        package var values: [Field]

        package init(
            stream: Located<String>, window: String? = nil, at: Milliseconds? = nil,
            key: [Field] = [], values: [Field] = []
        ) {
            self.stream = stream
            self.window = window
            self.at = at
            self.key = key
            self.values = values
        }
    }

    /// A command that must be sent.
    package struct ExpectedCommand: Sendable {
        package var device: Located<String>
        package var command: String

        package init(device: Located<String>, command: String) {
            self.device = device
            self.command = command
        }
    }
}

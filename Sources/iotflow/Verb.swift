import Arguments

/// One thing that `iotflow` can be asked to do.
struct Verb: Sendable {
    var name: String
    var summary: String
    var usage: Usage
    /// Does it and returns the exit status: 0 done, 1 not so, 2 where verbs that compare cannot
    /// tell, 64 usage, 69 no gateway to ask.
    var run: @Sendable (Arguments) throws(UsageError) -> Int32
}

extension Option {
    static let json = Option("json", "j", "print JSON")
    static let data = Option(
        "data", "d", argument: "DIR", "the gateway's data directory [/var/lib/iotflow]")
    static let socket = Option(
        "socket", "s", argument: "PATH", "the gateway's control socket [in the data directory]")
}

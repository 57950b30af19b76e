import Arguments
import Gateway
import Glibc
import Loop

let usage = Usage(
    "iotflowd --config PATH… [--data DIR] [--listen ADDR:PORT]…",
    "Runs the IoT workflow gateway in the foreground until SIGTERM. SIGHUP reads the\n"
        + "configuration again; one with errors changes nothing.",
    options: [
        Option("config", "c", argument: "PATH", "a file or directory; may be repeated"),
        Option("data", "d", argument: "DIR", "where the store is, in place of the configuration's"),
        Option(
            "listen", "l", argument: "ADDR:PORT",
            "serve CoAP there, in place of the configuration's; may be repeated"),
        Option("socket", "s", argument: "PATH", "the control socket that iotflow asks"),
        Option(
            "start-empty", nil,
            "where the checkpoint cannot be read, start with empty windows and patterns"),
        .help, .version,
    ],
    notes: "Exit status: 0 stopped, 64 usage, 69 something is not available, 78 configuration.")

func run() -> Int32 {
    do {
        let arguments = try Arguments(
            Array(CommandLine.arguments.dropFirst()), options: usage.options)
        if arguments.has("help") {
            printText(usage.text)
            return 0
        }
        if arguments.has("version") {
            printText("iotflowd \(version)\n")
            return 0
        }
        guard arguments.operands.isEmpty else {
            throw UsageError("no operand is expected: \(arguments.operands[0])")
        }
        let configured = arguments.all("config")
        let gateway = try Gateway.start(
            GatewayOptions(
                paths: configured.isEmpty ? ["/etc/iotflow"] : configured,
                data: arguments["data"], listen: arguments.all("listen"),
                socket: arguments["socket"], startsEmpty: arguments.has("start-empty")))
        try gateway.run()
        return 0
    } catch let error as UsageError {
        printError("iotflowd: \(error)\nTry 'iotflowd --help'.")
        return 64
    } catch let error as StartError {
        if case .unavailable(let reason) = error { printError("iotflowd: \(reason)") }
        return error.exitCode
    } catch {
        printError("iotflowd: \(error)")
        return 70
    }
}

exit(run())

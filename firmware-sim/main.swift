import Arguments
import CoAP
import Glibc
import Loop

func run() -> Int32 {
    do {
        let arguments = try Arguments(
            Array(CommandLine.arguments.dropFirst()), options: Options.usage.options)
        if arguments.has("help") {
            printText(Options.usage.text)
            return 0
        }
        if arguments.has("version") {
            printText("firmware-sim \(version)\n")
            return 0
        }
        return try play(Options(arguments))
    } catch let error as UsageError {
        printError("firmware-sim: \(error)\nTry 'firmware-sim --help'.")
        return 64
    } catch StartError.configuration(let text) {
        printError("firmware-sim: \(text)")
        return 78
    } catch {
        printError("firmware-sim: \(error)")
        return 69
    }
}

exit(run())

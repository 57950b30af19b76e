import Glibc

/// Seconds of processor time that this process has used.
func processorTime() -> Double {
    var time = timespec()
    // Safe: `time` outlives the call.
    unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

func fail() -> Never { exit(1) }

/// Megabytes of memory that this process has in use.
func residentMegabytes() -> Double {
    // Safe: the file is closed here, and the buffer is as long as is said.
    guard let file = unsafe fopen("/proc/self/statm", "r") else { return 0 }
    defer { unsafe fclose(file) }
    var text = [UInt8](repeating: 0, count: 256)
    let count = unsafe fread(&text, 1, text.count, file)
    let fields = text[..<count].split(separator: UInt8(ascii: " "))
    guard fields.count > 1, let pages = Double(String(decoding: fields[1], as: UTF8.self)) else {
        return 0
    }
    return pages * Double(sysconf(Int32(_SC_PAGESIZE))) / 1e6
}

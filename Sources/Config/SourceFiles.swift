import Glibc
import Model

/// Finds and reads configuration files.
enum SourceFiles {
    /// The files that paths stand for, each once, in the order in which they are read.
    static func list(_ paths: [String], _ report: Report) -> [String] {
        var files: [String] = []
        for path in paths {
            let found: [String]
            if !isDirectory(path) {
                found = [path]
            } else if exists(path + "/iotflow.yaml") {
                let parts = path + "/conf.d"
                found =
                    [path + "/iotflow.yaml"] + (isDirectory(parts) ? yaml(in: parts, report) : [])
            } else {
                found = yaml(in: path, report)
                if found.isEmpty {
                    fail(path, "the directory has no *.yaml file", report)
                }
            }
            for file in found where !files.contains(file) { files.append(file) }
        }
        return files
    }

    /// A file's bytes; nil with the reason reported where it cannot be read. Of a file that is
    /// longer than `limit` more than that comes back.
    static func read(
        _ file: String, limit: Int = NodeReader.Limits().bytes, at place: Place? = nil,
        _ report: Report
    ) -> [UInt8]? {
        let place = place ?? Place(file: file, line: 1, column: 1)
        // The path is copied into a C string for the call.
        let descriptor = unsafe open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            fail(file, reason(), at: place, report)
            return nil
        }
        defer { close(descriptor) }
        var status = stat()
        // The struct is ours; fstat fills it.
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            fail(file, "it is not a regular file", at: place, report)
            return nil
        }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 64 << 10)
        // One byte more than is allowed tells the reader that the file is too large.
        while bytes.count <= limit {
            // `read` writes at most the array's own length.
            let count = unsafe block.withUnsafeMutableBytes { buffer in
                unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            }
            if count == 0 { return bytes }
            if count < 0 {
                if errno == EINTR { continue }
                fail(file, reason(), at: place, report)
                return nil
            }
            bytes += block[..<count]
        }
        return bytes
    }

    /// A file of any kind, at most as long as a configuration's; nil where it cannot be read, with
    /// the reason in `report`.
    static func whole(_ file: String, _ report: Report) -> [UInt8]? {
        guard let bytes = read(file, report) else { return nil }
        guard bytes.count <= NodeReader.Limits().bytes else {
            fail(file, "it has more than \(NodeReader.Limits().bytes) bytes", report)
            return nil
        }
        return bytes
    }

    private static func yaml(in directory: String, _ report: Report) -> [String] {
        // The stream is closed before this returns; names are copied out of its entries.
        guard let stream = unsafe opendir(directory) else {
            fail(directory, reason(), report)
            return []
        }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            // `d_name` is NUL-terminated within the entry.
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            if name.hasSuffix(".yaml"), !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted().map { "\(directory)/\($0)" }
    }

    private static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        // The struct is ours; stat fills it.
        return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    private static func exists(_ path: String) -> Bool {
        // The path is copied into a C string for the call.
        unsafe access(path, F_OK) == 0
    }

    private static func reason() -> String {
        // `strerror`'s text is copied at once.
        unsafe String(cString: strerror(errno))
    }

    private static func fail(
        _ file: String, _ reason: String, at place: Place? = nil, _ report: Report
    ) {
        report.add(
            .unreadableFile, "cannot read \(file): \(reason)",
            at: place ?? Place(file: file, line: 1, column: 1))
    }
}

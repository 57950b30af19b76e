import Foundation
import Model
import Store
import Testing

@Suite struct DirectoryTests {
    @Test func anAbsentDirectoryIsCreatedAndTheIdentityStays() throws {
        let parent = TemporaryDirectory()
        let path = parent.path + "/data"
        let (gateway, epoch): (String, UInt64)
        do {
            let store = try Store.open(StoreConfiguration(path: path))
            (gateway, epoch) = (store.gateway, store.epoch)
            #expect(gateway.count == 8 && gateway.allSatisfy(\.isHexDigit))
            #expect(epoch > 1_700_000_000)
        }
        let again = try Store.open(StoreConfiguration(path: path))
        #expect(again.gateway == gateway && again.epoch == epoch)
    }

    @Test func twoStoresHaveTwoNames() throws {
        let (one, two) = (TemporaryDirectory(), TemporaryDirectory())
        let names = try [one, two].map { try Store.open(configuration($0)).gateway }
        #expect(names[0] != names[1])
    }

    @Test func aFileSystemOfOurOwnMayHaveItsLostAndFound() throws {
        let directory = TemporaryDirectory()
        try FileManager.default.createDirectory(
            atPath: directory.path + "/lost+found", withIntermediateDirectories: false)
        _ = try Store.open(configuration(directory))
    }

    @Test func aDirectoryWithOtherFilesIsRefusedAndLeftAlone() throws {
        let directory = TemporaryDirectory()
        try directory.write("precious", to: "thesis.txt")
        let before = try directory.contents()
        #expect(throws: StoreError.foreignFile(path: directory.path, file: "thesis.txt")) {
            try Store.open(configuration(directory))
        }
        #expect(try directory.contents() == before)
    }

    @Test(arguments: ["not a database, but long enough to be read as one", "x"])
    func aDatabaseFileThatIsNoneIsRefusedAndLeftAlone(content: String) throws {
        let directory = TemporaryDirectory()
        try directory.write(String(repeating: content, count: 1000), to: "data.mdb")
        let before = try directory.contents()
        #expect(throws: StoreError.foreignDatabase(path: directory.path)) {
            try Store.open(configuration(directory))
        }
        #expect(throws: StoreError.foreignDatabase(path: directory.path)) {
            try Store.openReadOnly(directory.path)
        }
        #expect(try directory.contents() == before)
    }

    /// Another program's LMDB file: one without our tables, one without our magic.
    @Test(arguments: [("meta", "atem"), ("iotflow store", "another store")])
    func aDatabaseOfAnotherProgramIsRefusedAndLeftAlone(ours: String, theirs: String) throws {
        let directory = TemporaryDirectory()
        do { _ = try Store.open(configuration(directory)) }
        try directory.patch(Array(ours.utf8), Array(theirs.utf8))
        for file in ["lock", "lock.mdb"] {
            try FileManager.default.removeItem(atPath: directory.path + "/" + file)
        }
        let before = try directory.contents()
        #expect(throws: StoreError.foreignDatabase(path: directory.path)) {
            try Store.open(configuration(directory))
        }
        #expect(throws: StoreError.foreignDatabase(path: directory.path)) {
            try Store.openReadOnly(directory.path)
        }
        #expect(try directory.contents() == before)
    }

    @Test func aNewerSchemaIsRefusedWithBothVersions() throws {
        let directory = TemporaryDirectory()
        do { _ = try Store.open(configuration(directory)) }
        let magic = Array("iotflow store".utf8)
        try directory.patch(magic + [1], magic + [99])
        let expected = StoreError.newerSchema(path: directory.path, found: 99, known: 1)
        #expect(throws: expected) { try Store.open(configuration(directory)) }
        #expect(throws: expected) { try Store.openReadOnly(directory.path) }
        #expect(expected.description.contains("99"))
        #expect(expected.description.contains("up to 1"))
    }

    @Test func aRegularFileIsRefused() throws {
        let directory = TemporaryDirectory()
        try directory.write("a file", to: "file")
        let path = directory.path + "/file"
        #expect(throws: StoreError.notADirectory(path: path)) {
            try Store.open(StoreConfiguration(path: path))
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "a file")
    }

    @Test func aMissingParentIsReported() {
        #expect(throws: StoreError.self) {
            try Store.open(StoreConfiguration(path: "/nonexistent/iotflow/data"))
        }
    }

    @Test(.enabled(if: geteuid() != 0, "root reads everything"))
    func anUnreadableDirectoryIsRefused() throws {
        let directory = TemporaryDirectory()
        let files = FileManager.default
        try files.setAttributes([.posixPermissions: 0], ofItemAtPath: directory.path)
        defer {
            try? files.setAttributes([.posixPermissions: 0o700], ofItemAtPath: directory.path)
        }
        #expect(
            throws: StoreError.system(operation: "open \(directory.path)", code: EACCES)
        ) { try Store.open(configuration(directory)) }
    }

    /// What a first start leaves that was killed before its first commit.
    @Test(arguments: [[], ["lock"], ["lock", "data.mdb"], ["lock", "data.mdb", "lock.mdb"]])
    func aFirstStartCutShortIsTakenUpAgain(files: [String]) throws {
        let directory = TemporaryDirectory()
        for file in files { try directory.write("", to: file) }
        _ = try Store.open(configuration(directory))
    }

    @Test func aSecondOpenerIsToldWhoHasTheStore() async throws {
        let directory = TemporaryDirectory()
        let store = try Store.open(configuration(directory))
        let expected = StoreError.inUse(path: directory.path, process: getpid())
        #expect(throws: expected) { try Store.open(configuration(directory)) }
        #expect(expected.description.contains("\(getpid())"))
        await #expect(processExitsWith: .success) {
            [path = directory.path as String, owner = getpid() as Int32] in
            #expect(throws: StoreError.inUse(path: path, process: owner)) {
                try Store.open(StoreConfiguration(path: path))
            }
        }
        _ = store
    }
}

@Suite struct StoreReaderTests {
    private static func fill(_ store: Store) throws {
        let signal = CommitSignal()
        try store.start { signal.notify() }
        let full = batch([1, 2]) { batch in
            batch.deviceNames = [(0, "hvac_1"), (1, "hvac_2")]
            batch.propertyNames = [(0, "temperature")]
            batch.twins = [(key: 1, value: [9]), (key: 0, value: [8])]
            batch.outbox = [(lane: 1, sequence: 1, value: [1, 2, 3])]
        }
        #expect(store.commit([full], signal: signal))
    }

    private static func expectFilled(_ reader: StoreReader) throws {
        #expect(try reader.deviceNames() == ["hvac_1", "hvac_2"])
        #expect(try reader.propertyNames() == ["temperature"])
        #expect(try reader.twins().map(\.key) == [0, 1])
        #expect(try reader.twin(1) == [9])
        #expect(try reader.twin(2) == nil)
        #expect(try reader.statistics().lanes.map(\.bytes) == [0, 3])
    }

    @Test func anotherProcessReadsWhileTheDaemonRuns() async throws {
        let directory = TemporaryDirectory()
        let store = try Store.open(configuration(directory))
        try StoreReaderTests.fill(store)
        await #expect(processExitsWith: .success) { [path = directory.path as String] in
            try StoreReaderTests.expectFilled(try Store.openReadOnly(path))
        }
        store.stop()
    }

    @Test func itReadsWhenNoDaemonRunsAndChangesNothing() throws {
        let directory = TemporaryDirectory()
        do {
            let store = try Store.open(configuration(directory))
            try StoreReaderTests.fill(store)
            store.stop()
        }
        try FileManager.default.removeItem(atPath: directory.path + "/lock.mdb")
        let before = try directory.contents()
        try StoreReaderTests.expectFilled(try Store.openReadOnly(directory.path))
        #expect(try directory.contents() == before)
    }

    @Test func nothingThereIsSaid() {
        let directory = TemporaryDirectory()
        #expect(throws: StoreError.absent(path: directory.path)) {
            try Store.openReadOnly(directory.path)
        }
    }
}

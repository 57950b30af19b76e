import CoAP
import Testing

@Suite struct BlockTests {
    @Test(
        arguments: [
            (0, Block(number: 0, hasMore: false, sizeExponent: 0)),
            (0x0e, Block(number: 0, hasMore: true, sizeExponent: 6)),
            (0x16, Block(number: 1, hasMore: false, sizeExponent: 6)),
            (0xff_fff6, Block(number: 0xf_ffff, hasMore: false, sizeExponent: 6)),
        ] as [(UInt32, Block)])
    func theOptionIsReadAndWritten(value: UInt32, block: Block) {
        #expect(Block(optionValue: value) == block)
        #expect(block.optionValue == value)
    }

    @Test func theReservedSizeAndLongValuesAreRefused() {
        #expect(Block(optionValue: 7) == nil)
        #expect(Block(optionValue: 0x100_0000) == nil)
    }

    @Test(arguments: [0, 1, 16, 17, 1_023, 1_024, 1_025, 5_000])
    func theBlocksOfABodyPutTogetherAreTheBody(count: Int) {
        for exponent in UInt8(0)...6 {
            var covered = 0
            for number in UInt32(0)... {
                let asked = Block(number: number, hasMore: false, sizeExponent: exponent)
                let slice = Block.slice(count: count, asked: asked, sizeMax: 1_024)
                guard let range = slice.range, let block = slice.block else {
                    Issue.record("no block \(number) of \(count)")
                    break
                }
                #expect(range.lowerBound == covered && block.number == number)
                covered = range.upperBound
                if !block.hasMore { break }
            }
            #expect(covered == count)
        }
    }

    @Test func smallBodiesNeedNoOption() {
        let slice = Block.slice(count: 1_024, asked: nil, sizeMax: 1_024)
        #expect(slice.range == 0..<1_024 && slice.block == nil)
        #expect(Block.slice(count: 1_025, asked: nil, sizeMax: 1_024).block?.hasMore == true)
    }

    @Test func aSizeOverOursKeepsTheOffset() {
        let asked = Block(number: 3, hasMore: false, sizeExponent: 6)
        let slice = Block.slice(count: 5_000, asked: asked, sizeMax: 256)
        #expect(slice.range == 3_072..<3_328)
        #expect(slice.block == Block(number: 12, hasMore: true, sizeExponent: 4))
    }

    @Test func pastTheEndThereIsNothing() {
        let last = Block(number: 0xf_ffff, hasMore: false, sizeExponent: 6)
        #expect(Block.slice(count: 10, asked: last, sizeMax: 1_024).range == nil)
        #expect(Block.slice(count: 0, asked: last, sizeMax: 16).range == nil)
    }
}

@Suite struct SocketAddressTests {
    @Test(arguments: [
        ("127.0.0.1:5683", "127.0.0.1:5683"), ("10.0.0.1", "10.0.0.1:5683"),
        ("[::1]:1", "[::1]:1"), ("[::]", "[::]:5683"), ("[fe80::1%2]:9", "[fe80::1%2]:9"),
        ("[::ffff:1.2.3.4]:7", "1.2.3.4:7"), ("0.0.0.0:0", "0.0.0.0:0"), ("::1", "[::1]:5683"),
    ])
    func addressesAreReadAndWritten(text: String, expected: String) {
        #expect(SocketAddress(text)?.description == expected)
    }

    @Test(arguments: [
        "", "host:5683", "1.2.3:5", "1.2.3.4:65536", "1.2.3.4:", "[::1", "::1]:5", "[1.2.3.4]:5",
        "[]:5", "1.2.3.4:-1", "[fe80::1%eth0]:5",
    ])
    func anythingElseIsNoAddress(text: String) {
        #expect(SocketAddress(text) == nil)
    }
}

@Suite struct CodeTests {
    @Test func codesReadAsInTheSpecification() {
        #expect(Code.content.description == "2.05")
        #expect(Code.requestEntityTooLarge.description == "4.13")
        #expect(Code.tooManyRequests.description == "4.29")
        #expect(Code.serviceUnavailable.rawValue == 0xa3)
    }
}

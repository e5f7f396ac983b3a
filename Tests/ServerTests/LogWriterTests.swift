import Foundation
import Logging
import Server
import Testing

@Suite(.timeLimit(.minutes(10))) struct LogWriterTests {
    private func pipe() -> (reading: FileHandle, writing: FileHandle) {
        let pipe = Pipe()
        return (pipe.fileHandleForReading, pipe.fileHandleForWriting)
    }

    @Test func aLogThatNobodyReadsStopsNobody() async throws {
        let (reading, writing) = pipe()
        let writer = LogWriter(descriptor: writing.fileDescriptor, capacity: 1 << 16)
        let logger = Logger(label: "test", factory: writer.handler)
        for number in 0..<10_000 { logger.info("line \(number)") }
        #expect(writer.dropped > 1000)
        let dropped = writer.dropped
        // Somebody reads again: what is kept comes first, then how much is lost. A thread that started late has told
        // of a part before the pipe was full.
        let read = Task.detached {
            var text = ""
            var told: Int { text.matches(of: /(\d+) log lines were dropped\n/).compactMap { Int($0.1) }.reduce(0, +) }
            while told < dropped { text += String(decoding: reading.availableData, as: UTF8.self) }
            #expect(told == dropped)
            return text
        }
        #expect(await read.value.contains("line 0\n"))
        logger.info("the end")
        let rest = Task.detached {
            var text = ""
            while !text.hasSuffix("the end\n") { text += String(decoding: reading.availableData, as: UTF8.self) }
        }
        await writer.flush(within: .seconds(5))
        await rest.value
    }

    @Test func aFlushDoesNotWaitForEver() async throws {
        let (reading, writing) = pipe()
        let writer = LogWriter(descriptor: writing.fileDescriptor)
        let logger = Logger(label: "test", factory: writer.handler)
        for number in 0..<2000 { logger.info("a line that is long enough to fill the pipe, \(number)") }
        await writer.flush(within: .milliseconds(50))
        #expect(!reading.availableData.isEmpty)
    }

    @Test func aLineIsOneLine() async throws {
        let (reading, writing) = pipe()
        let writer = LogWriter(descriptor: writing.fileDescriptor)
        var logger = Logger(label: "test", factory: writer.handler)
        logger[metadataKey: "model"] = "a\nforged"
        logger.error("said \u{1b}[2J\r", metadata: ["more": "b\u{2028}"])
        await writer.flush(within: .seconds(5))
        let text = String(decoding: reading.availableData, as: UTF8.self)
        #expect(
            text.contains(#" error test: model=a\nforged more=b\u{2028} [ServerTests] said \u{1B}[2J\r"#), "\(text)")
        #expect(text.filter(\.isNewline).count == 1)
    }
}

import Compute
import Testing

struct DevicePartTests {
    @Test(arguments: ["1/1", "1/2", "2/2", "8/8"])
    func partsAreNamedAsTheyAreWritten(text: String) {
        #expect(DevicePart(text)?.description == text)
    }

    @Test(arguments: [
        "", "1", "0/2", "3/2", "1/9", "1/0", "-1/2", "1/2/3", "a/2", "1/", "/2", "99999999999999999999/2",
    ])
    func othersAreNone(text: String) { #expect(DevicePart(text) == nil) }
}

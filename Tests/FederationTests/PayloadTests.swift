import Federation
import Foundation
import Tensor
import Testing

struct PayloadTests {
    @Test func aModelIsFourBytesAParameter() throws {
        let parameters = model([-0.0, .pi, .leastNonzeroMagnitude])
        let payload = Payload(parameters)
        #expect(payload.bytes.count == 4 * parameters.count)
        let decoded = try Payload(bytes: (Data([1]) + payload.bytes).dropFirst())
            .parameters(like: model(), client: "north")
        #expect(bits(decoded) == bits(parameters))
        #expect(decoded.matches(parameters))
    }

    @Test(arguments: [0, 35, 37, 4000]) func anotherNumberOfBytesIsRefused(count: Int) {
        #expect(throws: Rejection.byteCount(client: "north", expected: 36, found: count)) {
            try Payload(bytes: Data(count: count)).parameters(like: model(), client: "north")
        }
    }
}

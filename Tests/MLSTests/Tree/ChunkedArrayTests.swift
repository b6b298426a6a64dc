import MLS
import Testing

@Suite("A chunked array")
struct ChunkedArrayTests {
  @Test("is an array of any size, however it is resized") func model() {
    for first in [0, 1, 63, 64, 65, 127, 128, 200] {
      for second in [0, 1, 3, 63, 64, 65, 127, 128, 129, 400] {
        var array = ChunkedArray(Array(0..<first))
        var model = Array(0..<first)
        #expect(Array(array) == model)
        array.resize(to: second, filling: -1)
        model = Array(model.prefix(second)) + [Int](repeating: -1, count: max(0, second - first))
        #expect(Array(array) == model, "\(first) to \(second)")
        #expect(array.count == second)
        for index in model.indices where index % 5 == 0 {
          array[index] = 1000 + index
          model[index] = 1000 + index
        }
        #expect(Array(array) == model)
        #expect(array == ChunkedArray(model))
        array.resize(to: first, filling: -2)
        #expect(array.count == first)
        #expect(Array(array.prefix(min(first, second))) == Array(model.prefix(first)))
        #expect(array.dropFirst(second).allSatisfy { $0 == -2 })
      }
    }
  }

  @Test("does not change with its copy") func copies() {
    let array = ChunkedArray(repeating: 0, count: 300)
    var copy = array
    copy[200] = 1
    #expect(array.allSatisfy { $0 == 0 })
    #expect(copy != array)
    #expect(copy.reversed()[99] == 1)
  }
}

/// An array in pieces, so that changing an element of a copy copies a piece and not the whole: a commit changes some
/// twenty nodes of a tree that may have as many thousands.
package struct ChunkedArray<Element: Sendable>: Sendable, RandomAccessCollection, MutableCollection {
  package typealias Indices = Range<Int>

  private static var shift: Int { 6 }
  private static var chunkCount: Int { 1 << shift }

  /// Full but for the last.
  private var chunks: [[Element]]
  package private(set) var endIndex: Int

  package init(repeating element: Element, count: Int) {
    (chunks, endIndex) = ([], 0)
    resize(to: count, filling: element)
  }

  package init(_ elements: [Element]) {
    chunks = stride(from: 0, to: elements.count, by: Self.chunkCount).map { start in
      Array(elements[start..<Swift.min(start + Self.chunkCount, elements.count)])
    }
    endIndex = elements.count
  }

  package var startIndex: Int { 0 }

  package subscript(index: Int) -> Element {
    get { chunks[index >> Self.shift][index & (Self.chunkCount - 1)] }
    set { chunks[index >> Self.shift][index & (Self.chunkCount - 1)] = newValue }
  }

  package mutating func resize(to count: Int, filling element: Element) {
    let full = count >> Self.shift
    let rest = count & (Self.chunkCount - 1)
    chunks.removeLast(Swift.max(0, chunks.count - full - (rest > 0 ? 1 : 0)))
    if var last = chunks.popLast() {
      let wanted = chunks.count < full ? Self.chunkCount : rest
      last.removeLast(Swift.max(0, last.count - wanted))
      last.append(contentsOf: repeatElement(element, count: wanted - last.count))
      chunks.append(last)
    }
    while chunks.count < full { chunks.append(Array(repeating: element, count: Self.chunkCount)) }
    if rest > 0, chunks.count == full { chunks.append(Array(repeating: element, count: rest)) }
    endIndex = count
  }
}

extension ChunkedArray: Equatable where Element: Equatable {}

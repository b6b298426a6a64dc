/// How a stored set of things differs from the set in memory. What came and went between two storings leaves no trace, so
/// that a group that is never stored keeps no account of its past.
package struct SetChanges<Element: Hashable & Sendable>: Sendable {
  /// In memory, and to be written.
  package private(set) var added: Set<Element> = []
  /// Stored, and to be removed.
  package private(set) var removed: Set<Element> = []

  package init() {}

  package mutating func insert(_ element: Element) {
    // What is stored and was to be removed holds the same value still: secrets of one place never differ.
    if removed.remove(element) == nil { added.insert(element) }
  }

  package mutating func remove(_ element: Element) {
    if added.remove(element) == nil { removed.insert(element) }
  }
}

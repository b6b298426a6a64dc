/// A vCard (RFC 6350) as its properties, without meaning: what is known of a person is read out of it by ``VCardPerson``.
public struct VCard: Hashable, Sendable {
  /// One content line.
  public struct Property: Hashable, Sendable {
    /// In capitals, without its group.
    public var name: String
    /// By their names in capitals.
    public var parameters: [String: [String]]
    /// As it stands in the file, its escapes untouched.
    public var value: String

    public init(_ name: String, parameters: [String: [String]] = [:], value: String) {
      self.name = name
      self.parameters = parameters
      self.value = value
    }

    /// A text value: what ``VCard/escape(_:)`` undoes.
    public init(_ name: String, parameters: [String: [String]] = [:], text: String) {
      self.init(name, parameters: parameters, value: VCard.escape(text))
    }
  }

  public var properties: [Property]

  public init(_ properties: [Property]) { self.properties = properties }

  /// The first value of this name that is not empty, as text.
  public func text(_ name: String) -> String? {
    properties.lazy.filter { $0.name == name }.map { Self.unescape($0.value) }.first { !$0.isEmpty }
  }

  /// The first value of this name in its parts, which semicolons separate (RFC 6350 §3.4).
  public func parts(_ name: String) -> [String] {
    properties.first { $0.name == name }.map { Self.parts($0.value).map(Self.unescape) } ?? []
  }

  /// Every value of this name, as text.
  public func texts(_ name: String) -> [String] {
    properties.filter { $0.name == name }.map { Self.unescape($0.value) }
  }

  /// §3.4: a backslash, a comma, a semicolon and a line feed are escaped. Other control characters are left out.
  public static func escape(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": result += "\\\\"
      case ",": result += "\\,"
      case ";": result += "\\;"
      case "\n": result += "\\n"
      case "\u{0}"..."\u{1F}", "\u{7F}": break
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  static func unescape(_ text: String) -> String {
    var result = ""
    var isEscaped = false
    for scalar in text.unicodeScalars {
      if isEscaped {
        isEscaped = false
        result.unicodeScalars.append(scalar == "n" || scalar == "N" ? "\n" : scalar)
      } else if scalar == "\\" {
        isEscaped = true
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  private static func parts(_ text: String) -> [String] {
    var parts = [""]
    var isEscaped = false
    for scalar in text.unicodeScalars {
      if !isEscaped, scalar == ";" {
        parts.append("")
        continue
      }
      isEscaped = !isEscaped && scalar == "\\"
      parts[parts.count - 1].unicodeScalars.append(scalar)
    }
    return parts
  }

  /// The card between its BEGIN and END, in lines of at most 75 bytes that end in CR LF (§3.2, §3.3).
  public var encoded: String {
    let lines = ["BEGIN:VCARD", "VERSION:4.0"] + properties.map(Self.line) + ["END:VCARD"]
    return lines.map { Self.folded($0) + "\r\n" }.joined()
  }

  private static func line(_ property: Property) -> String {
    let parameters = property.parameters.sorted { $0.key < $1.key }.map { name, values in
      ";\(name)=\(values.map(quoted).joined(separator: ","))"
    }
    return property.name + parameters.joined() + ":" + property.value
  }

  /// A parameter's value, RFC 6868.
  private static func quoted(_ value: String) -> String {
    var result = ""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "^": result += "^^"
      case "\"": result += "^'"
      case "\n": result += "^n"
      case "\u{0}"..."\u{1F}", "\u{7F}": break
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result.contains(where: { ":;,".contains($0) }) ? "\"\(result)\"" : result
  }

  private static func folded(_ line: String) -> String {
    var (result, length) = ("", 0)
    for scalar in line.unicodeScalars {
      let bytes = String(scalar).utf8.count
      if length + bytes > 75 {
        result += "\r\n "
        length = 1
      }
      result.unicodeScalars.append(scalar)
      length += bytes
    }
    return result
  }
}

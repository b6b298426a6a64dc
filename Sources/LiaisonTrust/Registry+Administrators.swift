internal import LiaisonModel

extension Registry {
  mutating func name(_ new: Administrator) throws(TrustError) {
    guard administrators.count < Limits.administratorsMax else {
      throw TrustError(.limit, "a node has at most \(Limits.administratorsMax) administrators")
    }
    guard administrators[new.key] == nil else {
      throw TrustError(.wrongState, "this key is an administrator's already")
    }
    guard !removedAdministrators.contains(new.key) else {
      throw TrustError(.notPermitted, "the administrator of this key was removed, and the key is never taken again")
    }
    guard administrator(named: new.name) == nil else {
      throw TrustError(.wrongState, "there is an administrator of this name already")
    }
    administrators[new.key] = new
  }

  mutating func change(_ key: AdministratorKey, to roles: Set<Role>) throws(TrustError) {
    let before = try administrator(key)
    guard before.roles != roles else {
      throw TrustError(.wrongState, "the administrator has just these roles already")
    }
    if !roles.contains(.owner) { try checkOwnerRemains(without: key) }
    administrators[key]?.roles = roles
  }

  mutating func remove(_ key: AdministratorKey, because reason: String) throws(TrustError) {
    guard !reason.isEmpty else { throw TrustError(.malformed, "a removal needs a reason") }
    _ = try administrator(key)
    try checkOwnerRemains(without: key)
    try drop(key)
  }

  /// Takes all rights from a key; an owner may not remain.
  mutating func drop(_ key: AdministratorKey) throws(TrustError) {
    _ = try administrator(key)
    administrators[key] = nil
    removedAdministrators.insert(key)
  }

  private func administrator(_ key: AdministratorKey) throws(TrustError) -> Administrator {
    guard let administrator = administrators[key] else {
      throw TrustError(.unknownAdministrator, "there is no administrator of this key")
    }
    return administrator
  }

  private func checkOwnerRemains(without key: AdministratorKey) throws(TrustError) {
    guard administrators.values.contains(where: { $0.key != key && $0.roles.contains(.owner) }) else {
      throw TrustError(.wrongState, "this is the last owner, and one must remain: name another first")
    }
  }
}

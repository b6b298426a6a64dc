/// What validation needs beyond the group's state.
package struct ValidationPolicy: Sendable {
  /// nil where expired leaves are accepted (``LeafNode/validate(_:_:now:maximumLifetime:)``).
  package let now: UInt64?
  package let leafLifetimeMax: UInt64
  package let authentication: any AuthenticationService

  package init(now: UInt64?, leafLifetimeMax: UInt64, authentication: any AuthenticationService) {
    self.now = now
    self.leafLifetimeMax = leafLifetimeMax
    self.authentication = authentication
  }
}

/// What validation needs beyond the group's state.
struct ValidationPolicy: Sendable {
  /// nil where expired leaves are accepted (``LeafNode/validate(_:_:now:maximumLifetime:)``).
  let now: UInt64?
  let leafLifetimeMax: UInt64
  let authentication: any AuthenticationService
}

internal import CommandKit
internal import Sodium

await runCommand(Liaison.self) { try ProcessHardening.lockDown() }

internal import CommandKit

await runCommand(Liaison.self)

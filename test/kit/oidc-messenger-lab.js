#!/usr/bin/env node
// The command `oidc-messenger-lab`.
import { complaint } from './needed-node.ts'

if (complaint === undefined) {
  const { run } = await import('./command-line.ts')
  await run(process.argv.slice(2))
} else {
  console.error(complaint)
  process.exitCode = 1
}

#!/usr/bin/env node
// The command `oidc-messenger-lab`. Plain JavaScript that Node 16 understands, so that an older one than the lab needs is told in words.
const [major, minor] = process.versions.node.split('.').map(Number)
if (major > 22 || (major === 22 && minor >= 19)) {
  import('./command-line.ts').then(({ run }) => run(process.argv.slice(2)))
} else {
  console.error(`oidc-messenger-lab needs Node 22.19 or newer, and ${process.execPath} is ${process.version}: install one from https://nodejs.org.`)
  process.exitCode = 1
}

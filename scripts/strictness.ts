// Probes how strict an OpenID Provider is and prints the table: `npm run strictness -- http://idp.localhost:3001`,
// `npm run strictness -- --help` says what other providers need.
import { readOrExit } from '#lib/settings/command-line.ts'
import { printAndExit } from './report/print.ts'
import { readOptions, usage } from './strictness/strictness-options.ts'
import { NotProbeableError, probeProvider } from './strictness/probe-provider.ts'
import { reportOn } from './strictness/probe-report.ts'

const { issuer, identity, json } = readOrExit(usage, () => readOptions(process.argv.slice(2), process.env))
try {
  printAndExit(reportOn(issuer, await probeProvider(issuer, identity)), { json })
} catch (error) {
  if (!(error instanceof NotProbeableError)) throw error
  console.error(error.message)
  process.exitCode = 2
}

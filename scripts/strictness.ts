// Probes how strict an OpenID Provider is and prints the table: `npm run strictness -- http://idp.localhost:3001`,
// `npm run strictness -- --help` says what other providers need.
import { readOptions, usage } from './strictness/options.ts'
import { NotProbeableError, probeProvider } from './strictness/run.ts'
import { formatTable } from './strictness/table.ts'
import { UsageError } from './usage-error.ts'

try {
  const options = readOptions(process.argv.slice(2), process.env)
  if (options === 'help') {
    console.log(usage)
  } else {
    const { issuer, identity, json } = options
    const rows = await probeProvider(issuer, identity)
    const passed = rows.every(({ compared, verdict }) => !compared || verdict !== 'no')
    console.log(json ? JSON.stringify({ issuer, passed, rows }, null, 2) : formatTable(issuer, rows))
    process.exitCode = passed ? 0 : 1
  }
} catch (error) {
  if (!(error instanceof UsageError || error instanceof NotProbeableError)) throw error
  console.error(error instanceof UsageError ? `${error.message}\n\n${usage}` : error.message)
  process.exitCode = 2
}

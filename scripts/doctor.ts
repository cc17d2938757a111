// Checks the relying party's settings against the live provider, and says what to change: `npm run doctor`,
// `npm run doctor -- --help` says what it asks.
import { readOptions, usage } from './doctor/options.ts'
import { examine } from './doctor/run.ts'
import { formatTable } from './doctor/table.ts'
import { UsageError } from './usage-error.ts'

try {
  const options = readOptions(process.argv.slice(2), process.env)
  if (options === 'help') {
    console.log(usage)
  } else {
    const examination = await examine(options.env, options.lab)
    const passed = examination.rows.every(({ verdict }) => verdict !== 'problem')
    const text = options.json ? JSON.stringify({ ...examination, passed }, null, 2) : formatTable(examination)
    // A name server that does not answer would keep the process for longer than anybody wants to wait.
    process.stdout.write(`${text}\n`, () => process.exit(passed ? 0 : 1))
  }
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  console.error(`${error.message}\n\n${usage}`)
  process.exitCode = 2
}

// Checks the relying party's settings against the live provider, and says what to change: `npm run doctor`,
// `npm run doctor -- --help` says what it asks.
import { readOrExit } from '#lib/settings/command-line.ts'
import { diagnose } from './doctor/diagnose.ts'
import { reportOn } from './doctor/diagnosis-report.ts'
import { readOptions, usage } from './doctor/doctor-options.ts'
import { printAndExit } from './report/print.ts'

const { env, lab, json } = readOrExit(usage, () => readOptions(process.argv.slice(2), process.env))
printAndExit(reportOn(await diagnose(env, lab)), { json })

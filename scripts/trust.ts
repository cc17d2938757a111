// Has this machine trust the authority of the lab's certificates, or no longer: `npm run lab:trust`, `npm run lab:trust -- --help`.
import { homedir } from 'node:os'
import { readArguments, readOrExit } from '#lib/settings/command-line.ts'
import { authorities, Trusted } from './trust/authority.ts'
import { runTask, type Outcome } from './trust/run-task.ts'
import { storesOf } from './trust/stores.ts'

const usage = `Has this machine's browsers and programs trust the certificates of the lab behind TLS: npm run lab:trust -- [options]

  --remove               they no longer trust any that this has installed
  --browsers-only        leaves the store of the system alone, on Linux
  --certificate <file>   of an authority in PEM, in place of those of npm start TLS=on and of Compose
  --help

Linux: the store of the system, for which it has to be root, and those of Chromium and Firefox, with certutil of libnss3-tools; macOS: the login
keychain; Windows: the store of this user. Where it may not or cannot, it says what to type. Browsers take notice when they start anew.

Exit code 0: all is done. 1: something is left to do, which it names. 2: there is no certificate yet, or an option that there is not.`

const { options, found, trusted } = readOrExit(usage, () => {
  const { values: options } = readArguments({
    options: { remove: { type: 'boolean', default: false }, 'browsers-only': { type: 'boolean', default: false }, certificate: { type: 'string' } }
  })
  const stateFolder = process.env['STATE_DIR'] || '.lab'
  return { options, trusted: new Trusted(stateFolder), found: options.remove ? [] : authorities(stateFolder, options.certificate) }
})
const stores = storesOf({ platform: process.platform, home: homedir(), isRoot: process.getuid?.() === 0 }, options['browsers-only'])
const outcomes = options.remove ? remove() : install()
process.exit(outcomes.every(({ done }) => done) ? 0 : 1)

function install (): Outcome[] {
  return found.flatMap(authority => {
    console.log(`${authority.name}, of ${authority.of}, until ${authority.validTo.toISOString().slice(0, 10)}: ${authority.file}`)
    trusted.add(authority)
    const outcomes = stores.map(store => print(runTask(store.install(authority), 'trusted')))
    console.log(`  For a program in Node: NODE_EXTRA_CA_CERTS=${authority.file}`)
    return outcomes
  })
}

function remove (): Outcome[] {
  const tasks = stores.flatMap(store => store.remove(trusted.all) ?? [])
  if (tasks.length === 0) console.log('No authority of the lab is trusted here.')
  const outcomes = tasks.map(task => print(runTask(task, 'removed')))
  if (outcomes.every(({ done }) => done)) trusted.forget()
  return outcomes
}

function print (outcome: Outcome): Outcome {
  console.log(outcome.lines.join('\n'))
  return outcome
}

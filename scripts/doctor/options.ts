import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs, parseEnv } from 'node:util'
import { UsageError } from '../usage-error.ts'

export const usage = `Checks the relying party's settings against the live provider: npm run doctor -- [options]

  --settings <file>   NAME=value in lines; services/lab.env where left out, as for npm start
  --json              everything, as JSON
  --help

Variables that are set win over the file. Run it where the relying party runs: in Compose that is
docker compose exec relying-party node scripts/doctor.ts.

It signs nobody in. At the provider it asks for codes that it cannot get, and redeems a made-up code, once with the client's
secret and once with a wrong one, so its log will have refusals.

Exit code 0: nothing needs to be changed; there may be warnings. 1: there are problems. 2: the doctor could not begin.`

// Not --env-file, which Node takes for its own, wherever it stands.
const options = { settings: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean' } } as const

const labFile = join(import.meta.dirname, '..', '..', 'services', 'lab.env')

export interface Options {
  json: boolean
  /** the settings */
  env: NodeJS.ProcessEnv
  /** those of the lab, which are public */
  lab: NodeJS.ProcessEnv
}

/**
 * @param args of the command line
 * @param variables settings that win over those of the file
 * @throws {UsageError} saying what is wrong
 */
export function readOptions (args: string[], variables: NodeJS.ProcessEnv): Options | 'help' {
  const values = parse(args)
  if (values.help) return 'help'
  const lab = readEnvFile(labFile)
  const file = values.settings === undefined ? lab : readEnvFile(values.settings)
  return { json: values.json ?? false, env: merge(file, variables), lab }
}

function parse (args: string[]) {
  try {
    return parseArgs({ args, options }).values
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function readEnvFile (path: string): NodeJS.ProcessEnv {
  try {
    return parseEnv(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new UsageError(`The file of settings cannot be read: ${(error as Error).message}`)
  }
}

/** A secret comes as `NAME` or as `NAME_FILE`: what is set as the one takes the place of the other too. */
function merge (file: NodeJS.ProcessEnv, variables: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const isSet = (name: string) => (variables[name] ?? '') !== ''
  const left = Object.entries(file).filter(([name]) => !isSet(`${name}_FILE`) && !isSet(name.replace(/_FILE$/, '')))
  return { ...Object.fromEntries(left), ...variables }
}

import { readArguments } from '#lib/settings/command-line.ts'
import { readLabSettings, readSettings, reportOptions } from '../report/report-options.ts'

export const usage = `Checks the relying party's settings against the live provider: npm run doctor -- [options]

  --settings <file>   NAME=value in lines; services/lab.env where left out, as for npm start
  --json              everything, as JSON
  --help

Variables that are set win over the file. Run it where the relying party runs: in Compose that is
docker compose exec relying-party node scripts/doctor.ts.

It signs nobody in. At the provider it asks for codes that it cannot get, and redeems a made-up code, once with the client's
secret and once with a wrong one, so its log will have refusals.

Exit code 0: nothing needs to be changed; there may be warnings. 1: there are problems. 2: the doctor could not begin.`

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
export function readOptions (args: string[], variables: NodeJS.ProcessEnv): Options {
  // Not --env-file, which Node takes for its own, wherever it stands.
  const { values } = readArguments({ args, options: { settings: { type: 'string' }, ...reportOptions } })
  const lab = readLabSettings()
  const file = values.settings === undefined ? lab : readSettings(values.settings)
  return { json: values.json, env: merge(file, variables), lab }
}

/** A secret comes as `NAME` or as `NAME_FILE`: what is set as the one takes the place of the other too. */
function merge (file: NodeJS.ProcessEnv, variables: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const isSet = (name: string) => (variables[name] ?? '') !== ''
  const left = Object.entries(file).filter(([name]) => !isSet(`${name}_FILE`) && !isSet(name.replace(/_FILE$/, '')))
  return { ...Object.fromEntries(left), ...variables }
}

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readArguments, readOrExit, UsageError } from '#lib/settings/command-line.ts'
import { adviceOn } from '#lib/validation/likely-names.ts'
import { startLab } from './start-lab.ts'

const labEnv = join(import.meta.dirname, '..', '..', 'services', 'lab.env')
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
// As shells say it.
const notFound = 127

const usage = `An OpenID Provider for tests, with an application, a stand-in for Genesys Cloud's messaging and a live view: oidc-messenger-lab

  npx oidc-messenger-lab [NAME=value ...]                           the whole lab, until Ctrl-C
  npx oidc-messenger-lab exec [NAME=value ...] -- <command ...>     a command beside a lab on free ports, which ends with it
  npx oidc-messenger-lab examine --start <URL> [options]            which faults of a provider an application refuses
  npx oidc-messenger-lab doctor [options]                           checks an application's settings against its provider
  npx oidc-messenger-lab strictness <issuer> [options]              probes how strict a provider is

  --help    after examine, doctor and strictness, too

Each NAME=value is a setting, such as IDP_PORT=4001; services/README.md of the lab says what there is. The command of exec finds ISSUER,
APP_URL, GENESYS_URL and LAB_URL in its environment, and startLab() there uses the same lab. What the lab keeps is removed at its end,
where no STATE_DIR=<folder> says otherwise.

Exit code of exec: that of the command; 1 where the lab could not be started, 127 where there is no such command.`

const commands: Record<string, (args: string[]) => Promise<unknown>> = {
  exec: execute,
  examine: async args => { await (await import('./examine-command.ts')).examineByCommand(args) },
  doctor: args => runScript(args, () => import('../../scripts/doctor.ts')),
  strictness: args => runScript(args, () => import('../../scripts/strictness.ts'))
}

/**
 * Run the command `oidc-messenger-lab`.
 *
 * @param args what stands behind its name
 */
export async function run (args: string[]): Promise<void> {
  const command = args[0] !== undefined && Object.hasOwn(commands, args[0]) ? commands[args[0]] : undefined
  await (command ? command(args.slice(1)) : start(args))
}

/** Of a script that reads its arguments itself. */
function runScript (args: string[], load: () => Promise<unknown>): Promise<unknown> {
  process.argv.splice(2, Infinity, ...args)
  return load()
}

async function start (args: string[]): Promise<void> {
  const settings = readOrExit(usage, () => {
    const { settings, rest: [wrong] } = readSettings(readArguments({ args, options: {}, allowPositionals: true }).positionals)
    if (wrong !== undefined) throw new UsageError(`There is no command “${wrong}”${adviceOn(wrong, Object.keys(commands))}`)
    return settings
  })
  Object.assign(process.env, settings)
  if (!process.env['STATE_DIR']) process.env['STATE_DIR'] = temporaryStateFolder()
  process.loadEnvFile(labEnv)
  // What it compiles is found again by the next start, where Node keeps such things, or where NODE_COMPILE_CACHE says.
  enableCompileCache()
  await runScript([], () => import('../../services/embedded/server.ts'))
}

function temporaryStateFolder (): string {
  const folder = mkdtempSync(join(tmpdir(), 'oidc-messenger-lab-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

async function execute (args: string[]): Promise<void> {
  const { settings, command, commandArgs } = readOrExit(usage, () => {
    const { settings, rest } = readSettings(args)
    if (rest[0]?.startsWith('-') && rest[0] !== '--') readArguments({ args: [rest[0]], options: {} })
    // npx leaves the dashes in, and npm exec does not.
    const [command, ...commandArgs] = rest[0] === '--' ? rest.slice(1) : rest
    if (command === undefined) throw new UsageError('A command is needed: oidc-messenger-lab exec -- npm test')
    return { settings, command, commandArgs }
  })
  const lab = await startLab({ settings }).catch((error: Error) => {
    console.error(error.message)
    process.exit(1)
  })
  const child = spawn(command, commandArgs, {
    stdio: 'inherit',
    // Windows finds npm.cmd by its shell alone.
    shell: process.platform === 'win32',
    env: { ...process.env, ISSUER: lab.issuer, APP_URL: lab.app, GENESYS_URL: lab.genesys.url, LAB_URL: lab.console }
  })
  for (const signal of signals) {
    process.on(signal, () => {
      // A terminal has told the child already, and to be told twice means to give up at once.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    })
  }
  const [code, signal] = await once(child, 'exit').catch((error: NodeJS.ErrnoException): [number, null] => {
    console.error(error.code === 'ENOENT' ? `There is no command ${command}.` : error.message)
    return [notFound, null]
  }) as [number | null, NodeJS.Signals | null]
  await lab.stop()
  if (signal === null) process.exit(code)
  for (const each of signals) process.removeAllListeners(each)
  process.kill(process.pid, signal)
}

/** Those that stand first, and what comes then. */
function readSettings (args: string[]): { settings: Record<string, string>, rest: string[] } {
  const end = args.findIndex(arg => !/^[A-Z][A-Z0-9_]*=/.test(arg))
  const given = end === -1 ? args : args.slice(0, end)
  return {
    settings: Object.fromEntries(given.map(arg => [arg.slice(0, arg.indexOf('=')), arg.slice(arg.indexOf('=') + 1)])),
    rest: args.slice(given.length)
  }
}

import { readFileSync } from 'node:fs'
import { readArguments, readOrExit, UsageError } from '#lib/settings/command-line.ts'
import { withoutTrailingSlash } from '#lib/settings/settings.ts'
import { ApplicationProcess, becomesReachable } from './application-process.ts'
import type { ClientFields, FaultGroup } from './control-api.ts'
import type { ExamineOptions } from './examine.ts'
import type { FaultName } from './fault-names.ts'
import type { Lab } from './lab.ts'
import { Realm } from './realm.ts'
import { startLab } from './start-lab.ts'

const usage = `Finds out which faults of a provider an application refuses: oidc-messenger-lab examine --start <URL> [options] [NAME=value ...] [-- <command ...>]

  --start <URL>             where a sign-in begins at the application
  --session <URL>           what shows whether somebody is signed in; where the sign-in ends, if left out
  --signed-in <pattern>     a regular expression that fits that page where somebody is; a status below 400, if left out
  --refresh <URL>           where it refreshes its tokens
  --userinfo <URL>          where it fetches claims, if it does not at the sign-in
  --sign-out <URL>          where a sign-out begins
  --only <names>            faults and groups of faults, with commas between them
  --except <names>

  --client-id <id>          of the application: examined, if left out
  --redirect-uri <URI>      of the application: /callback at the origin of --start, if left out
  --metadata <file>         what else it is registered with, as JSON, by the names of Dynamic Client Registration
  --issuer <URL>            of a lab that runs, whose console LAB_URL names: a realm of it, if it is not its first issuer
  --user <name>             who signs in

  --report <folder>         table, JSON, JUnit's XML, and what was exchanged in each failure
  --json, --junit           for the terminal, in place of the table
  --wait <seconds>          how long the application has until it is there: 60, if left out
  --help

With a command, the application is run by it, with ISSUER, CLIENT_ID and CLIENT_SECRET in its environment, and begun anew for each fault of
what applications keep: discovery and keys. Without one, these are printed, and the application is waited for. The lab is started, its provider
at IDP_PORT=3001 without a command and at a free port with one; or the lab at LAB_URL is used, where a client that there is stays as it is.

Exit code 0: nothing failed. 1: the application accepts what it must refuse, or fails at what it must cope with. 2: it could not be examined.`

const text = { type: 'string' } as const
const options = {
  start: text,
  session: text,
  'signed-in': text,
  refresh: text,
  userinfo: text,
  'sign-out': text,
  only: { ...text, multiple: true },
  except: { ...text, multiple: true },
  'client-id': text,
  'redirect-uri': { ...text, multiple: true },
  metadata: text,
  issuer: text,
  user: text,
  report: text,
  json: { type: 'boolean', default: false },
  junit: { type: 'boolean', default: false },
  wait: { ...text, default: '60' }
} as const

const usualClientId = 'examined'
// As `npm start` has it: an application that was set up for that finds the provider there.
const usualIdpPort = '3001'

/**
 * Examine an application from the command line.
 *
 * @param args what stands behind `examine`
 */
export async function examineByCommand (args: string[]): Promise<void> {
  const order = readOrExit(usage, () => understand(args))
  process.exitCode = await examine(order).catch((error: Error) => {
    console.error(error.message)
    return 2
  })
}

function understand (args: string[]) {
  const end = args.indexOf('--')
  const [command, ...commandArgs] = end === -1 ? [] : args.slice(end + 1)
  const { values, positionals } = readArguments({ args: end === -1 ? args : args.slice(0, end), options, allowPositionals: true })
  const wrong = positionals.find(positional => !/^[A-Z][A-Z0-9_]*=/.test(positional))
  if (wrong !== undefined) throw new UsageError(`${wrong} is neither an option nor a setting; a command stands behind --`)
  if (end !== -1 && command === undefined) throw new UsageError('Behind -- a command is needed.')
  const start = values.start
  if (start === undefined) throw new UsageError('--start is needed: where a sign-in begins at the application.')
  for (const name of ['start', 'session', 'refresh', 'userinfo', 'sign-out', 'issuer'] as const) {
    const url = values[name]
    if (url !== undefined && !(URL.canParse(url) && /^https?:/.test(url))) throw new UsageError(`--${name} ${url} is no http or https URL.`)
  }
  if (values.issuer !== undefined && !process.env['LAB_URL']) throw new UsageError('--issuer is of a lab that runs: LAB_URL is where its console is.')
  if (values.json && values.junit) throw new UsageError('--json and --junit exclude each other; --report writes both.')
  const wait = Number(values.wait)
  if (!(wait > 0)) throw new UsageError('--wait takes seconds above 0.')
  return {
    values: { ...values, start, wait },
    isSignedIn: values['signed-in'] === undefined ? undefined : patternOf(values['signed-in']),
    client: {
      redirect_uris: values['redirect-uri'] ?? [new URL('/callback', start).href],
      // Compared character by character, and some write it without the slash.
      post_logout_redirect_uris: [new URL(start).origin, new URL('/', start).href],
      first_party: true,
      ...(values.refresh !== undefined && { refresh_tokens: 'always' as const }),
      ...(values.metadata !== undefined && readMetadata(values.metadata))
    },
    settings: Object.fromEntries(positionals.map(setting => [setting.slice(0, setting.indexOf('=')), setting.slice(setting.indexOf('=') + 1)])),
    ...(command !== undefined && { command: { command, args: commandArgs } })
  }
}

function patternOf (source: string): RegExp {
  try {
    return new RegExp(source)
  } catch (error) {
    throw new UsageError(`--signed-in: ${(error as Error).message}`)
  }
}

function readMetadata (path: string): ClientFields {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new UsageError(`--metadata ${path} cannot be read: ${(error as Error).message}`)
  }
}

type Order = ReturnType<typeof understand>

async function examine (order: Order): Promise<number> {
  const { values, settings, command } = order
  const lab = await startLab({ services: ['idp'], settings: { ...(!command && { IDP_PORT: usualIdpPort }), ...settings } })
  let application: ApplicationProcess | undefined
  // Whoever gives up leaves nothing behind.
  const giveUp = () => { (application?.stop() ?? Promise.resolve()).finally(() => process.exit(2)) }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, giveUp)
  try {
    const realm = realmOf(lab, values.issuer)
    const { clientId, secret, remove } = await register(realm, order)
    try {
      if (command) {
        const env = { ...process.env, ISSUER: realm.issuer, CLIENT_ID: clientId, CLIENT_SECRET: secret, LAB_URL: lab.console }
        application = new ApplicationProcess({ ...command, env, url: values.start, patience: values.wait })
        await application.start()
      } else {
        console.error(`The application is to sign in with
  issuer         ${realm.issuer}
  client_id      ${clientId}
  client_secret  ${secret || '(none)'}
  redirect_uri   ${(await realm.clients.get(clientId)).redirect_uris.join(' or ')}
and is waited for at ${values.start}`)
        await becomesReachable(values.start, values.wait)
      }
      return await report(realm, order, application)
    } finally {
      await remove()
    }
  } finally {
    await application?.stop()
    await lab.stop()
  }
}

function realmOf (lab: Lab, issuer: string | undefined): Realm {
  const wanted = issuer && withoutTrailingSlash(issuer)
  if (wanted === undefined || wanted === lab.issuer) return lab.root
  if (!wanted.startsWith(`${lab.issuer}/realms/`)) throw new Error(`${issuer} is no issuer of the lab at LAB_URL, whose first is ${lab.issuer}.`)
  return new Realm({ name: wanted.slice(`${lab.issuer}/realms/`.length), issuer: wanted, console: lab.console, remove: async () => {} })
}

/** The client of the application, which is there for as long as it is examined where there was none before. */
async function register (realm: Realm, { values, client }: Order) {
  const clientId = values['client-id'] ?? usualClientId
  const known = (await realm.clients.list()).find(({ client_id: id }) => id === clientId)
  const { client_secret: secret = '' } = known ?? await realm.clients.put(clientId, client)
  return { clientId, secret, remove: async () => { if (!known) await realm.clients.remove(clientId) } }
}

async function report (realm: Realm, { values, isSignedIn }: Order, application: ApplicationProcess | undefined): Promise<number> {
  const { start, session, refresh, userinfo, 'sign-out': signOut, only, except, 'client-id': client, user } = values
  const found = await realm.examine({
    start,
    ...(session !== undefined && { session }),
    ...(isSignedIn && { isSignedIn: ({ status, text }) => status < 400 && isSignedIn.test(text) }),
    ...(refresh !== undefined && { refresh }),
    ...(userinfo !== undefined && { userinfo }),
    ...(signOut !== undefined && { signOut }),
    ...(application && { restart: () => application.restart() }),
    ...(client !== undefined && { client }),
    ...(user !== undefined && { user }),
    ...(only && { only: namesIn(only) }),
    ...(except && { except: namesIn(except) })
  } satisfies ExamineOptions)
  process.stdout.write(values.json ? `${found.json()}\n` : values.junit ? found.junit() : `${found.table()}\n`)
  if (values.report !== undefined) console.error(`\n${(await found.write(values.report)).join('\n')}`)
  return found.ok ? 0 : 1
}

const namesIn = (lists: string[]) => lists.flatMap(list => list.split(',')) as (FaultName | FaultGroup)[]

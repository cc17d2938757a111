import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline/promises'
import type { Test } from 'tap'
import type { ControlApiClient } from '../../services/idp/control-api/control-api-client.ts'
import { fetch } from '#lib/outbound/outbound.ts'
import type { Idp } from '../idp/helper.ts'

/** What an application knows of its registration. */
export interface Registration {
  issuer: string
  /** of the application itself */
  origin: string
  clientId: string
  clientSecret: string
  /** who signs in without a page, as `login_hint` */
  username: string
}

/** An application that is running, with an issuer of its own. */
export interface Application extends Registration {
  /** the control API of its issuer */
  lab: ControlApiClient
}

/**
 * Where applications run, each at an origin of its own; how one is started there, or begun anew, without documents and keys that it keeps.
 *
 * @param realm name of its issuer, and the first label of its host name
 */
export type Host = (realm: string) => Promise<{ origin: string, serve: (registration: Registration) => unknown }>

/** Applications in this process; one that is served again has forgotten everything. */
export function inThisProcess (t: Test, build: (registration: Registration) => RequestListener): Host {
  return async realm => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.teardown(() => {
      server.closeAllConnections()
      server.close()
    })
    return {
      origin: `http://${realm}.localhost:${(server.address() as AddressInfo).port}`,
      serve: registration => { server.removeAllListeners('request').on('request', build(registration)) }
    }
  }
}

/**
 * Whether this machine has what applications in another language are made with.
 *
 * @param command ends with 0 where it does
 * @param packages of Debian that bring it, to be named where what needs them is skipped
 */
export function isThere (t: Test, [program, ...args]: [string, ...string[]], packages: string): boolean {
  if (spawnSync(program, args, { stdio: 'ignore' }).status === 0) return true
  t.test(packages, { skip: `this machine does not have Debian's ${packages}` }, async () => {})
  return false
}

/**
 * Applications in one process of another language, which tells them apart by host name, prints the port that it has found, and begins
 * an application anew when it is asked for `/restart`.
 *
 * @param command with ISSUERS in its environment: what stands before the realm's name in an issuer
 */
export async function inProcessOf (t: Test, [program, ...args]: [string, ...string[]], { issuer }: Pick<Idp, 'issuer'>): Promise<Host> {
  const child = spawn(program, args, {
    cwd: import.meta.dirname,
    env: { ...process.env, ISSUERS: `${issuer}/realms/`, CLIENT_ID: clientId, CLIENT_SECRET: clientSecret, USERNAME: username },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', text => { errors = `${errors}${text}`.slice(-4_000) })
  t.teardown(() => { child.kill('SIGKILL') })
  const [port] = await Promise.race([
    once(createInterface(child.stdout), 'line'),
    once(child, 'exit').then(([code]) => { throw new Error(`${program} has ended with ${code}: ${errors}`) })
  ]) as [string]
  return async realm => {
    const origin = `http://${realm}.localhost:${port}`
    return { origin, serve: () => fetch(`${origin}/restart`) }
  }
}

/** Fields of a client, as the control API takes them. */
export type Metadata = Partial<Parameters<ControlApiClient['clients']['put']>[1]>

const clientId = 'foreign'
const clientSecret = 'lab-only-secret-of-a-foreign-application'
const username = 'ada'

/**
 * Make an issuer, register an application and a user there, who signs in without a page, and start the application.
 *
 * @param realm a name for the issuer, which ends with the test
 * @param metadata of the client, beside what all have in common; paths are of the application
 */
export async function startApplication (
  t: Test, idp: Idp, host: Host, realm: string, { callbackPath, metadata }: { callbackPath: string, metadata?: Metadata }
): Promise<Application> {
  const { lab, issuer } = await idp.realm(realm, { users: [], clients: [] })
  t.teardown(() => idp.lab.realms.remove(realm))
  const { origin, serve } = await host(realm)
  await lab.users.put(username, {
    sign_in_by_hint: true, claims: { name: 'Ada Lovelace', email: 'ada@example.com', email_verified: true }
  })
  const registration = await register(lab, { issuer, origin, callbackPath, ...(metadata && { metadata }) })
  await serve(registration)
  return { ...registration, lab }
}

/** Make a client of an application. */
export async function register (
  { clients }: { clients: { put (clientId: string, fields: Metadata): Promise<unknown> } },
  { issuer, origin, callbackPath, metadata }: { issuer: string, origin: string, callbackPath: string, metadata?: Metadata }
): Promise<Registration> {
  await clients.put(clientId, {
    client_name: 'An application that is not ours',
    client_uri: origin,
    ...(metadata?.token_endpoint_auth_method !== 'none' && { client_secret: clientSecret }),
    token_endpoint_auth_method: 'client_secret_basic',
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: [`${origin}${callbackPath}`],
    post_logout_redirect_uris: [`${origin}/`],
    backchannel_logout_session_required: true,
    backchannel_logout_uri: `${origin}/backchannel-logout`,
    scope: 'openid profile email',
    first_party: true,
    refresh_tokens: 'always',
    ...metadata
  })
  return { issuer, origin, clientId, clientSecret, username }
}

/** How many sign-outs there were at the identity provider, whether or not it asked before. */
export async function countSignOuts (lab: ControlApiClient): Promise<number> {
  const { entries } = await lab.ledger.query({ status: 303 })
  return entries.filter(({ endpoint }) => ['end_session', 'end_session_confirm'].includes(endpoint)).length
}

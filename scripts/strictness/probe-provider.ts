import * as oauth from 'oauth4webapi'
import { fetch } from '#lib/outbound/outbound.ts'
import { no, type Outcome, type Probe } from './probe.ts'
import { probes } from './probes/all-probes.ts'
import { ProbingClient, type Identity } from './client/probing-client.ts'

/** A probe and what came of it. */
export type Row = Omit<Probe, 'run'> & Outcome

/** The provider cannot be probed at all: a message without a stack. */
export class NotProbeableError extends Error {
  override name = 'NotProbeableError'
}

/**
 * Ask a provider everything that is in the table, or some of it.
 *
 * @param issuer its issuer identifier, exactly as in its metadata
 * @throws {NotProbeableError} where it does not answer, or where it refuses this client and this user what is right: then
 *   its refusals of what is wrong would prove nothing
 */
export async function probeProvider (issuer: string, identity: Identity, asked: readonly Probe[] = probes): Promise<Row[]> {
  const client = new ProbingClient(await discover(issuer), identity)
  await signIn(client)
  const rows: Row[] = []
  for (const { run, ...probe } of asked) rows.push({ ...probe, ...await attempt(() => run(client)) })
  return rows
}

async function discover (issuer: string): Promise<oauth.AuthorizationServer> {
  const url = new URL(issuer)
  try {
    const response = await oauth.discoveryRequest(url, {
      // The issuers of labs have no TLS.
      [oauth.allowInsecureRequests]: true,
      [oauth.customFetch]: async (url, { headers, signal }) =>
        await fetch(url, { headers, ...(signal && { signal }) }) as unknown as Response
    })
    const metadata = await oauth.processDiscoveryResponse(url, response)
    const missing = ['authorization_endpoint', 'token_endpoint', 'jwks_uri'].filter(name => metadata[name] === undefined)
    if (missing.length === 0) return metadata
    throw new Error(`its metadata lacks ${missing.join(', ')}`)
  } catch (error) {
    throw new NotProbeableError(`${issuer} is no OpenID Provider that can be reached: ${reasonOf(error)}`, { cause: error })
  }
}

async function signIn (client: ProbingClient): Promise<void> {
  try {
    await client.issueTokens()
  } catch (error) {
    const { issuer } = client.metadata
    const message = `${issuer} refuses even what is right, so its refusals would prove nothing: ${reasonOf(error)}`
    throw new NotProbeableError(message, { cause: error })
  }
}

async function attempt (run: () => Outcome | Promise<Outcome>): Promise<Outcome> {
  try {
    return await run()
  } catch (error) {
    return no(`could not be tried: ${reasonOf(error)}`)
  }
}

/** The libraries' messages say that it failed; why, is in the cause. */
function reasonOf (error: unknown): string {
  const { message, cause } = error as Error
  const named = cause as { attribute?: string, body?: { issuer?: string } } | undefined
  if (named?.attribute === 'issuer') return `its metadata names ${named.body?.issuer} as the issuer`
  return cause instanceof Error ? `${message}, ${reasonOf(cause)}` : message
}

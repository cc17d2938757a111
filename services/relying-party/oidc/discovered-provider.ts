import { AsyncLocalStorage } from 'node:async_hooks'
import * as client from 'openid-client'
import type { Logger } from '#lib/server/http-server.ts'
import { createPlainFetch } from '#lib/outbound/plain-fetch.ts'
import { readyForNewKeys } from '#lib/oidc/refetch-keys.ts'
import { clientAuthenticationOf } from './client-authentication.ts'
import type { ProviderConfig } from '../config.ts'
import { asRefusal, Refusal } from '../refusal.ts'
import { logoutTokenCheck } from './logout-token.ts'
import { connectionCheck } from './reachability.ts'

/** A provider that has told where its endpoints are, and this application as its client. */
export interface DiscoveredProvider {
  readonly configuration: client.Configuration
  /** for the Messenger's code: the same provider, another client */
  messenger: client.Configuration
  checkLogoutToken: ReturnType<typeof logoutTokenCheck>
  /** rejects where nobody is */
  checkConnection: () => Promise<void>
  /** that a browser meets on its way through the provider */
  origins: string[]
}

/** What the token endpoint has given, whatever becomes of it: openid-client says nothing of a token response that it refuses. */
export const issued = new AsyncLocalStorage<{ refreshToken?: string }>()

// A provider that has gone mad must not fill the memory.
const maxAnswerBytes = 1024 * 1024

/**
 * Makes the question for a provider's metadata.
 *
 * @param messengerClientId Genesys' own client: its codes are asked for here, and only Genesys can redeem them
 * @returns rejects with a `Refusal` that says why the provider cannot be used
 * @see https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig
 */
export function askProvider (config: ProviderConfig, messengerClientId: string, log: Logger): () => Promise<DiscoveredProvider> {
  const timeoutMs = config.timeout * 1000
  // Once, so that its connections serve for good.
  const fetch = createPlainFetch({ userAgent: 'relying-party', ca: config.ca, maxBytes: maxAnswerBytes, timeouts: { headers: timeoutMs, body: timeoutMs } })
  let reason: string | undefined
  return async () => {
    try {
      const found = await discover(config, messengerClientId, fetch, log)
      reason = undefined
      return found
    } catch (error) {
      // It is asked again every few seconds: once is enough for each reason.
      if ((error as Error).message !== reason) log.warn(`waiting for the identity provider: ${(error as Error).message}`)
      reason = (error as Error).message
      throw error
    }
  }
}

async function discover (
  config: ProviderConfig, messengerClientId: string, fetch: ReturnType<typeof createPlainFetch>, log: Logger
): Promise<DiscoveredProvider> {
  const { issuer, clientId, timeout, clockTolerance } = config
  // Deprecated so that it stands out: without it, no provider is talked to in the clear. The lab's is.
  const transport = issuer.startsWith('http:') ? [client.allowInsecureRequests] : []
  try {
    const authentication = await clientAuthenticationOf(config.authentication)
    const metadata = (await client.discovery(new URL(issuer), clientId, undefined, authentication, {
      [client.customFetch]: async (url, options) => {
        const answer = await fetch(url, options)
        compareClocks(answer.headers, config, log)
        return answer
      },
      timeout,
      execute: transport
    })).serverMetadata()
    checkMetadata(metadata)

    const configure = () => {
      const configuration = new client.Configuration(metadata, clientId, { [client.clockTolerance]: clockTolerance }, authentication)
      configuration[client.customFetch] = async (url, options) => {
        const answer = await fetch(url, options)
        if (url === metadata.token_endpoint) await noteIssued(answer)
        return answer
      }
      configuration.timeout = timeout
      // The code flow may trust TLS in place of the signature. We look at both.
      for (const adjust of [...transport, client.enableNonRepudiationChecks]) adjust(configuration)
      return configuration
    }
    let configuration = configure()
    const messenger = new client.Configuration(metadata, messengerClientId, undefined, client.None())
    for (const adjust of transport) adjust(messenger)

    log.info(`found the identity provider at ${issuer}`)
    return {
      get configuration () {
        configuration = readyForNewKeys(configuration, configure)
        return configuration
      },
      messenger,
      checkLogoutToken: logoutTokenCheck({
        issuer: metadata.issuer,
        jwksUri: String(metadata.jwks_uri),
        clientId,
        algorithms: metadata.id_token_signing_alg_values_supported ?? ['RS256'],
        clockTolerance,
        fetch
      }),
      // The one endpoint that this server itself has to reach for a sign-in: there it redeems the code.
      checkConnection: connectionCheck(String(metadata.token_endpoint)),
      origins: originsOf(issuer, metadata.authorization_endpoint, metadata.end_session_endpoint)
    }
  } catch (error) {
    const { description, message } = asRefusal(error) as Refusal
    const words = description ?? message
    const advice = isThisHost(issuer) && words.includes('ECONNREFUSED') ? adviceOnLocalhost : ''
    throw new Refusal('provider_unavailable', {
      statusCode: 503, description: `no discovery document from ${issuer}: ${words}${advice}`, cause: error
    })
  }
}

const isThisHost = (issuer: string) => /^(localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(issuer).hostname)
const adviceOnLocalhost = '; nobody listens there. In a container, localhost is the container itself: IDP_ISSUER has to be a URL at ' +
  'which this service, too, finds the provider, as http://idp.localhost:3001 in Compose'

/** Says so where the provider's clock is so far from ours that what it dates will be refused: sign-outs may be the first to fail. */
function compareClocks (headers: Headers, { issuer, clockTolerance }: ProviderConfig, log: Logger): void {
  const date = Date.parse(headers.get('date') ?? '')
  // What comes from a cache was dated long ago: https://www.rfc-editor.org/rfc/rfc9111#section-5.1
  if (Number.isNaN(date) || Number(headers.get('age') ?? 0) > 0) return
  const seconds = Math.round((date - Date.now()) / 1000)
  if (Math.abs(seconds) <= clockTolerance) return
  log.warn(`the clock of ${issuer} is ${Math.abs(seconds)} s ${seconds > 0 ? 'ahead of' : 'behind'} ours, and ${clockTolerance} s are ` +
    'tolerated (OIDC_CLOCK_TOLERANCE): what it says of sign-ins or sign-outs will be refused')
}

async function noteIssued (answer: Response): Promise<void> {
  const noted = issued.getStore()
  if (!noted || !answer.ok) return
  const body = await answer.clone().json().catch(() => undefined) as { refresh_token?: unknown } | null | undefined
  if (typeof body?.refresh_token === 'string') noted.refreshToken = body.refresh_token
}

// https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata
const needed = ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const

/** openid-client looks for each when it is needed. By then the document would have taken the place of a better one. */
function checkMetadata (metadata: client.ServerMetadata): void {
  const missing = needed.find(name => !URL.canParse(metadata[name] ?? ''))
  if (missing) throw new Refusal('invalid_metadata', { description: `the discovery document has no usable ${missing}` })
}

const originsOf = (...urls: (string | undefined)[]): string[] =>
  [...new Set(urls.filter(url => url !== undefined).map(url => new URL(url).origin))]

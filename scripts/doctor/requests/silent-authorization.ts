import * as oauth from 'oauth4webapi'
import { clientAuthenticationOf } from '../../../services/relying-party/oidc/client-authentication.ts'
import { errorIn, objectIn } from '../../report/answer-text.ts'
import type { DiscoveredProvider } from './provider-subject.ts'
import type { Answer } from './peer.ts'
import { postAsClient } from './post-as-client.ts'

/** What came of a request that a browser would make: back at the client, or somewhere at the provider. */
export type Arrival =
  | { at: 'client', parameters: URLSearchParams }
  | { at: 'provider', page: Answer }
  /** it was not even let in as a pushed request */
  | { at: 'pushed', status: number, error: string }

const maxRedirects = 6

/** Where nobody has a client: `.invalid` is nobody's (https://www.rfc-editor.org/rfc/rfc6761#section-6.4). */
export const unregisteredUri = 'https://unregistered.invalid/callback'

/**
 * Ask for a code without a page, as a browser in which nobody is signed in.
 *
 * @param request.push whether the client may push requests
 * @throws {Unreachable} when the provider does not answer
 */
export async function askSilently (
  provider: DiscoveredProvider,
  request: { clientId: string, redirectUri: string, parameters: Record<string, string>, push: boolean }
): Promise<Arrival> {
  const { metadata } = provider
  const { clientId, redirectUri } = request
  const parameters = {
    ...request.parameters,
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    prompt: 'none',
    state: oauth.generateRandomState(),
    nonce: oauth.generateRandomNonce(),
    code_challenge: await oauth.calculatePKCECodeChallenge(oauth.generateRandomCodeVerifier()),
    code_challenge_method: 'S256'
  }
  const url = new URL(metadata.authorization_endpoint ?? '')
  const pushed = request.push ? await push(provider, parameters) : { parameters }
  if ('refused' in pushed) return { at: 'pushed', ...pushed.refused }
  for (const [name, value] of Object.entries(pushed.parameters)) url.searchParams.set(name, value)
  return followRedirects(provider, url, redirectUri)
}

/** @see https://www.rfc-editor.org/rfc/rfc9126#section-2 */
async function push ({ config, metadata, peer }: DiscoveredProvider, form: Record<string, string>) {
  const { status, text } = await postAsClient(peer, {
    url: metadata.pushed_authorization_request_endpoint!,
    metadata,
    clientId: config.clientId,
    auth: await clientAuthenticationOf(config.authentication),
    form
  })
  const body = objectIn(text) ?? {}
  const requestUri = body['request_uri']
  if (typeof requestUri !== 'string') return { refused: { status, error: errorIn(body) } }
  return { parameters: { client_id: config.clientId, request_uri: requestUri } }
}

/** Follow redirects until one leads to the client. */
export async function followRedirects ({ peer }: DiscoveredProvider, start: URL, target: string): Promise<Arrival> {
  let page = await peer.request(start.href)
  for (let redirects = 0; redirects < maxRedirects && page.location; redirects++) {
    const { location } = page
    if (location.origin + location.pathname === target) return { at: 'client', parameters: location.searchParams }
    if (!/^https?:$/.test(location.protocol)) break
    page = await peer.request(location.href)
  }
  return { at: 'provider', page }
}

import type { ServerResponse } from 'node:http'
import type { RegisteredClient } from '../clients/registered-clients.ts'

const directives = {
  'default-src': "'none'",
  'style-src': "'self'",
  'img-src': "'self'",
  'form-action': "'none'",
  'frame-ancestors': "'none'",
  'base-uri': "'none'"
}

const policyWith = (changes: Record<string, string> = {}) =>
  Object.entries({ ...directives, ...changes }).map(([name, sources]) => `${name} ${sources}`).join(';')

/** The policy of every answer that has neither a form nor a frame. */
export const contentSecurityPolicy = policyWith()

/** Let a page send its forms here, and nowhere else. */
export function allowForms (response: ServerResponse): void {
  response.setHeader('content-security-policy', policyWith({ 'form-action': "'self'" }))
}

/**
 * Let a page send its forms here, and from here on to an application. Browsers hold every redirect that follows a form to the
 * policy, and where an application goes on to from its callback is its own business: another origin, as a rule, where its pages
 * and its backend are apart. So the policy cannot name them; that no script and no text of others gets into the page has to do.
 *
 * @param next where the browser is sent, if it is known; a scheme of an application has to be named
 * @see https://www.w3.org/TR/CSP3/#directive-form-action
 */
export function allowFormsOf (response: ServerResponse, client: RegisteredClient | undefined, next?: unknown): void {
  const { redirect_uris: redirectUris = [], post_logout_redirect_uris: afterLogout = [] } = client ?? {}
  const uris = [next, ...redirectUris, ...afterLogout].map(uri => URL.parse(String(uri))).filter(uri => uri !== null)
  const schemes = unique(uris.map(({ protocol }) => protocol).filter(scheme => !/^https?:$/.test(scheme)))
  response.setHeader('content-security-policy', policyWith({ 'form-action': `* ${schemes}`.trim() }))
}

/** Let a page show these in frames. */
export function allowFrames (response: ServerResponse, uris: string[]): void {
  response.setHeader('content-security-policy', policyWith({ 'frame-src': sourcesOf(uris) }))
}

// Of the 16 KiB that many clients, Node among them, take of all headers together.
const longestList = 4_000

function sourcesOf (uris: string[]): string {
  const parsed = uris.map(uri => URL.parse(uri)).filter(url => url !== null)
  const sources = unique(parsed.map(sourceOf))
  return sources.length <= longestList ? sources : unique(parsed.map(({ protocol }) => protocol))
}

const unique = (sources: string[]) => [...new Set(sources)].join(' ')

/**
 * The origin, where a policy can name it. Of schemes of applications, of hosts with other characters than these, and of all
 * addresses but one, it can name the scheme alone.
 *
 * @see https://www.w3.org/TR/CSP3/#match-hosts
 */
function sourceOf ({ hostname, origin, protocol }: URL): string {
  const isAddress = /^[\d.]+$|:/.test(hostname) && hostname !== '127.0.0.1'
  return /^https?:$/.test(protocol) && /^[a-z\d.-]+$/.test(hostname) && !isAddress ? origin : protocol
}

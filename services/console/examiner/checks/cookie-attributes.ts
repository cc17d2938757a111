import type { MessageCheck } from '../check.ts'
import type { Message, Service } from '../../journeys/message.ts'

/** A cookie as it is set; not one that is taken away. */
interface Cookie { name: string, httpOnly: boolean, secure: boolean, sameSite: string | undefined }

function cookieChecks (service: Service, by: MessageCheck['by'], demandOf: (cookie: Cookie, isHttps: boolean) => string[]) {
  return {
    by,
    examine (message: Message, { app, issuer }: { app: string, issuer: string }) {
      const cookies = message.service === service ? cookiesOf(message) : []
      if (cookies.length === 0) return undefined
      const isHttps = (service === 'idp' ? issuer : app).startsWith('https:')
      const missing = cookies.flatMap(cookie => demandOf(cookie, isHttps).map(what => `${cookie.name} has no ${what}`))
      const expected = ['HttpOnly', 'SameSite', ...isHttps ? ['Secure'] : []].join(', ')
      return { ok: missing.length === 0, expected, found: missing.join('; ') || expected }
    }
  }
}

function cookiesOf ({ answerHeaders }: Message): Cookie[] {
  return [answerHeaders['set-cookie'] ?? []].flat().flatMap(line => {
    const [pair = '', ...rest] = line.split(/ *; */)
    const attributes = new Map(rest.map(attribute => attribute.split(/=(.*)/s, 2) as [string, string?]).map(([name, value]) => [name.toLowerCase(), value]))
    const isTakenAway = /=$/.test(pair) || attributes.get('max-age') === '0'
    return isTakenAway ? [] : { name: pair.split('=', 1)[0]!, httpOnly: attributes.has('httponly'), secure: attributes.has('secure'), sameSite: attributes.get('samesite')?.toLowerCase() }
  })
}

function flagsMissing ({ httpOnly, secure, sameSite }: Cookie, isHttps: boolean): string[] {
  return [
    ...httpOnly ? [] : ['HttpOnly'],
    ...sameSite === undefined ? ['SameSite'] : [],
    // Browsers take SameSite=None with Secure alone, over http as well.
    ...secure || !(isHttps || sameSite === 'none') ? [] : ['Secure']
  ]
}

const demands = 'A script must not read a session’s cookie, another site not send it along, and it must not go over http where there is https.'
const specification = {
  section: 'OAuth 2.0 for Browser-Based Applications, section 6.1.3.2',
  url: 'https://datatracker.ietf.org/doc/html/draft-ietf-oauth-browser-based-apps#name-cookie-security'
}

export const providerCookies: MessageCheck = {
  name: 'provider-cookies', demands, specification, ...cookieChecks('idp', 'provider', flagsMissing)
}

export const relyingPartyCookies: MessageCheck = {
  name: 'relying-party-cookies',
  demands: `${demands} With __Host- before its name no sibling host can set it.`,
  specification,
  ...cookieChecks('relying-party', 'relying party', (cookie, isHttps) =>
    [...flagsMissing(cookie, isHttps), ...isHttps && !cookie.name.startsWith('__Host-') ? ['__Host- before its name'] : []])
}

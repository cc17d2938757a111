import type { RegisteredClient } from '../../../services/idp/clients/registered-clients.ts'
import { Visitor, type Idp, type Tokens } from '../helper.ts'
import { elsewhere, personOf, type Mistake } from './mistake.ts'

const minutes = 60

const userinfoAfter = (
  what: (idp: Idp, client: RegisteredClient, accessToken: string) => Promise<unknown>
): Mistake['make'] => async (idp, client) => {
  const { access_token: accessToken } = await idp.tokensFor('alice', client)
  await what(idp, client, accessToken)
  return personOf(await idp.userinfo(accessToken))
}

const signOut = (parameters: (idToken: string) => Record<string, string>): Mistake['make'] => async (idp, client) => {
  const visitor = new Visitor(idp)
  const code = (await visitor.signIn('alice', client)).location!.searchParams.get('code')!
  const { id_token: idToken } = (await idp.redeem(client, code)).json() as Tokens
  const page = await visitor.open(`/session/end?${new URLSearchParams(parameters(idToken))}`)
  if (page.status >= 400) return { refusal: `a page with status ${page.status}` }
  const { location } = page.$('button').length > 0 ? await visitor.submit(page, {}, 'Sign out') : page
  return location ? { left: location.href } : {}
}

/** What a client can do wrong with the tokens that it has got. */
export const laterMistakes: Mistake[] = [
  {
    rule: 'access-token-expired',
    section: 'rfc6750#section-3.1',
    doing: 'asks for claims with an access token that has expired',
    endpoint: 'userinfo',
    refusal: 'invalid_token',
    make: userinfoAfter(idp => idp.lab.clock.advance(20 * minutes))
  },
  {
    rule: 'access-token-revoked',
    section: 'rfc6750#section-3.1',
    doing: 'asks for claims with an access token that it has revoked',
    endpoint: 'userinfo',
    refusal: 'invalid_token',
    make: userinfoAfter((idp, client, token) => idp.post('/token/revocation', client, { token }))
  },
  {
    rule: 'access-token-revoked',
    section: 'rfc6750#section-3.1',
    doing: 'asks for claims with an access token whose session has ended',
    endpoint: 'userinfo',
    refusal: 'invalid_token',
    make: userinfoAfter(idp => idp.lab.sessions.end('alice'))
  },
  {
    rule: 'id-token-hint-forged',
    section: 'openid-connect-rpinitiated-1_0.html#RPLogout',
    doing: 'asks for a sign-out with an ID token whose signature is wrong',
    endpoint: 'end_session',
    refusal: 'a page with status 400',
    make: signOut(idToken => ({ id_token_hint: `${idToken.slice(0, idToken.lastIndexOf('.'))}.${'A'.repeat(342)}` }))
  },
  {
    rule: 'post-logout-redirect-uri-not-registered',
    section: 'openid-connect-rpinitiated-1_0.html#RedirectionAfterLogout',
    doing: 'asks for a way back after the sign-out that it has not registered',
    endpoint: 'end_session',
    refusal: 'a page with status 400',
    make: signOut(idToken => ({ id_token_hint: idToken, post_logout_redirect_uri: elsewhere }))
  }
]

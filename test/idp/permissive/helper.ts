import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose'
import type { Test } from 'tap'
import type { RegisteredClient } from '../../../services/idp/clients/registered-clients.ts'
import type { Idp, Tokens } from '../helper.ts'

/** Three clients that are the same but for their names and for what is let pass to the second, in a realm of their own. */
export async function realmWithClients (idp: Idp) {
  const client = (id: string, permissive: boolean): RegisteredClient => ({
    ...idp.relyingParty,
    client_id: id,
    client_name: id,
    client_secret: `the-secret-of-the-client-${id}`,
    redirect_uris: [`http://${id}.localhost/callback`],
    scope: 'openid profile email offline_access',
    refresh_tokens: 'always',
    permissive
  })
  const [strict, permissive, other] = [client('strict', false), client('permissive', true), client('other', false)]
  const realm = await idp.newRealm({ clients: [strict, permissive, other] })
  return { realm, strict, permissive, other }
}

/** All that was let pass so far, in the order of the ledger. */
export async function letPass (idp: Idp) {
  const { entries } = await idp.lab.ledger.query({ limit: 1_000 })
  return entries.flatMap(({ client_id: client, endpoint, status, violations }) =>
    violations.map(violation => ({ client_id: client, endpoint, status, ...violation })))
}

/** Whether tokens are what a correct client gets: signed by the issuer, for this client and user, and good for userinfo. */
export async function checkTokens (t: Test, idp: Idp, client: RegisteredClient, tokens: Tokens, username = 'alice') {
  const jwks = (await idp.app.inject({ url: `${idp.base}/jwks` })).json() as JSONWebKeySet
  const { sub } = await idp.lab.users.get(username)
  const now = new Date((await idp.lab.clock.get()).now)
  const { payload } = await jwtVerify(tokens.id_token, createLocalJWKSet(jwks), {
    issuer: `${idp.issuer}`, audience: client.client_id, algorithms: ['RS256'], currentDate: now
  })
  t.match(payload, { sub, aud: client.client_id, nonce: 'the-nonce', sid: /./ })
  t.match((await idp.userinfo(tokens.access_token)).json(), { sub }, 'the access token is good')
}

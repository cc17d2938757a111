// Which reason a person is told, by the relying party and by Genesys, for every fault of the identity provider that either can
// meet. No version of the libraries that find it out may change that unnoticed.
import t from 'tap'
import type { Logger } from '#lib/server/http-server.ts'
import { OidcClient } from '../../services/genesys/auth/oidc-client.ts'
import { OidcError } from '../../services/genesys/auth/oidc-error.ts'
import { catalogue } from '../../services/idp/faults/catalogue.ts'
import { IdentityProvider } from '../../services/relying-party/oidc/identity-provider.ts'
import { Refusal } from '../../services/relying-party/refusal.ts'
import { freePorts } from '../helpers/lab.ts'
import { codeVerifier, startIdp, Visitor, type Idp } from '../idp/helper.ts'

const comesIn = 'comes in'
const bothComeIn = [comesIn, comesIn] as const

/** What the relying party says, and what Genesys does. */
type Told = readonly [relyingParty: string, genesys: string]

/** Genesys sees no authorization response but the code, and `iss` where the page hands it over. */
const ofAuthorizationError = (error: string): Told => [`${error}: the identity provider refused the authorization request`, comesIn]

const told: Record<string, Told> = {
  'discovery-issuer-mismatch': [
    'provider_unavailable: no discovery document from ISSUER: the discovery document is of another issuer than the one asked (issuer)',
    'unavailable: the identity provider cannot be discovered: the discovery document is of another issuer than the one asked (issuer)'
  ],
  'discovery-missing-field': [
    'provider_unavailable: no discovery document from ISSUER: the discovery document has no usable jwks_uri',
    'invalid_response: the discovery document has no usable jwks_uri'
  ],
  'discovery-html': [
    'provider_unavailable: no discovery document from ISSUER: the identity provider answered with something other than JSON',
    'unavailable: the identity provider cannot be discovered: the identity provider answered with something other than JSON'
  ],
  'discovery-server-error': [
    'provider_unavailable: no discovery document from ISSUER: the identity provider answered with the status 500',
    'unavailable: the identity provider cannot be discovered: the identity provider answered with the status 500'
  ],
  'discovery-slow': bothComeIn,
  'authorization-response-invalid-iss': [
    'invalid_response: the authorization response is from another identity provider (iss)',
    'invalid_request: iss is not the issuer of the identity provider, which is ISSUER'
  ],
  'authorization-response-missing-iss': [
    'invalid_response: the authorization response does not say which identity provider it is from (iss)',
    comesIn
  ],
  'authorization-response-invalid-state': [
    'invalid_response: the authorization response belongs to another request (state)',
    comesIn
  ],
  'authorization-response-missing-state': [
    'invalid_response: the authorization response has no state',
    comesIn
  ],
  'token-endpoint-server-error': [
    'server_error: the identity provider answered with the status 500',
    'unavailable: the identity provider gave no usable answer: the identity provider answered with the status 500'
  ],
  'token-endpoint-too-many-requests': [
    'temporarily_unavailable: the identity provider asks us to wait',
    'unavailable: the identity provider gave no usable answer: the identity provider asks us to wait'
  ],
  'token-endpoint-timeout': [
    'provider_unavailable: no connection (UND_ERR_SOCKET)',
    'unavailable: the identity provider gave no usable answer: no connection (UND_ERR_SOCKET)'
  ],
  'token-endpoint-invalid-grant': [
    'invalid_grant: the token endpoint does not take the code or refresh token: used already, expired, or of another request',
    'invalid_grant: the identity provider refused the code (invalid_grant): the fault token-endpoint-invalid-grant is switched on'
  ],
  'token-endpoint-truncated-json': [
    'invalid_response: the identity provider answered with JSON that breaks off or is malformed',
    'invalid_response: the identity provider answered with JSON that breaks off or is malformed'
  ],
  'token-endpoint-wrong-content-type': bothComeIn,
  'token-endpoint-slow': bothComeIn,
  'id-token-invalid-iss': [
    'invalid_id_token: the ID token is from another identity provider (iss)',
    'invalid_response: the ID token is from another identity provider (iss): it has to be ISSUER'
  ],
  'id-token-invalid-aud': [
    'invalid_id_token: the ID token was issued for another application (aud)',
    'invalid_response: the ID token was issued for another application (aud): it has to be genesys-messenger'
  ],
  'id-token-missing-aud': [
    'invalid_id_token: the ID token has no aud',
    'invalid_response: the ID token has no aud: it has to be genesys-messenger'
  ],
  'id-token-additional-aud': [
    'invalid_id_token: the ID token is also meant for an application that we do not know (aud)',
    'invalid_response: the ID token is also meant for an application that we do not know (aud): it has to be genesys-messenger'
  ],
  'id-token-invalid-azp': [
    'invalid_id_token: the ID token was issued to another application (azp)',
    'invalid_response: the identity provider has renewed another sign-in than this one: azp differs'
  ],
  'id-token-invalid-nonce': [
    'invalid_id_token: the ID token belongs to another sign-in (nonce)',
    'invalid_response: nonce was sent but the ID token has another'
  ],
  'id-token-missing-nonce': [
    'invalid_id_token: the ID token has no nonce',
    'invalid_response: nonce was sent but the ID token has none: the authorization request had no nonce, so none may be sent'
  ],
  'id-token-missing-sub': [
    'invalid_id_token: the ID token has no sub',
    'invalid_response: the ID token has no sub'
  ],
  'id-token-missing-iat': [
    'invalid_id_token: the ID token has no iat',
    'invalid_response: the ID token has no iat'
  ],
  'id-token-expired': [
    'invalid_id_token: the ID token has expired (exp)',
    'invalid_response: the ID token expired 3600 s ago'
  ],
  'id-token-not-yet-valid': [
    'invalid_id_token: the ID token is not valid yet (nbf)',
    'invalid_response: the ID token is not valid yet (nbf)'
  ],
  'id-token-invalid-acr': bothComeIn,
  'id-token-old-auth-time': [
    'unmet_authentication_requirements: the person proved who they are longer ago than we allow (auth_time)',
    'invalid_response: the person signed in 2592000 s ago, and maxAge allows 600 s'
  ],
  'id-token-missing-auth-time': [
    'unmet_authentication_requirements: the ID token does not say when the person has signed in, as was asked for (auth_time)',
    'invalid_response: maxAge was sent but the ID token has no auth_time: the authorization request had no max_age, so none may be sent'
  ],
  'id-token-alg-none': [
    'invalid_id_token: the ID token is signed with an algorithm not agreed on (alg)',
    'invalid_response: the ID token is signed with an algorithm not agreed on (alg)'
  ],
  'id-token-invalid-signature': [
    'invalid_id_token: the signature of the ID token is wrong',
    'invalid_response: the signature of the ID token is wrong'
  ],
  'id-token-invalid-signature-es256': [
    'invalid_id_token: the ID token is signed with an algorithm not agreed on (alg)',
    'invalid_response: the ID token is signed with an algorithm not agreed on (alg)'
  ],
  'id-token-invalid-signature-hs256': [
    'invalid_id_token: the ID token is signed with an algorithm not agreed on (alg)',
    'invalid_response: the ID token is signed with an algorithm not agreed on (alg)'
  ],
  'id-token-hs256-with-public-key': [
    'invalid_id_token: the ID token is signed with an algorithm not agreed on (alg)',
    'invalid_response: the ID token is signed with an algorithm not agreed on (alg)'
  ],
  'id-token-wrong-key': [
    'invalid_id_token: the signature of the ID token is wrong',
    'invalid_response: the signature of the ID token is wrong'
  ],
  'id-token-unknown-kid': [
    'invalid_id_token: the ID token is signed with a key that the identity provider does not publish (kid)',
    'invalid_response: the ID token is signed with a key that the identity provider does not publish (kid)'
  ],
  'id-token-no-kid-single-key': bothComeIn,
  'id-token-no-kid-several-keys': [
    'invalid_id_token: the ID token does not say which of several keys it is signed with (kid)',
    'invalid_response: the ID token does not say which of several keys it is signed with (kid)'
  ],
  'jwks-empty': [
    'invalid_id_token: the ID token is signed with a key that the identity provider does not publish (kid)',
    'invalid_response: the ID token is signed with a key that the identity provider does not publish (kid)'
  ],
  'jwks-unparsable-key': bothComeIn,
  'jwks-server-error': [
    'server_error: the identity provider answered with the status 500',
    'unavailable: the identity provider gave no usable answer: the identity provider answered with the status 500'
  ],
  'jwks-unreachable': [
    'provider_unavailable: no connection (UND_ERR_SOCKET)',
    'unavailable: the identity provider gave no usable answer: no connection (UND_ERR_SOCKET)'
  ],
  'jwks-slow': bothComeIn,
  'jwks-rotated-before-signing': bothComeIn,
  'jwks-rotated-between-sign-ins': bothComeIn,
  'userinfo-invalid-sub': [
    'invalid_userinfo: the userinfo endpoint tells about somebody else than the ID token (sub)',
    comesIn
  ],
  'userinfo-unauthorized': [
    'invalid_token: the userinfo endpoint does not take the access token',
    comesIn
  ],
  'userinfo-not-json': [
    'invalid_response: the identity provider answered with something other than JSON',
    comesIn
  ],
  'refresh-invalid-iss': [
    'invalid_id_token: the ID token is from another identity provider (iss)',
    'invalid_response: the ID token is from another identity provider (iss): it has to be ISSUER'
  ],
  'refresh-invalid-aud': [
    'invalid_id_token: the ID token was issued for another application (aud)',
    'invalid_response: the ID token was issued for another application (aud): it has to be genesys-messenger'
  ],
  'refresh-invalid-sub': [
    'invalid_id_token: the refreshed ID token does not continue the sign-in (sub)',
    'invalid_response: the identity provider has renewed another sign-in than this one: sub differs'
  ],
  'refresh-invalid-azp': [
    'invalid_id_token: the refreshed ID token does not continue the sign-in (azp)',
    'invalid_response: the identity provider has renewed another sign-in than this one: azp differs'
  ],
  ...Object.fromEntries(catalogue.filter(({ name }) => name.startsWith('authorization-error-')).map(({ name }) =>
    [name, ofAuthorizationError(name.replace('authorization-error-', '').replaceAll('-', '_'))]))
}

const ports = await freePorts()
const idp = await startIdp(t, ports)
await idp.app.listen({ host: '127.0.0.1', port: Number(ports.IDP_PORT) })
const alice = idp.config.users.find(({ username }) => username === 'alice')!

const silent = { info () {}, warn () {}, error () {} } as unknown as Logger
const app = new URL(idp.relyingParty.redirect_uris[0]!).origin

/** Whoever signs in, and has the tokens refreshed then. */
type SignIn = (realm: Idp, switchOn: { first: () => Promise<void>, beforeRefresh: () => Promise<void> }) => Promise<void>

const atRelyingParty: SignIn = async (realm, switchOn) => {
  const { client_id: clientId, client_secret: secret = '' } = realm.relyingParty
  const provider = new IdentityProvider({
    issuer: realm.issuer,
    clientId,
    authentication: { method: 'client_secret_basic', secret },
    scope: 'openid offline_access',
    parameters: { max_age: '600', prompt: 'consent' },
    acr: 'voluntary',
    pushedAuthorizationRequests: 'never',
    ca: undefined,
    timeout: 10,
    clockTolerance: 30
  }, { app, callback: '/callback', messenger: { clientId: realm.genesys.client_id, scope: 'openid' }, log: silent })
  await switchOn.first()
  const { url, ...request } = await provider.startSignIn()
  const visitor = new Visitor(realm)
  let page = await visitor.submit(await visitor.open(url), { username: alice.username, password: alice.password }, 'Sign in')
  if (page.$('button:contains("Allow")').length > 0) page = await visitor.submit(page, {}, 'Allow')
  const { pathname, search } = page.location!
  const { tokens, user } = await provider.finishSignIn(pathname + search, request, { isSignedIn: true })
  await switchOn.beforeRefresh()
  await provider.refresh(tokens.refreshToken!, user.sub, tokens)
}

const atGenesys: SignIn = async (realm, switchOn) => {
  const { client_id: id, client_secret: secret = '', redirect_uris: [redirectUri = ''] } = realm.genesys
  const genesys = new OidcClient({ issuer: realm.issuer, client: { id, secret }, clockTolerance: 30 })
  await switchOn.first()
  const { location } = await new Visitor(realm).signIn(alice.username, realm.genesys, {
    max_age: '600', scope: 'openid offline_access', prompt: 'consent'
  })
  const { code, iss } = Object.fromEntries(location!.searchParams)
  if (code === undefined) return
  const { refreshToken, original } = await genesys.redeemAuthorizationCode({
    code, iss, redirectUri, codeVerifier, nonce: 'the-nonce', maxAge: 600
  })
  await switchOn.beforeRefresh()
  await genesys.refresh(refreshToken!, original)
}

const parametersOf = (name: string) => {
  if (name.endsWith('-slow')) return { delaySeconds: 0.05 }
  // How long each waits is theirs; here the connection is closed.
  if (name === 'token-endpoint-timeout') return { seconds: 0.05 }
  return name === 'discovery-missing-field' ? { field: 'jwks_uri' } : {}
}

async function outcomeOf (signIn: SignIn, fault: typeof catalogue[number]): Promise<string> {
  const realm = await idp.newRealm()
  const meet = async () => { await realm.lab.faults.switchOn(fault.name, { parameters: parametersOf(fault.name) }) }
  const [first, beforeRefresh] = fault.group === 'refresh' ? [async () => {}, meet] : [meet, async () => {}]
  try {
    await signIn(realm, { first, beforeRefresh })
    return comesIn
  } catch (error) {
    const said = error instanceof OidcError ? `${error.failure}: ${error.message}` : error instanceof Refusal ? error.message : String(error)
    return said.replaceAll(realm.issuer, 'ISSUER')
  }
}

// A logout token is jose's to check, and at a sign-out there is nothing to: both are in the flow about refusals.
const faults = catalogue.filter(({ group }) => group !== 'logout-token' && group !== 'end-session')

t.strictSame(Object.keys(told).sort(), faults.map(({ name }) => name).sort(), 'every fault is in the table')

for (const fault of faults) {
  t.test(`${fault.title} (${fault.name})`, async t => {
    t.strictSame([await outcomeOf(atRelyingParty, fault), await outcomeOf(atGenesys, fault)], told[fault.name])
  })
}

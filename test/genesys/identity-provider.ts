import { createHash, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import Provider, { type AdapterPayload, type Configuration } from 'oidc-provider'
import type { Test } from 'tap'
import { takeKeysFromFile } from '../helpers/keys.ts'
import { env } from './helper.ts'

takeKeysFromFile()

export const redirectUris = [
  'http://app.localhost:3000/messenger/callback',
  'http://app.localhost:3000/messenger/callback?tenant=a%20b&error=x',
  'http://app.localhost:3000'
]
const claims = { given_name: 'Ada', family_name: 'Lovelace', name: 'Ada Lovelace', email: 'ada@example.com', email_verified: true }
const day = 24 * 60 * 60

type Middleware = Parameters<Provider['use']>[0]

/** A real identity provider that gives codes without a sign-in, and refresh tokens. */
export async function startIdp (t: Test) {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => { server.close().closeAllConnections() })
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  const accounts: Record<string, Record<string, unknown>> = { ada: claims }
  const gives = { accessTokenLife: 300, refreshTokens: true }
  const provider = new Provider(issuer, {
    adapter: memory(),
    jwks: { keys: [{ ...await exportJWK(privateKey), alg: 'RS256', use: 'sig', kid: 'first' }] },
    cookies: { keys: [randomBytes(32).toString('hex')] },
    features: { devInteractions: { enabled: false } },
    ttl: {
      AccessToken: () => gives.accessTokenLife, AuthorizationCode: 60, Grant: day, IdToken: 300, Interaction: 60, RefreshToken: day, Session: day
    },
    clients: [{
      client_id: env.GENESYS_CLIENT_ID,
      client_secret: env.GENESYS_CLIENT_SECRET,
      token_endpoint_auth_method: 'client_secret_post',
      redirect_uris: redirectUris,
      grant_types: ['authorization_code', 'refresh_token']
    }],
    claims: { profile: ['name', 'given_name', 'family_name'], email: ['email', 'email_verified'] },
    conformIdTokenClaims: false,
    scopes: ['openid', 'offline_access'],
    issueRefreshToken: async () => gives.refreshTokens,
    rotateRefreshToken: true,
    findAccount: (_context, sub) => accounts[sub] && { accountId: sub, claims: () => ({ sub, ...accounts[sub] }) }
  })
  let inBetween: Middleware | undefined
  provider.use((context, next) => inBetween ? inBetween(context, next) : next())
  let up = true
  let tokenRequests = 0
  server.on('request', (request, response) => {
    if (request.url === '/token') tokenRequests++
    return up ? provider.callback()(request, response) : response.writeHead(503).end()
  })

  async function code ({ redirectUri = redirectUris[0]!, nonce, codeVerifier, authTime }: {
    redirectUri?: string
    nonce?: string
    codeVerifier?: string
    authTime?: number
  } = {}) {
    const client = (await provider.Client.find(env.GENESYS_CLIENT_ID))!
    const scope = 'openid profile email'
    const grant = new provider.Grant({ accountId: 'ada', clientId: client.clientId })
    grant.addOIDCScope(scope)
    return await new provider.AuthorizationCode({
      client,
      accountId: 'ada',
      grantId: await grant.save(),
      redirectUri,
      scope,
      gty: 'authorization_code',
      ...(nonce !== undefined && { nonce }),
      ...(authTime !== undefined && { authTime, claims: { id_token: { auth_time: { essential: true } } } }),
      ...(codeVerifier !== undefined && { codeChallenge: createHash('sha256').update(codeVerifier).digest('base64url'), codeChallengeMethod: 'S256' })
    }).save()
  }

  return {
    issuer,
    provider,
    privateKey,
    code,
    /** its users, by `sub`, to change or to delete */
    accounts,
    /** what it issues from now on */
    gives,

    /** Until a test ends, let something else have a say in each answer. */
    intercept (t: Test, middleware: Middleware) {
      inBetween = middleware
      t.teardown(() => { inBetween = undefined })
    },

    down: () => { up = false },
    up: () => { up = true },
    /** how often the token endpoint was asked */
    tokenRequests: () => tokenRequests
  }
}

/**
 * A provider of which nothing is there but what a client needs, with one key at a time.
 *
 * @param path of its issuer
 */
export async function startBareProvider (t: Test, path = '') {
  let keys = 0
  const newKey = async () => ({ kid: `key ${++keys}`, ...await generateKeyPair('RS256', { extractable: true }) })
  let key = await newKey()
  const idToken = (claims: object = { nonce: 'n' }) => new SignJWT({ iss: issuer, aud: env.GENESYS_CLIENT_ID, sub: 'ada', ...claims })
    .setIssuedAt().setExpirationTime('5 minutes').setProtectedHeader({ alg: 'RS256', kid: key.kid }).sign(key.privateKey)
  const at = (endpoint: string) => `${issuer.replace(/\/$/, '')}/${endpoint}`
  const answers: Record<string, () => unknown> = {
    '.well-known/openid-configuration': () => ({
      issuer, jwks_uri: at('jwks'), authorization_endpoint: at('auth'), token_endpoint: at('token')
    }),
    jwks: async () => ({ keys: [{ ...await exportJWK(key.publicKey), kid: key.kid, alg: 'RS256', use: 'sig' }] }),
    token: async () => ({ access_token: 'an-access-token', token_type: 'Bearer', id_token: await idToken({}) })
  }
  const server = createServer(async (request, response) => {
    const answer = Object.entries(answers).find(([endpoint]) => new URL(at(endpoint)).pathname === request.url)?.[1]
    response.writeHead(answer ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(await answer?.()))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => { server.close().closeAllConnections() })
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`
  /** @param kid of the new key, where it is not another one */
  const rotateKey = async (kid?: string) => { key = { ...await newKey(), ...(kid !== undefined && { kid }) } }
  return { issuer, idToken, rotateKey }
}

function memory (): NonNullable<Configuration['adapter']> {
  const entries = new Map<string, AdapterPayload>()
  return name => ({
    async upsert (id, payload) { entries.set(`${name}:${id}`, payload) },
    async find (id) { return entries.get(`${name}:${id}`) },
    async findByUid () { return undefined },
    async findByUserCode () { return undefined },
    async consume (id) { Object.assign(entries.get(`${name}:${id}`) ?? {}, { consumed: Math.floor(Date.now() / 1000) }) },
    async destroy (id) { entries.delete(`${name}:${id}`) },
    async revokeByGrantId () {}
  })
}

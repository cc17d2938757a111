// The smallest provider that a relying party can check in every respect: signed ID tokens, PKCE, codes that work once for
// their client and redirect URI, a token endpoint with client authentication, and userinfo. It asks nobody and keeps
// nothing, so that most of the machine is left to the relying party.
import { createHash, randomBytes, randomInt } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'

const { PORT, ISSUER, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, CLAIMS } = process.env as Record<string, string>
const tokenLifetimeSeconds = 3600

interface Grant { sub: string, nonce: string, challenge: string }
interface Answer { status: number, headers?: Record<string, string>, body?: unknown }
type Endpoint = (url: URL, request: IncomingMessage) => Answer | Promise<Answer>

const claims = JSON.parse(CLAIMS!) as Record<string, unknown>
const { privateKey, publicKey } = await generateKeyPair('RS256', { modulusLength: 2048 })
const publicJwk = { ...await exportJWK(publicKey), kid: 'bench', alg: 'RS256', use: 'sig' }
const grants = new Map<string, Grant>()
const subjects = new Map<string, string>()

const metadata = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/auth`,
  token_endpoint: `${ISSUER}/token`,
  userinfo_endpoint: `${ISSUER}/userinfo`,
  jwks_uri: `${ISSUER}/jwks`,
  response_types_supported: ['code'],
  grant_types_supported: ['authorization_code', 'refresh_token'],
  subject_types_supported: ['public'],
  scopes_supported: ['openid', 'profile', 'email'],
  id_token_signing_alg_values_supported: ['RS256'],
  token_endpoint_auth_methods_supported: ['client_secret_basic'],
  code_challenge_methods_supported: ['S256']
}

const endpoints: Record<string, Endpoint> = {
  'GET /.well-known/openid-configuration': () => ({ status: 200, body: metadata }),
  'GET /jwks': () => ({ status: 200, body: { keys: [publicJwk] } }),

  'GET /auth': ({ searchParams: asked }) => {
    const isOurs = asked.get('client_id') === CLIENT_ID && asked.get('redirect_uri') === REDIRECT_URI
    if (!isOurs || asked.get('code_challenge_method') !== 'S256') return refuse('invalid_request')
    const code = randomBytes(32).toString('base64url')
    // Each sign-in is that of another person, so that sessions which are mixed up can be told.
    const sub = `${Date.now()}-${randomInt(2 ** 40)}`
    grants.set(code, { sub, nonce: asked.get('nonce') ?? '', challenge: asked.get('code_challenge') ?? '' })
    const answer = new URLSearchParams({ code, state: asked.get('state') ?? '' })
    return { status: 303, headers: { location: `${REDIRECT_URI}?${answer}` } }
  },

  'POST /token': async (_url, request) => {
    const form = new URLSearchParams(await text(request))
    if (!isClient(request.headers.authorization)) return refuse('invalid_client')
    const code = form.get('code') ?? ''
    const grant = grants.get(code)
    grants.delete(code)
    const challenge = createHash('sha256').update(form.get('code_verifier') ?? '').digest('base64url')
    if (grant?.challenge !== challenge || form.get('redirect_uri') !== REDIRECT_URI) return refuse('invalid_grant')
    return { status: 200, body: await tokensFor(grant) }
  },

  // Asked once, right after the code: to keep more would only weigh on the machine.
  'GET /userinfo': (_url, request) => {
    const accessToken = request.headers.authorization?.slice('Bearer '.length) ?? ''
    const sub = subjects.get(accessToken)
    subjects.delete(accessToken)
    return sub === undefined ? refuse('invalid_token') : { status: 200, body: { ...claims, sub } }
  }
}

/** https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1 */
function isClient (authorization = ''): boolean {
  const [id, secret] = Buffer.from(authorization.slice('Basic '.length), 'base64').toString().split(':').map(decodeURIComponent)
  return id === CLIENT_ID && secret === CLIENT_SECRET
}

const refuse = (error: string): Answer => ({ status: 400, body: { error } })

async function tokensFor ({ sub, nonce }: Grant) {
  const accessToken = randomBytes(32).toString('base64url')
  subjects.set(accessToken, sub)
  const idToken = new SignJWT({ nonce, sid: randomBytes(16).toString('base64url') })
    .setProtectedHeader({ alg: 'RS256', kid: 'bench' })
    .setIssuer(ISSUER!).setAudience(CLIENT_ID!).setSubject(sub).setIssuedAt().setExpirationTime(`${tokenLifetimeSeconds} s`)
  return {
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: tokenLifetimeSeconds,
    refresh_token: randomBytes(32).toString('base64url'),
    id_token: await idToken.sign(privateKey)
  }
}

createServer(async (request, response) => {
  const url = new URL(request.url ?? '/', ISSUER)
  const endpoint = endpoints[`${request.method} ${url.pathname}`]
  const { status, headers, body } = await endpoint?.(url, request) ?? { status: 404 }
  response.writeHead(status, { 'cache-control': 'no-store', 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}).listen(Number(PORT), '127.0.0.1')

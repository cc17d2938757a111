// oidc-provider with its in-memory adapter and nothing around it. Whoever it asks to sign in is signed in, with consent,
// by the shortest interaction there is.
import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { exportJWK, generateKeyPair } from 'jose'
import { Provider } from 'oidc-provider'

const { PORT, ISSUER, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, SUB, CLAIMS } = process.env as Record<string, string>
const claims = JSON.parse(CLAIMS!) as Record<string, unknown>
const { privateKey } = await generateKeyPair('RS256', { extractable: true, modulusLength: 2048 })

const provider = new Provider(ISSUER!, {
  clients: [{ client_id: CLIENT_ID!, client_secret: CLIENT_SECRET!, redirect_uris: [REDIRECT_URI!] }],
  jwks: { keys: [{ ...await exportJWK(privateKey), alg: 'RS256', use: 'sig' }] },
  cookies: { keys: [randomBytes(32).toString('base64url')] },
  pkce: { required: () => true },
  claims: { openid: ['sub'], profile: ['name', 'given_name', 'family_name'], email: ['email', 'email_verified'] },
  findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ ...claims, sub }) }),
  interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
  features: { devInteractions: { enabled: false } }
})

async function signInAtOnce (request: IncomingMessage, response: ServerResponse) {
  const { params } = await provider.interactionDetails(request, response)
  const grant = new provider.Grant({ accountId: SUB!, clientId: String(params['client_id']) })
  grant.addOIDCScope(String(params['scope']))
  await provider.interactionFinished(request, response, { login: { accountId: SUB! }, consent: { grantId: await grant.save() } })
}

const handle = provider.callback()
createServer((request, response) => request.url?.startsWith('/interaction/') ? signInAtOnce(request, response) : handle(request, response))
  .listen(Number(PORT), '127.0.0.1')

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import t, { type Test } from 'tap'
import { createOidcClient } from '../../services/genesys/auth/oidc.ts'
import { loadGenesysConfig } from '../../services/genesys/config.ts'
import { labSettings } from '../helpers/lab.ts'

const path = '/application/o/app'

/** A provider whose issuer ends in a slash, as Authentik's do. @returns its issuer */
async function startProvider (t: Test): Promise<string> {
  const { publicKey, privateKey } = await generateKeyPair('RS256')
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => { server.closeAllConnections(); server.close() })
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}/`

  const answers: Record<string, () => unknown> = {
    [`${path}/.well-known/openid-configuration`]: () => ({
      issuer,
      authorization_endpoint: `${issuer}authorize`,
      token_endpoint: `${issuer}token`,
      jwks_uri: `${issuer}jwks`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256']
    }),
    [`${path}/jwks`]: async () => ({ keys: [{ ...await exportJWK(publicKey), alg: 'RS256', use: 'sig', kid: 'first' }] }),
    [`${path}/token`]: async () => ({
      access_token: 'an-access-token',
      token_type: 'Bearer',
      id_token: await new SignJWT({ sub: 'ada' }).setProtectedHeader({ alg: 'RS256', kid: 'first' })
        .setIssuer(issuer).setAudience(labSettings()['GENESYS_CLIENT_ID']!).setIssuedAt().setExpirationTime('5m').sign(privateKey)
    })
  }
  server.on('request', async (request, response) => {
    const answer = answers[request.url!]
    response.writeHead(answer ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(await answer?.()))
  })
  return issuer
}

function redeem (issuer: string) {
  const oidc = createOidcClient(loadGenesysConfig(labSettings({ IDP_ISSUER: issuer })))
  return oidc.redeemAuthorizationCode({ code: 'a-code', redirectUri: 'http://app.localhost:3000/messenger/callback' })
}

t.test('a provider whose issuer ends in a slash is found, and its ID tokens are accepted', async t => {
  const issuer = await startProvider(t)
  t.match(await redeem(issuer), { identity: { iss: issuer, sub: 'ada' } })
})

t.test('an issuer without the slash that the provider has is another one', async t => {
  const issuer = await startProvider(t)
  await t.rejects(redeem(issuer.slice(0, -1)), { message: /cannot be discovered.*issuer/ })
})

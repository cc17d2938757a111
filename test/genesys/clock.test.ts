import { readdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import t, { type Test } from 'tap'
import type { Server } from '#lib/http-server.ts'
import { openAttachmentFiles } from '../../services/genesys/attachments/attachment-files.ts'
import {
  ada, anonymousDeploymentId, buildApp, configWith, deploymentId, deploymentsWith, env, startGenesys, temporaryFolder
} from './helper.ts'

const System = Date
const host = 'genesys.localhost:3002'
const minute = 60
const day = 86_400

const setClock = (app: Server, offsetSeconds: number) =>
  app.inject({ method: 'PUT', url: '/lab/clock', headers: { host }, payload: { offsetSeconds } })

t.test('outside of a lab there is no clock to move', async t => {
  const { app } = await buildApp(t, { lab: false })
  const response = await setClock(app, day)
  t.equal(response.statusCode, 404)
  t.match(response.json(), { status: 404, code: 'not.found' })
  t.equal(Date, System)
})

t.test('a Genesys JWT ends when the clock says so', async t => {
  const { app, tokens, open } = await startGenesys(t, { lab: true })
  const { jwt } = await tokens.issue({ deploymentId, identity: ada })
  const configure = async () =>
    (await (await open()).request('configureAuthenticatedSession', { deploymentId, data: { code: jwt } })).code
  await setClock(app, 14 * minute)
  t.equal(await configure(), 200)
  await setClock(app, 16 * minute)
  t.equal(await configure(), 401)
  await setClock(app, 0)
  t.equal(await configure(), 200, 'and is good again for a clock that was put back')
})

t.test('a guest who is there is told that the session has expired', async t => {
  const { app, anonymousGuest } = await startGenesys(t, {
    lab: true,
    deployments: deploymentsWith(anonymousDeploymentId, deployment => ({ ...deployment, sessionDurationSeconds: day }))
  })
  const guest = await anonymousGuest()
  await setClock(app, day + 1)
  t.match(await guest.next(frame => frame.class === 'SessionExpiredEvent'), { code: 200 })
})

t.test('a guest who wrote too much while the clock was ahead waits no longer once it is back', async t => {
  const { app, anonymousGuest } = await startGenesys(t, { lab: true, rateLimits: true })
  const guest = await anonymousGuest()
  const ping = () => guest.request('echo', { message: { type: 'Text', text: 'ping' } })
  await setClock(app, day)
  for (let time = 0; time < 2; time++) t.equal((await ping()).code, 200)
  await setClock(app, 0)
  const { code, body } = await ping()
  t.equal(code, 429)
  t.ok((body as { retryAfter: number }).retryAfter <= 60, JSON.stringify(body))
})

t.test('an upload that is under way is no leftover because the clock was moved', async t => {
  const { app } = await buildApp(t, { lab: true })
  const files = openAttachmentFiles(temporaryFolder(t))
  await writeFile(join(files.folder, 'under-way.part'), 'the first half')
  await setClock(app, day)
  await files.sweep(async () => false)
  t.strictSame(await readdir(files.folder), ['under-way.part'])
})

t.test('takes a key that the provider has had since the clock was put back', async t => {
  const provider = await providerWithKeys(t)
  const folder = temporaryFolder(t)
  const deployments = configWith(folder).deployments
    .map(deployment => ({ ...deployment, auth: { ...deployment.auth, implicitFlow: true } }))
  const { app } = await buildApp(t, { issuer: provider.issuer, lab: true, deployments }, folder)
  const exchange = async () => (await app.inject({
    method: 'POST',
    url: '/api/v2/webdeployments/token/oauthcodegrantjwtexchange',
    payload: { deploymentId, oauth: { idToken: await provider.idToken(), nonce: 'n' } }
  })).statusCode

  await setClock(app, day)
  t.equal(await exchange(), 200)
  await setClock(app, 0)
  await provider.rotateKey()
  t.equal(await exchange(), 200)
})

/** A provider that signs ID tokens, with one key at a time. */
async function providerWithKeys (t: Test) {
  let keys = 0
  const newKey = async () => ({ kid: `key ${++keys}`, ...await generateKeyPair('RS256', { extractable: true }) })
  let key = await newKey()
  const server = createServer(async (request, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(request.url === '/jwks'
      ? { keys: [{ ...await exportJWK(key.publicKey), kid: key.kid, alg: 'RS256', use: 'sig' }] }
      : { issuer, jwks_uri: `${issuer}/jwks`, authorization_endpoint: `${issuer}/auth`, token_endpoint: `${issuer}/token` }))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => { server.close().closeAllConnections() })
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    issuer,
    rotateKey: async () => { key = await newKey() },
    idToken: () => new SignJWT({ iss: issuer, aud: env.GENESYS_CLIENT_ID, sub: 'ada', nonce: 'n' })
      .setIssuedAt().setExpirationTime('5 minutes').setProtectedHeader({ alg: 'RS256', kid: key.kid }).sign(key.privateKey)
  }
}

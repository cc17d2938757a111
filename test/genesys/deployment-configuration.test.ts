import t from 'tap'
import { allowsOrigin, type Deployment } from '../../services/genesys/deployments.ts'
import { buildApp, configWith, deploymentId, temporaryFolder } from './helper.ts'

const base = '/webdeployments/v1/deployments'

t.test('serves the configuration of a deployment to pages of any origin', async t => {
  const { app } = await buildApp(t, { url: 'https://genesys.example' })
  const response = await app.inject({ url: `${base}/${deploymentId}/config.json`, headers: { origin: 'https://anywhere.example' } })
  t.equal(response.statusCode, 200)
  t.equal(response.headers['access-control-allow-origin'], '*')
  t.equal(response.headers['access-control-allow-credentials'], undefined)
  const body = response.json()
  t.match(body, {
    id: deploymentId,
    status: 'Active',
    apiEndpoint: 'https://genesys.example',
    auth: { enabled: true, allowSessionUpgrade: false },
    messenger: { enabled: true, apps: { conversations: { messagingEndpoint: 'wss://genesys.example' } }, fileUpload: { modes: [{ fileTypes: ['image/png'], maxFileSizeKB: 10_240 }] } },
    journeyEvents: { enabled: false }
  })
  t.notOk('allowedDomains' in body, 'whom it is for is in domains.json')
  t.same(body.auth, { enabled: true, allowSessionUpgrade: false }, 'and how Genesys is connected to the identity provider is nobody\'s business')
  t.notOk('sessionDurationSeconds' in body)
})

t.test('serves the domains of a deployment', async t => {
  const { app } = await buildApp(t)
  const response = await app.inject(`${base}/${deploymentId}/domains.json`)
  t.same(response.json(), { allowAllDomains: false, allowedDomains: ['app.localhost'] })
})

t.test('refuses an unknown deployment as Genesys\' file server does', async t => {
  const { app } = await buildApp(t)
  for (const file of ['config.json', 'domains.json']) {
    const response = await app.inject(`${base}/00000000-0000-4000-8000-000000000000/${file}`)
    t.equal(response.statusCode, 403, file)
    t.match(response.json(), { status: 403, code: 'forbidden', contextId: /^[0-9a-f-]{36}$/, details: [], errors: [] })
  }
})

t.test('lets a page in by its host', async t => {
  const [deployment] = configWith(temporaryFolder(t)).deployments as [Deployment]
  const listed = { ...deployment, allowedDomains: ['brand.example'] }
  const cases: [string | undefined, boolean][] = [
    ['https://brand.example', true],
    ['http://brand.example:8080', true],
    ['https://shop.brand.example', true],
    ['brand.example', true],
    ['brand.example:8080', true],
    ['https://otherbrand.example', false],
    ['https://brand.example.evil.test', false],
    ['https://evil.test/?brand.example', false],
    ['null', false],
    ['http://', false],
    ['', false],
    [undefined, false]
  ]
  for (const [origin, allowed] of cases) t.equal(allowsOrigin(listed, origin), allowed, `Origin: ${origin}`)
  t.ok(allowsOrigin({ ...listed, allowAllDomains: true }, undefined), 'any, where all domains are allowed')
})

t.test('serves the bootstrap script so that a page of another origin can load it', async t => {
  const { app } = await buildApp(t)
  const response = await app.inject('/genesys-bootstrap/genesys.min.js')
  t.equal(response.statusCode, 200)
  t.match(response.headers, {
    'content-type': /^(text|application)\/javascript/,
    'cache-control': 'no-cache',
    'access-control-allow-origin': '*',
    'cross-origin-resource-policy': 'cross-origin'
  })
})

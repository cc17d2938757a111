import t from 'tap'
import { startIdp } from '../helper.ts'

interface Operation { summary?: string, description?: string, tags?: string[], responses: Record<string, unknown> }
type Paths = Record<string, Record<string, Operation>>

t.test('describes every call of the control API', async t => {
  const idp = await startIdp(t)
  const { host } = new URL(idp.config.issuer)
  const document = (await idp.app.inject({ url: '/lab/openapi.json', headers: { host } })).json()
  t.equal(document.openapi, '3.1.0')
  const paths = document.paths as Paths
  const described = Object.entries(paths)
    .flatMap(([path, methods]) => Object.keys(methods).map(method => `${method.toUpperCase()} ${path}`))

  const routes = idp.app.printRoutes({ commonPrefix: false }).matchAll(/(\S*\/lab\S*|\S+) \(([A-Z, ]+)\)/g)
  t.ok([...routes].length > 0)
  const calls = [
    'DELETE /lab', 'PUT /lab/users/{username}', 'GET /lab/faults', 'PUT /lab/faults/{name}', 'PUT /lab/clock',
    'POST /lab/keys/rotate', 'GET /lab/ledger', 'GET /lab/ledger/wait', 'GET /lab/ledger/events', 'PUT /lab/realms/{name}',
    'POST /lab/sessions', 'PATCH /lab/clients/{client_id}', 'PATCH /lab/settings'
  ]
  for (const call of calls) t.ok(described.includes(call), call)
  t.ok(Object.keys(paths).every(path => path.startsWith('/lab')), 'and nothing else')
  const known = new Set(document.tags.map(({ name }: { name: string }) => name))
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, { summary, description, tags, responses }] of Object.entries(methods)) {
      const call = `${method.toUpperCase()} ${path}`
      t.ok(summary, `${call} says what it does`)
      t.ok(tags!.every(tag => known.has(tag)), `${call} has its place`)
      t.ok(Object.keys(responses).some(status => status.startsWith('2')), `${call} says what it answers`)
      if (method !== 'get') t.match(description, /idempotent|repeated/i, `${call} says whether it is idempotent`)
    }
  }
})

t.test('has a page about it that needs nothing from elsewhere', async t => {
  const idp = await startIdp(t)
  const { host } = new URL(idp.config.issuer)
  const page = await idp.app.inject({ url: '/lab', headers: { host, accept: 'text/html' } })
  t.equal(page.statusCode, 200)
  t.match(page.headers['content-security-policy'], /default-src 'self'(;|$)/)
  const assets = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url!)
  t.ok(assets.length >= 3)
  for (const asset of assets) {
    t.notMatch(asset, /^(https?:)?\/\//)
    t.equal(
      (await idp.app.inject({ url: new URL(asset, `${idp.config.issuer}/lab`).pathname, headers: { host } })).statusCode,
      200, asset
    )
  }
})

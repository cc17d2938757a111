import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import fastify from 'fastify'
import t, { type Test } from 'tap'
import { descriptionRoutes } from '../../../services/idp/control-api/description-routes.ts'
import { fillDisk } from '../../helpers/full-disk.ts'
import { refusalOf, startIdp, type Idp } from '../helper.ts'

interface Content { content?: Record<string, { schema: object, example?: object }> }
interface Parameter { in: string, name: string, required?: boolean, example?: string, schema: { default?: unknown } }
interface Operation {
  operationId?: string
  summary?: string
  description?: string
  tags?: string[]
  parameters?: Parameter[]
  requestBody?: Content
  responses: Record<string, Content>
}
type Paths = Record<string, Record<string, Operation>>

type Answer = Awaited<ReturnType<Idp['get']>>

const json = 'application/json'

/** Calls operations as the description of the control API has them, and holds each answer against it. */
class Caller {
  readonly paths: Paths
  readonly called = new Set<string>()
  readonly #t: Test
  readonly #idp: Idp
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true })

  constructor (t: Test, idp: Idp, paths: Paths) {
    addFormats.default(this.#ajv)
    this.#t = t
    this.#idp = idp
    this.paths = paths
  }

  /** @param values of parameters; else they have those of their examples */
  async call (operation: string, expected: number, values: Record<string, string> = {}, body = this.body(operation)?.example) {
    const { method, path, parameters = [] } = this.operation(operation)
    const given = (place: string) => parameters.filter(parameter => parameter.in === place)
      .map(({ name, example }): [string, string | undefined] => [name, values[name] ?? example])
      .filter((entry): entry is [string, string] => entry[1] !== undefined)
    const filled = given('path').reduce((url, [name, value]) => url.replace(`{${name}}`, encodeURIComponent(value)), path)
    this.#t.notMatch(filled, '{', `${operation} has examples for its path`)
    const response = await this.#idp.app.inject({
      method: method as 'GET',
      url: `${filled}?${new URLSearchParams(given('query'))}`,
      headers: { host: new URL(this.#idp.config.issuer).host, ...(body && { 'content-type': json }) },
      ...(body && { payload: JSON.stringify(body) })
    })
    this.called.add(operation)
    return this.hold(operation, response, expected)
  }

  /** Hold an answer against the description. */
  hold (operation: string, response: Answer, expected: number): Answer {
    const said = `${operation} answers ${response.statusCode}`
    this.#t.equal(response.statusCode, expected, `${said}: ${response.body}`)
    const described = this.operation(operation).responses[response.statusCode]
    this.#t.ok(described, `${said}, as described`)
    const schema = described?.content?.[json]?.schema
    if (!schema) this.#t.equal(response.body, '', `${said} and nothing more`)
    else this.#t.equal(this.mistakesIn(schema, response.json()), '', `${said}, and what is described`)
    return response
  }

  operation (operation: string): Operation & { method: string, path: string } {
    const [method, path] = operation.split(' ') as [string, string]
    return { method, path, ...this.paths[path]![method.toLowerCase()]! }
  }

  /** What is sent with an operation, where something is. */
  body (operation: string) {
    return this.operation(operation).requestBody?.content?.[json]
  }

  mistakesIn (schema: object, value: unknown): string {
    return this.#ajv.validate(schema, value) ? '' : this.#ajv.errorsText()
  }

  get operations (): string[] {
    return Object.entries(this.paths)
      .flatMap(([path, methods]) => Object.keys(methods).map(method => `${method.toUpperCase()} ${path}`))
  }
}

// Moving the clock at the root tells the services at these addresses.
const idp = await startIdp(t, { APP_URL: 'http://app.localhost:1', GENESYS_URL: 'http://genesys.localhost:1' })
t.teardown(() => idp.lab.clock.reset())
const { host } = new URL(idp.issuer)
const description = (await idp.get('/lab/openapi.json')).json()
const paths = description.paths as Paths

/** Whatever a program sends. */
const send = (method: 'GET' | 'PUT' | 'PATCH' | 'POST' | 'DELETE', url: string, type: string, payload?: string) =>
  idp.app.inject({ method, url, headers: { host, 'content-type': type }, ...(payload !== undefined && { payload }) })

t.test('describes every call of the control API', async t => {
  t.equal(description.openapi, '3.1.0')
  t.match(description.info.description, `[shows what is exchanged](${idp.config.console}/live)`)
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
  const known = new Set(description.tags.map(({ name }: { name: string }) => name))
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

t.test('gives each call a name of its own, which a generated client can have for a function', async t => {
  const ids = Object.entries(paths).flatMap(([path, methods]) => Object.entries(methods)
    .map(([method, { operationId }]) => ({ call: `${method.toUpperCase()} ${path}`, operationId })))
  for (const { call, operationId } of ids) t.match(operationId, /^(get|put|patch|post|delete)([A-Z][a-z]+)+$/, call)
  t.equal(new Set(ids.map(({ operationId }) => operationId)).size, ids.length, 'no two have the same')
  const names = Object.fromEntries(ids.map(({ call, operationId }) => [call, operationId]))
  t.match(names, {
    'DELETE /lab': 'deleteLab',
    'GET /lab/users': 'getUsers',
    'GET /lab/users/{username}': 'getUser',
    'PUT /lab/users/{username}/disable': 'putUserDisable',
    'POST /lab/sign-in-links': 'postSignInLinks',
    'DELETE /lab/faults': 'deleteFaults',
    'DELETE /lab/faults/{name}': 'deleteFault'
  })
})

t.test('has a page about it that needs nothing from elsewhere', async t => {
  const page = await idp.get('/lab', { accept: 'text/html' })
  t.equal(page.statusCode, 200)
  t.match(page.headers['content-security-policy'], /default-src 'self'(;|$)/)
  const assets = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url!)
  t.ok(assets.length >= 3)
  for (const asset of assets) {
    t.notMatch(asset, /^(https?:)?\/\//)
    t.equal((await idp.get(new URL(asset, `${idp.issuer}/lab`).pathname)).statusCode, 200, asset)
  }
})

/** As somebody would try them, from top to bottom. */
const inOrder: [string, number][] = [
  ['GET /lab/users', 200],
  ['PUT /lab/users/{username}', 200],
  ['GET /lab/users/{username}', 200],
  ['PATCH /lab/users/{username}', 200],
  ['PUT /lab/users/{username}/disable', 200],
  ['PUT /lab/users/{username}/enable', 200],
  ['POST /lab/sessions', 200],
  ['POST /lab/sign-in-links', 200],
  ['DELETE /lab/sessions', 204],
  ['PUT /lab/clients/{client_id}', 200],
  ['GET /lab/clients/{client_id}', 200],
  ['PATCH /lab/clients/{client_id}', 200],
  ['GET /lab/clients', 200],
  ['GET /lab/permissive', 200],
  ['GET /lab/faults', 200],
  ['PUT /lab/faults/{name}', 200],
  ['GET /lab/faults/active', 200],
  ['DELETE /lab/faults/{name}', 204],
  ['DELETE /lab/faults', 204],
  ['GET /lab/settings', 200],
  ['PATCH /lab/settings', 200],
  ['GET /lab/clock', 200],
  ['PUT /lab/clock', 200],
  ['POST /lab/clock/advance', 200],
  ['DELETE /lab/clock', 200],
  ['GET /lab/ledger', 200],
  ['GET /lab/ledger/wait', 200],
  ['DELETE /lab/ledger', 204],
  ['PUT /lab/realms/{name}', 200],
  ['GET /lab/realms/{name}', 200],
  ['GET /lab/realms', 200],
  ['DELETE /lab/realms/{name}', 204],
  ['GET /lab/keys', 200],
  ['PUT /lab/keys/next', 200],
  ['POST /lab/keys/rotate', 200],
  ['PATCH /lab/keys/{kid}', 200],
  ['DELETE /lab/keys/{kid}', 204],
  ['DELETE /lab/keys', 204],
  ['DELETE /lab/users/{username}', 204],
  ['DELETE /lab/users', 204],
  ['DELETE /lab/clients/{client_id}', 204],
  ['DELETE /lab/clients', 204],
  ['DELETE /lab/settings', 204],
  ['DELETE /lab', 200]
]

t.test('every call works with what the page about it fills in, and answers what the page says', async t => {
  const caller = new Caller(t, idp, paths)
  t.equal((await idp.app.inject('/.well-known/openid-configuration')).statusCode, 200, 'something for the ledger')
  let kid = ''
  for (const [operation, expected] of inOrder) {
    const response = await caller.call(operation, expected, operation.includes('{kid}') ? { kid } : {})
    // The one that may be retired: rotating has made it a previous one by then.
    if (operation === 'GET /lab/keys') kid = response.json().keys[0].kid
  }
  const streams = ['GET /lab/ledger/events', 'GET /lab/realm-events']
  t.strictSame([...caller.called, ...streams].sort(), caller.operations.sort(), 'all of them but the streams of events')
})

t.test('every body that the page fills in is one that it describes', async t => {
  const caller = new Caller(t, idp, paths)
  const withBody = caller.operations.filter(operation => caller.body(operation))
  t.ok(withBody.length > 10)
  for (const operation of withBody) {
    const { schema, example } = caller.body(operation)!
    t.equal(caller.mistakesIn(schema, example), '', operation)
  }
})

t.test('what the page asks for is needed', async t => {
  const caller = new Caller(t, idp, paths)
  for (const operation of caller.operations) {
    for (const { name, required, schema } of caller.operation(operation).parameters ?? []) {
      t.notOk(required && schema.default !== undefined, `${operation}: ${name} has a default, so it may be left out`)
    }
  }
})

t.test('refusals are as the page says', async t => {
  const caller = new Caller(t, idp, paths)
  const nobody = { username: 'nobody', client_id: 'nobody', name: 'nobody', kid: 'nobody' }
  for (const operation of caller.operations) if (/^GET .*\}$/.test(operation)) await caller.call(operation, 404, nobody)
  for (const operation of caller.operations.filter(operation => caller.body(operation))) {
    await caller.call(operation, 400, { kid: 'a-key' }, { nonsense: true })
  }
  await caller.call('PUT /lab/users/{username}', 409, {}, { sub: idp.config.users[0]!.sub })
  await caller.call('PUT /lab/users/{username}/disable', 404)
  await caller.call('PATCH /lab/clients/{client_id}', 404)
  await caller.call('PATCH /lab/keys/{kid}', 404, nobody)
  await caller.call('DELETE /lab/keys/{kid}', 409, { kid: (await idp.lab.keys.list())[0]!.kid })
  await caller.call('PUT /lab/faults/{name}', 404, nobody)
  await idp.lab.users.disable('alice')
  await caller.call('POST /lab/sessions', 409)
  await caller.call('GET /lab/ledger/wait', 408, { timeout: '0', count: '1000' })
  await caller.call('GET /lab/ledger', 400, { limit: 'many' })
  await idp.lab.users.enable('alice')
})

t.test('what every call can be refused for is in the description of each', async t => {
  const caller = new Caller(t, idp, paths)
  for (const operation of caller.operations) {
    const { method, path } = caller.operation(operation)
    const at = (base: string) => base + path.replaceAll(/\{\w+\}/g, 'nobody')
    const sent = async (expected: number, { url = at(''), ...more }: { url?: string, headers?: Record<string, string>, payload?: string }) =>
      caller.hold(operation, await idp.app.inject({ method: method as 'GET', url, ...more, headers: { host, ...more.headers } }), expected)

    await sent(403, { headers: { origin: 'https://elsewhere.example' } })
    await sent(400, { url: `${at('')}?nonsense=1` })
    if (!path.startsWith('/lab/realm')) await sent(404, { url: at('/realms/nowhere') })
    if (method === 'GET') continue
    await sent(415, { headers: { 'content-type': 'text/plain' }, payload: 'text' })
    await sent(400, { headers: { 'content-type': json }, payload: '{' })
    await sent(413, { headers: { 'content-type': json }, payload: `{ "text": "${'x'.repeat(2 ** 20)}" }` })
  }
  fillDisk(t)
  caller.hold('PUT /lab/users/{username}', await send('PUT', '/lab/users/zoe', json, '{}'), 503)
  caller.hold('DELETE /lab/clients/{client_id}', await send('DELETE', '/lab/clients/relying-party', json), 503)
})

const ask = (headers: Record<string, string>, method: 'GET' | 'DELETE' = 'GET', url = '/lab/users', at = idp) =>
  at.app.inject({ method, url, headers: { host, ...headers } })

t.test('does not exist outside the lab', async t => {
  const outside = await startIdp(t, { LAB: 'false' })
  for (const url of ['/lab', '/lab/openapi.json', '/lab/users', '/lab/clock', '/realms/blue/jwks']) {
    t.equal((await ask({}, 'GET', url, outside)).statusCode, 404, url)
  }
  t.equal((await ask({}, 'DELETE', '/lab', outside)).statusCode, 404)
})

t.test('what was changed in a lab does not count without one', async t => {
  const folder = t.testdir({})
  const inLab = await startIdp(t, { STATE_DIR: folder })
  await inLab.lab.settings.patch({ dynamic_client_registration: true })
  await inLab.lab.users.put('mallory')
  await inLab.lab.clients.patch('relying-party', { redirect_uris: ['http://elsewhere.example/callback'] })
  await inLab.app.close()
  const outside = await startIdp(t, { STATE_DIR: folder, LAB: 'false' })
  const registration = await outside.app.inject({
    method: 'POST', url: '/reg', payload: { redirect_uris: ['http://elsewhere.example/'] }
  })
  t.equal(registration.statusCode, 404)
  const request = await outside.app.inject(outside.authorizationRequest(outside.relyingParty, {
    redirect_uri: 'http://elsewhere.example/callback'
  }))
  t.equal(request.statusCode, 400)
})

const fromElsewhere: [string, Record<string, string>][] = [
  ['a page of another origin', { origin: 'http://evil.example' }],
  ['a page of the application', { origin: 'http://app.localhost:3000' }],
  ['a page without an origin', { origin: 'null' }],
  ['another site', { 'sec-fetch-site': 'cross-site' }],
  ['another host of the same site', { 'sec-fetch-site': 'same-site' }],
  ['a name that was made to point here', { host: 'rebound.example' }]
]
for (const [label, headers] of fromElsewhere) {
  t.test(`refuses what a browser sends from ${label}`, async t => {
    await idp.lab.realms.put('blue')
    for (const url of ['/lab/users', '/lab/ledger', '/lab/openapi.json', '/realms/blue/lab/users']) {
      const response = await ask(headers, 'GET', url)
      t.equal(response.statusCode, 403, url)
      t.match(response.json(), { error: 'access_denied', error_description: String })
    }
    t.equal((await ask(headers, 'DELETE', '/lab')).statusCode, 403)
    t.equal((await idp.lab.realms.list()).length, 1, 'nothing was put back')
  })
}

t.test('answers programs by the port that its own is mapped to, and as the issuer that it was told to be', async t => {
  const mapped = await startIdp(t, { IDP_ISSUER: 'http://localhost:5190' })
  for (const host of ['localhost:5190', '127.0.0.1:3001', 'idp.localhost:5190']) {
    t.equal((await ask({ host }, 'GET', '/lab/users', mapped)).statusCode, 200, host)
  }
  t.equal((await ask({ host: 'localhost:5190', 'sec-fetch-site': 'same-origin' }, 'GET', '/lab/users', mapped)).statusCode, 200, 'its page')
  t.equal((await ask({ host: 'evil.example:5190' }, 'GET', '/lab/users', mapped)).statusCode, 403)
  const { issuer, token_endpoint: tokenEndpoint } = (await mapped.get('/.well-known/openid-configuration')).json()
  t.strictSame([issuer, tokenEndpoint], ['http://localhost:5190', 'http://localhost:5190/token'])
})

t.test('lets its own page ask, and whoever is no browser', async t => {
  for (const headers of [{}, { origin: idp.config.issuer, 'sec-fetch-site': 'same-origin' }, { 'sec-fetch-site': 'none' }]) {
    t.equal((await ask(headers as Record<string, string>)).statusCode, 200)
  }
})

t.test('allows no page to read an answer, and nobody to keep it', async t => {
  const { headers } = await ask({})
  t.equal(headers['access-control-allow-origin'], undefined)
  t.equal(headers['cache-control'], 'no-store')
})

t.test('answers a body that is no JSON, and a path that there is not, with an error in words', async t => {
  const broken = await send('PUT', '/lab/users/zoe', json, '{"about": ')
  t.equal(broken.statusCode, 400)
  t.match(broken.json(), { error: 'invalid_request', error_description: /JSON/ })
  const unknown = await ask({}, 'GET', '/lab/user')
  t.equal(unknown.statusCode, 404)
  t.match(unknown.json(), { error: 'not_found', error_description: /\/lab\/user/ })
})

t.test('takes no body for an empty one, also from programs that say that it is JSON', async t => {
  for (const type of ['application/json', 'application/json; charset=utf-8']) {
    t.equal((await send('PUT', '/lab/users/zoe', type)).statusCode, 200)
    t.equal((await idp.lab.users.get('zoe')).password, 'zoe-lab')
    t.equal((await send('PUT', '/lab/users/zoe', type, '')).statusCode, 200)
    t.equal((await send('PUT', '/lab/realms/blue', type)).statusCode, 200)
    t.equal((await send('POST', '/lab/keys/rotate', type)).statusCode, 200)
    t.equal((await send('DELETE', '/lab/users/zoe', type)).statusCode, 204)
    t.equal((await send('DELETE', '/lab/realms/blue', type)).statusCode, 204)
  }
  t.strictSame(await idp.lab.realms.list(), [])
})

t.test('names what is missing where no body is not enough', async t => {
  const response = await send('POST', '/lab/sessions', 'application/json')
  t.equal(response.statusCode, 400)
  t.match(response.json(), { error: 'invalid_request', error_description: /body\.username: is missing/ })
})

t.test('says that it takes JSON to whoever sends something else', async t => {
  const others = [
    ['application/x-www-form-urlencoded', 'password=secret'],
    ['application/x-www-form-urlencoded', '{ "password": "secret" }'],
    ['text/plain', '{ "password": "secret" }'],
    ['multipart/form-data; boundary=x', '--x--'],
    ['application/xml', '<password/>']
  ] as const
  for (const [type, payload] of others) {
    for (const method of ['PUT', 'PATCH'] as const) {
      const response = await send(method, '/lab/users/alice', type, payload)
      t.equal(response.statusCode, 415, `${method} ${type}`)
      t.match(response.json(), { error: 'invalid_request', error_description: /JSON.*content-type: application\/json/ }, type)
    }
  }
  t.equal((await idp.lab.users.get('alice')).password, 'alice-lab')
})

t.test('says that a body is not JSON, or too large', async t => {
  for (const payload of ['{ "password": ', 'password=secret']) {
    const broken = await send('PUT', '/lab/users/alice', 'application/json', payload)
    t.equal(broken.statusCode, 400)
    t.match(broken.json(), { error: 'invalid_request', error_description: /JSON/ })
  }
  const large = JSON.stringify({ claims: { about: 'x'.repeat(idp.app.initialConfig.bodyLimit!) } })
  const refused = await send('PATCH', '/lab/users/alice', 'application/json', large)
  t.equal(refused.statusCode, 413)
  t.match(refused.json(), { error: 'invalid_request', error_description: /body is too large/ })
  t.notOk('about' in (await idp.lab.users.get('alice')).claims)
})

t.test('a bad time to end, a body that is nested deep and a name that every object has are refused', async t => {
  t.match(await refusalOf(idp.lab.faults.switchOn('id-token-expired', { expiresIn: 1e300 })), { status: 400 })
  const deep = JSON.parse('['.repeat(200) + ']'.repeat(200)) as unknown
  t.match(await refusalOf(idp.lab.users.put('deep', { claims: { deep } })), { status: 400 })
  t.match(await refusalOf(idp.lab.users.put('deep', { claims: { constructor: 'x' } })), { status: 400 })
})

const misspelt: [string, string, RegExp][] = [
  ['GET', '/lab/ledger?clinet_id=shop', /^query\.clinet_id: there is no such name; did you mean client_id\?$/],
  ['GET', '/lab/ledger?client=relying-party', /did you mean client_id\?/],
  ['GET', '/lab/ledger?endpoint=tokn', /^query\.endpoint: there is no endpoint tokn; did you mean token\?$/],
  ['GET', '/lab/ledger/wait?endpoint=sign-in&timeout=0', /did you mean sign_in\?/],
  ['GET', '/lab/ledger/wait?timout=0', /did you mean timeout\?/],
  ['GET', '/lab/ledger?client_id=relyingparty', /there is no client relyingparty; did you mean relying-party\?/],
  ['GET', '/lab/ledger?username=Alice', /there is no user Alice; did you mean alice\?/],
  ['GET', '/lab/ledger?fault=id-token-expird', /did you mean id-token-expired\?/],
  ['GET', '/lab/ledger?rule=pkce-mising', /did you mean pkce-missing\?/],
  ['GET', '/lab/ledger?from=browsr', /did you mean browser\?/],
  ['GET', '/lab/ledger?order=descending', /^query\.order: must be one of asc, desc/],
  ['GET', '/lab/ledger?secrets=yes', /^query\.secrets: must be show/],
  ['GET', '/lab/ledger?status=200&status=303', /^query\.status: is given more than once$/],
  ['GET', '/lab/ledger/events?endpoint=tokn', /did you mean token\?/],
  ['GET', '/lab/faults/active?username=alice', /^query\.username: there is no such name, and no other$/],
  ['DELETE', '/lab/faults/jwks-empty?clientid=shop', /did you mean client_id\?/],
  ['DELETE', '/lab/faults/jwks-empty?client_id=relying-pary', /did you mean relying-party\?/],
  ['DELETE', '/lab/sessions?user=alice', /did you mean username\?/],
  ['DELETE', '/lab?realm=blue', /^query\.realm: there is no such name, and no other$/],
  ['DELETE', '/lab/clock?service=app', /query\.service/],
  ['GET', '/lab/users?username=alice', /query\.username/]
]
for (const [method, url, says] of misspelt) {
  t.test(`refuses ${method} ${url} in words that help`, async t => {
    const response = await idp.app.inject({ method: method as 'GET', url, headers: { host } })
    t.equal(response.statusCode, 400)
    t.match(response.json(), { error: 'invalid_request', error_description: says })
  })
}

const notThere: [string, RegExp][] = [
  ['/lab/users/alcie', /no user “alcie” here; did you mean alice\?$/],
  ['/lab/clients/relyingparty', /no client “relyingparty” here; did you mean relying-party\?$/],
  ['/lab/realms/nothing-like-it', /no realm “nothing-like-it” here/]
]
for (const [url, says] of notThere) {
  t.test(`says of ${url}, which is not there, what may have been meant`, async t => {
    const response = await ask({}, 'GET', url)
    t.equal(response.statusCode, 404)
    t.match(response.json(), { error: 'not_found', error_description: says })
  })
}

t.test('refuses members of a body that it does not know, and says what was meant perhaps', async t => {
  t.match(await refusalOf(idp.lab.faults.switchOn('id-token-expired', { client: 'shop' } as never)), {
    status: 400, description: 'body.client: there is no such name; did you mean client_id?'
  })
  t.match(await refusalOf(idp.lab.faults.switchOn('id-token-expired', { parameters: { secnds: 5 } })), {
    status: 400, description: 'id-token-expired: parameters.secnds: there is no such name; did you mean seconds?'
  })
  t.match(await refusalOf(idp.lab.keys.rotate('RS265' as never)), {
    status: 400, description: 'body.alg: must be one of RS256, ES256, PS256, EdDSA; did you mean RS256?'
  })
  t.match(await refusalOf(idp.lab.settings.patch({ scopes: { 'a b': [] } })), { status: 400, description: /body\.scopes\.a b/ })
})

t.test('says what fits in words, and never by a regular expression', async t => {
  const refused = await send('PUT', '/lab/users/%20zoe', json)
  t.equal(refused.json().error_description, 'path.username: must be ' +
    'a user name: 254 letters, digits and signs at most, of any script, with spaces only between them; capitals make no difference')
  t.match((await send('PUT', '/lab/realms/Blue!', json)).json(), { error_description: /must be the name of a realm: lower-case/ })
  const withoutWords = (schema: unknown, path: string, ofParameter = false): string[] => typeof schema !== 'object' || schema === null
    ? []
    : [
        ...('pattern' in schema && !('description' in schema) && !ofParameter ? [path] : []),
        ...Object.entries(schema).flatMap(([name, member]) => withoutWords(member, `${path}.${name}`, 'description' in schema && name === 'schema'))
      ]
  t.strictSame(withoutWords(paths, 'paths'), [], 'every pattern of the description has words beside it')
})

t.test('knows a client that was never registered by what it has sent', async t => {
  const realm = await idp.newRealm()
  t.match(await refusalOf(realm.lab.ledger.query({ client_id: 'stranger' })), { status: 400 })
  await realm.app.inject(realm.authorizationRequest({ ...realm.relyingParty, client_id: 'stranger' }))
  t.equal((await realm.lab.ledger.query({ client_id: 'stranger' })).count, 1)
})

t.test('a stream is nothing for HEAD', async t => {
  t.equal((await idp.app.inject({ method: 'HEAD', url: '/lab/ledger/events', headers: { host } })).statusCode, 404)
})

t.test('keeps what it has to make once for the page of the control API, and no more of what is asked for in other spellings', async t => {
  const app = fastify()
  t.teardown(() => app.close())
  const made: string[] = []
  const describing = { inject: async (url: string) => { made.push(url); return { statusCode: 200, headers: {}, rawPayload: Buffer.from(url) } } }
  app.decorate('describeControlApi', async () => describing as never)
  await app.register(descriptionRoutes)
  const spellings = Array.from({ length: 40 }, (_, n) => `/lab/static/${n}`)
  for (const url of [...spellings, ...spellings]) t.equal((await app.inject(`${url}?again`)).body, url)
  t.same(made, [...spellings, ...spellings.slice(32)])
})

import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import t, { type Test } from 'tap'
import { freePorts } from '../../helpers/lab.ts'
import { startIdp, type Idp } from '../helper.ts'

interface Content { content?: Record<string, { schema: object, example?: object }> }
interface Parameter { in: string, name: string, required?: boolean, example?: string, schema: { default?: unknown } }
interface Operation { parameters?: Parameter[], requestBody?: Content, responses: Record<string, Content> }
type Paths = Record<string, Record<string, Operation>>

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
    const { method, path, parameters = [], responses } = this.operation(operation)
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
    const said = `${operation} answers ${response.statusCode}`
    this.#t.equal(response.statusCode, expected, `${said}: ${response.body}`)
    const described = responses[response.statusCode]
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

async function start (t: Test) {
  // Moving the clock at the root tells the services at these addresses.
  const idp = await startIdp(t, await freePorts())
  t.teardown(() => idp.lab.clock.reset())
  const { host } = new URL(idp.config.issuer)
  const { paths } = (await idp.app.inject({ url: '/lab/openapi.json', headers: { host } })).json()
  return { idp, caller: new Caller(t, idp, paths) }
}

/** As somebody would try them, from top to bottom. */
const inOrder: [string, number][] = [
  ['GET /lab/users', 200],
  ['PUT /lab/users/{username}', 200],
  ['GET /lab/users/{username}', 200],
  ['PATCH /lab/users/{username}', 200],
  ['PUT /lab/users/{username}/disable', 200],
  ['PUT /lab/users/{username}/enable', 200],
  ['POST /lab/sessions', 200],
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
  const { idp, caller } = await start(t)
  t.equal((await idp.app.inject('/.well-known/openid-configuration')).statusCode, 200, 'something for the ledger')
  let kid = ''
  for (const [operation, expected] of inOrder) {
    const response = await caller.call(operation, expected, operation.includes('{kid}') ? { kid } : {})
    // The one that may be retired: rotating has made it a previous one by then.
    if (operation === 'GET /lab/keys') kid = response.json().keys[0].kid
  }
  const stream = 'GET /lab/ledger/events'
  t.strictSame([...caller.called, stream].sort(), caller.operations.sort(), 'all of them but the stream of events')
})

t.test('every body that the page fills in is one that it describes', async t => {
  const { caller } = await start(t)
  const withBody = caller.operations.filter(operation => caller.body(operation))
  t.ok(withBody.length > 10)
  for (const operation of withBody) {
    const { schema, example } = caller.body(operation)!
    t.equal(caller.mistakesIn(schema, example), '', operation)
  }
})

t.test('what the page asks for is needed', async t => {
  const { caller } = await start(t)
  for (const operation of caller.operations) {
    for (const { name, required, schema } of caller.operation(operation).parameters ?? []) {
      t.notOk(required && schema.default !== undefined, `${operation}: ${name} has a default, so it may be left out`)
    }
  }
})

t.test('refusals are as the page says', async t => {
  const { idp, caller } = await start(t)
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
})

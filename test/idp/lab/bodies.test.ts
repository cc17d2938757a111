import t, { type Test } from 'tap'
import { startIdp } from '../helper.ts'

type Method = 'PUT' | 'PATCH' | 'POST' | 'DELETE'

async function start (t: Test) {
  const idp = await startIdp(t)
  const { host } = new URL(idp.config.issuer)
  const send = async (method: Method, url: string, type: string, payload?: string) =>
    await idp.app.inject({ method, url, headers: { host, 'content-type': type }, ...(payload !== undefined && { payload }) })
  return { idp, send }
}

t.test('takes no body for an empty one, also from programs that say that it is JSON', async t => {
  const { idp, send } = await start(t)
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
  const { send } = await start(t)
  const response = await send('POST', '/lab/sessions', 'application/json')
  t.equal(response.statusCode, 400)
  t.match(response.json(), { error: 'invalid_request', error_description: /body\.username: is missing/ })
})

t.test('says that it takes JSON to whoever sends something else', async t => {
  const { idp, send } = await start(t)
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
  const { idp, send } = await start(t)
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

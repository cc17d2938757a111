import t, { type Test } from 'tap'
import { buildServer } from '#lib/http-server.ts'
import { sameSiteOnly } from '#lib/same-site.ts'
import { serverConfig } from './server-config.ts'

const host = 'tool.localhost:4000'

function build (t: Test, own = `http://${host}/base`) {
  const app = buildServer(serverConfig({ url: own }))
  t.teardown(() => app.close())
  app.addHook('onRequest', sameSiteOnly(own, { page: '/tool' }))
  for (const url of ['/tool', '/tool/data']) app.route({ method: ['GET', 'POST'], url, handler: async () => 'here' })
  return async (method: 'GET' | 'POST', url: string, headers: Record<string, string> = {}) => {
    const response = await app.inject({ method, url, headers: { host, ...headers } })
    const { code, message } = response.statusCode === 200 ? { code: '', message: '' } : response.json()
    if (code === 'WRONG_HOST') t.match(message, `, ${new URL(own).host}.`, 'a refusal names the right host')
    return [response.statusCode, code]
  }
}

t.test('answers its own page, and whoever is no browser', async t => {
  const ask = build(t)
  for (const method of ['GET', 'POST'] as const) {
    t.strictSame(await ask(method, '/tool/data'), [200, ''], 'a command line')
    const fromItsPage = { 'sec-fetch-site': 'same-origin', origin: `http://${host}` }
    t.strictSame(await ask(method, '/tool/data', fromItsPage), [200, ''], 'its page')
    t.strictSame(await ask(method, '/tool/data', { 'sec-fetch-site': 'none' }), [200, ''], 'an address that was typed')
  }
})

t.test('refuses what a browser sends from elsewhere, and whoever knows it by another name', async t => {
  const ask = build(t)
  const cases: [string, Record<string, string>, string][] = [
    ['another site', { 'sec-fetch-site': 'cross-site' }, 'OTHER_SITE'],
    ['the same site, another origin', { 'sec-fetch-site': 'same-site' }, 'OTHER_SITE'],
    ['a value that is yet to be invented', { 'sec-fetch-site': 'near-by' }, 'OTHER_SITE'],
    ['another origin, of an old browser', { origin: 'http://app.localhost:4000' }, 'OTHER_ORIGIN'],
    ['another port', { origin: 'http://tool.localhost:4001' }, 'OTHER_ORIGIN'],
    ['TLS', { origin: `https://${host}` }, 'OTHER_ORIGIN'],
    ['a page in a sandbox', { origin: 'null' }, 'OTHER_ORIGIN'],
    ['DNS rebinding', { host: 'evil.example' }, 'WRONG_HOST'],
    [
      'DNS rebinding with our port',
      { host: 'evil.example:4000', 'sec-fetch-site': 'same-origin', origin: 'http://evil.example:4000' },
      'WRONG_HOST'
    ],
    ['no port', { host: 'tool.localhost' }, 'WRONG_HOST']
  ]
  for (const [what, headers, code] of cases) {
    for (const method of ['GET', 'POST'] as const) {
      t.strictSame(await ask(method, '/tool/data', headers), [403, code], `${method}: ${what}`)
    }
  }
})

t.test('a link from elsewhere may lead to its page, and to nothing else', async t => {
  const ask = build(t)
  const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
  t.strictSame(await ask('GET', '/tool', link), [200, ''])
  t.strictSame(await ask('GET', '/tool/data', link), [403, 'OTHER_SITE'])
  t.strictSame(await ask('GET', '/tool?now', link), [403, 'OTHER_SITE'])
  t.strictSame(await ask('POST', '/tool', link), [403, 'OTHER_SITE'], 'a form is no link')
  t.strictSame(await ask('GET', '/tool', { ...link, 'sec-fetch-dest': 'iframe' }), [403, 'OTHER_SITE'], 'a frame')
  t.strictSame(await ask('GET', '/tool', { ...link, host: 'evil.example' }), [403, 'WRONG_HOST'])
})

t.test('programs that cannot resolve its name may call it by those of this machine', async t => {
  const ask = build(t)
  for (const name of ['localhost', '127.0.0.1', '[::1]']) {
    const alias = `${name}:4000`
    for (const method of ['GET', 'POST'] as const) {
      t.strictSame(await ask(method, '/tool/data', { host: alias }), [200, ''], alias)
    }
    const otherwise: [string, Record<string, string>][] = [
      ['a page of that name', { host: alias, 'sec-fetch-site': 'same-origin', origin: `http://${alias}` }],
      ['a browser without Origin', { host: alias, 'sec-fetch-site': 'same-origin' }],
      ['an address that was typed', { host: alias, 'sec-fetch-site': 'none' }],
      ['an old browser', { host: alias, origin: `http://${alias}` }],
      ['a page of its own', { host: alias, origin: `http://${host}` }],
      ['another port', { host: `${name}:4001` }],
      ['no port', { host: name }]
    ]
    for (const [what, headers] of otherwise) {
      t.strictSame(await ask('POST', '/tool/data', headers), [403, 'WRONG_HOST'], `${name}: ${what}`)
    }
  }
  for (const other of ['127.0.0.2:4000', '0.0.0.0:4000', 'other.localhost:4000', 'localhost.evil.example:4000', '']) {
    t.strictSame(await ask('GET', '/tool/data', { host: other }), [403, 'WRONG_HOST'], other)
  }
})

t.test('a service at the default port has these names without one', async t => {
  const ask = build(t, 'http://tool.localhost')
  t.strictSame(await ask('GET', '/tool/data', { host: '127.0.0.1' }), [200, ''])
  t.strictSame(await ask('GET', '/tool/data', { host: '127.0.0.1:80' }), [403, 'WRONG_HOST'])
})

t.test('a service that is not of this machine has its own name alone', async t => {
  for (const own of ['tool.example:4000', 'tool-localhost.example:4000', '192.0.2.1:4000']) {
    const ask = build(t, `https://${own}`)
    t.strictSame(await ask('GET', '/tool/data', { host: own }), [200, ''])
    for (const name of ['localhost', '127.0.0.1', '[::1]']) {
      t.strictSame(await ask('GET', '/tool/data', { host: `${name}:4000` }), [403, 'WRONG_HOST'], `${own} as ${name}`)
    }
  }
})

t.test('a tool that is itself at one of these names answers programs by the others', async t => {
  for (const [own, other] of [['127.0.0.1', 'localhost'], ['localhost', '127.0.0.1']]) {
    const ask = build(t, `http://${own}:4000`)
    t.strictSame(await ask('POST', '/tool/data', { host: `${own}:4000`, 'sec-fetch-site': 'same-origin' }), [200, ''])
    t.strictSame(await ask('POST', '/tool/data', { host: `${other}:4000` }), [200, ''])
    t.strictSame(await ask('POST', '/tool/data', { host: `${other}:4000`, 'sec-fetch-site': 'same-origin' }), [403, 'WRONG_HOST'])
  }
})

import { readdirSync } from 'node:fs'
import { join, sep } from 'node:path'
import t from 'tap'
import { root } from '../helpers/lab.ts'
import { buildAlone } from './helper.ts'

const types: Record<string, RegExp> = { html: /^text\/html/, js: /^(text|application)\/javascript/, css: /^text\/css/, svg: /^image\/svg\+xml/ }

t.test('serves everything of its page with the right type', async t => {
  const { app } = await buildAlone(t)
  const folder = join(root, 'services', 'relying-party', 'public')
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(file => file.isFile() && file.name !== 'tsconfig.json')
    .map(file => join(file.parentPath, file.name).slice(folder.length).replaceAll(sep, '/'))
  t.ok(files.length > 5)
  for (const file of files) {
    const { statusCode, headers } = await app.inject({ url: file, headers: { host: 'app.localhost:3000' } })
    t.equal(statusCode, 200, file)
    t.match(headers['content-type'], types[file.split('.').at(-1)!], file)
    t.match(headers['cache-control'], 'no-cache', file)
  }
})

t.test('serves its page at the root, and everything that it refers to', async t => {
  const { tab } = await buildAlone(t)
  const { status, headers, $ } = await tab().get('/')
  t.equal(status, 200)
  t.match(headers['content-type'], 'text/html; charset=utf-8')
  const own = $('link[href], script[src], img[src]').toArray().map(element => $(element).attr('href') ?? $(element).attr('src')!)
  t.ok(own.length > 2)
  for (const path of own) t.equal((await tab().get(path)).status, 200, path)
  t.equal($('script:not([src]), [style], [onclick]').length, 0, 'nothing that its own policy forbids')
})

const hidden = [
  '/tsconfig.json', '/%74sconfig.json', '/./tsconfig.json', '/images/../tsconfig.json', '/../config.ts', '/..%2fconfig.ts',
  '/..%2f..%2flab.env', '/%2e%2e/config.ts', '/images/', '/.env'
]
for (const path of hidden) {
  t.test(`does not serve ${path}`, async t => {
    const { tab } = await buildAlone(t)
    const { status, text } = await tab().get(path)
    t.match(String(status), /^40[0-9]$/)
    t.notMatch(text, /compilerOptions|SESSION_KEY/)
  })
}

for (const host of ['localhost:3000', '127.0.0.1:3000', '[::1]:3000']) {
  t.test(`sends who comes by http://${host} to the application's own name`, async t => {
    const { tab, config } = await buildAlone(t)
    for (const path of ['/', '/x?y', '/index.html', '//evil.example/x']) {
      const { status, location } = await tab().get(path, { host, accept: '*/*' })
      t.equal(status, 302, path)
      t.equal(location?.href, `${config.app}${path}`)
    }
  })

  t.test(`a browser that comes by http://${host} gets a page that looks whether it finds the own name`, async t => {
    const { tab, config } = await buildAlone(t)
    for (const path of ['/', '/x?y=%22%3E', '//evil.example/x']) {
      const { status, headers, $ } = await tab().get(path, { host })
      t.equal(status, 200, path)
      t.equal($('#destination').attr('href'), `${config.app}${path}`, 'without scripts there is a link')
      t.strictSame($('a:not(#destination)').toArray().map(link => $(link).attr('href')), [''], 'and no other, but to itself')
      t.equal(headers['cache-control'], 'no-store')
      const policy = "default-src 'none';form-action 'none';frame-ancestors 'none';base-uri 'none';" +
        `script-src 'self';style-src 'self';img-src 'self';connect-src ${config.app}`
      t.equal(headers['content-security-policy'], policy)
      const files = $('link[href], script[src]').toArray().map(element => $(element).attr('href') ?? $(element).attr('src')!)
      for (const file of files) t.equal((await tab().get(file, { host, accept: '*/*' })).status, 200, file)
    }
    const { status, location } = await tab().post('/logout', { host })
    t.equal(status, 302, 'what a form sends is no navigation')
    t.equal(location?.href, `${config.app}/logout`)
  })
}

t.test('a page of another origin may see that the own name is found, and nothing else', async t => {
  const { tab } = await buildAlone(t)
  const { status, headers, text } = await tab().get('/reachable')
  t.equal(status, 204)
  t.equal(headers['cross-origin-resource-policy'], 'cross-origin')
  t.equal(text, '')
  t.equal((await tab().get('/')).headers['cross-origin-resource-policy'], 'same-origin')
})

t.test('the page names what the system is to be told, and the setting only in the lab', async t => {
  const real = { LAB: 'false', IDP_ISSUER: 'https://login.example', GENESYS_SCRIPT_URL: 'https://apps.example/genesys.min.js' }
  for (const [settings, hosts, lab] of [
    [{}, '127.0.0.1 app.localhost idp.localhost genesys.localhost', true],
    [real, '127.0.0.1 app.localhost', false]
  ] as const) {
    const { tab } = await buildAlone(t, settings)
    const { $ } = await tab().get('/', { host: 'localhost:3000' })
    t.match($('pre').text(), `'${hosts}'`)
    t.equal($('pre').text().includes('LOCALHOST_SUBDOMAINS=off'), lab)
  }
})

t.test('lets a health check come by any name', async t => {
  const { tab } = await buildAlone(t)
  t.equal((await tab().get('/livez', { host: '127.0.0.1:3000' })).status, 200)
  t.equal((await tab().get('/readyz', { host: '127.0.0.1:3000' })).status, 503)
})

t.test('redirects nobody when localhost is the application\'s own name, and whoever comes by the address', async t => {
  const { tab, config } = await buildAlone(t, { LOCALHOST_SUBDOMAINS: 'off' })
  t.equal(config.app, 'http://localhost:3000')
  t.equal((await tab().get('/', { host: 'localhost:3000' })).status, 200)
  t.equal((await tab().get('/?x', { host: '127.0.0.1:3000' })).location?.href, 'http://localhost:3000/?x')
})

t.test('redirects nobody when it is a proxy that listens at localhost', async t => {
  const { tab } = await buildAlone(t, { APP_URL: 'http://localhost:8080' })
  t.equal((await tab().get('/', { host: '127.0.0.1:3000' })).status, 200)
})

t.test('redirects nobody who comes by a name that is not this machine\'s', async t => {
  const { tab } = await buildAlone(t)
  for (const host of ['brand.example', 'app.localhost:3000']) t.equal((await tab().get('/', { host })).status, 200, host)
})

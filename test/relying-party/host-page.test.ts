import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { root } from '../helpers/lab.ts'
import { buildAlone } from './helper.ts'

const types: Record<string, RegExp> = { html: /^text\/html/, js: /^(text|application)\/javascript/, css: /^text\/css/, svg: /^image\/svg\+xml/ }

t.test('serves everything of its page with the right type', async t => {
  const { app } = await buildAlone(t)
  const folder = join(root, 'services', 'relying-party', 'public')
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(file => file.isFile() && file.name !== 'tsconfig.json')
    .map(file => join(file.parentPath, file.name).slice(folder.length))
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
      const { status, location } = await tab().get(path, { host })
      t.equal(status, 302, path)
      t.equal(location?.href, `${config.app}${path}`)
    }
  })
}

t.test('lets a health check come by any name', async t => {
  const { tab } = await buildAlone(t)
  t.equal((await tab().get('/livez', { host: '127.0.0.1:3000' })).status, 200)
  t.equal((await tab().get('/readyz', { host: '127.0.0.1:3000' })).status, 503)
})

t.test('redirects nobody when localhost is the application\'s own name', async t => {
  const { tab } = await buildAlone(t, { APP_URL: 'http://localhost:3000' })
  t.equal((await tab().get('/', { host: 'localhost:3000' })).status, 200)
})

t.test('redirects nobody who comes by a name that is not this machine\'s', async t => {
  const { tab } = await buildAlone(t)
  for (const host of ['brand.example', 'app.localhost:3000']) t.equal((await tab().get('/', { host })).status, 200, host)
})

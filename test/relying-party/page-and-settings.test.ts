// Its settings, its page, and the headers of both.
import { readdirSync, writeFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { loadRelyingPartyConfig } from '../../services/relying-party/config.ts'
import { labSettings, root } from '../helpers/lab.ts'
import { buildAlone } from './helper.ts'

const { tab, config } = await buildAlone(t)

t.test('lists all wrong settings together, and what each must be', async t => {
  const wrong = labSettings({
    SESSION_KEY: 'too-short',
    OIDC_CLIENT_SECRET: '',
    OIDC_SCOPE: 'profile email',
    SESSION_LIFETIME: '10',
    SIGN_IN_RATE_LIMIT: '0',
    GENESYS_ORIGINS: 'apps.mypurecloud.ie',
    GENESYS_DEPLOYMENT_ID: ''
  })
  try {
    loadRelyingPartyConfig(wrong)
    t.fail('they were taken')
  } catch (error) {
    const lines = (error as Error).message.split('\n')
    t.equal(lines[0], 'relying-party cannot start, settings are wrong:')
    t.match(lines.slice(1).sort(), [
      /^ {2}GENESYS_DEPLOYMENT_ID: is missing; it must be the id of the Messenger deployment$/,
      /^ {2}GENESYS_ORIGINS: is malformed; it must be origins/,
      /^ {2}OIDC_CLIENT_SECRET: is missing; it must be a secret/,
      /^ {2}OIDC_SCOPE: is malformed; it must be scopes, with openid among them$/,
      /^ {2}SESSION_KEY: is malformed; it must be 32 bytes as 64 hexadecimal digits; `openssl rand -hex 32` makes them$/,
      /^ {2}SESSION_LIFETIME: is malformed; it must be a number of seconds, at least 60$/,
      /^ {2}SIGN_IN_RATE_LIMIT: is malformed; it must be how many sign-ins/
    ])
    t.equal(lines.length, 8)
    t.notMatch(lines.join(), 'too-short')
  }
})

t.test('takes no further provider that is the main one already', async t => {
  const issuer = 'https://login.example.com'
  const entry = { name: 'second', issuer, client_id: 'shop', client_secret: 'a-secret-for-this-test-alone' }
  const folder = t.testdir({ 'providers.yaml': JSON.stringify([entry]) })
  const load = (main: string) => loadRelyingPartyConfig(labSettings({
    IDP_ISSUER: main, OIDC_PROVIDERS_FILE: `${folder}/providers.yaml`
  })).otherProviders
  t.match(load('https://another.example.com'), [{ issuer }])
  t.throws(() => load(issuer), /the provider second is the one of IDP_ISSUER/)
})

t.test('reads the addresses of Genesys and of further providers in the one spelling that browsers and clients compare', async t => {
  const entry = { name: 'second', issuer: 'https://Bücher.Example:443/Tenant/', client_id: 'shop', client_secret: 'a-secret-for-this-test-alone' }
  const folder = t.testdir({ 'providers.yaml': JSON.stringify([entry]) })
  const load = (IDP_ISSUER: string) => loadRelyingPartyConfig(labSettings({
    IDP_ISSUER,
    OIDC_PROVIDERS_FILE: `${folder}/providers.yaml`,
    GENESYS_SCRIPT_URL: 'HTTPS://Apps.MyPureCloud.ie:443/genesys-bootstrap/genesys.min.js',
    GENESYS_ORIGINS: 'HTTPS://Apps.MyPureCloud.ie Wss://*.MyPureCloud.ie:443 https://bücher.example'
  }))
  const { messenger, otherProviders } = load('https://another.example.com')
  t.equal(messenger.scriptUrl, 'https://apps.mypurecloud.ie/genesys-bootstrap/genesys.min.js')
  t.same(messenger.origins, ['https://apps.mypurecloud.ie', 'wss://*.mypurecloud.ie', 'https://xn--bcher-kva.example'])
  t.match(otherProviders, [{ issuer: 'https://xn--bcher-kva.example/Tenant/' }])
  t.throws(() => load('https://xn--bcher-kva.example/Tenant/'), /the provider second is the one of IDP_ISSUER/)

  const third = { ...entry, name: 'third', issuer: 'https://xn--bcher-kva.example/Tenant/' }
  writeFileSync(`${folder}/providers.yaml`, JSON.stringify([entry, third]))
  t.throws(() => load('https://another.example.com'), /entry 2 \(third\), field issuer: is there twice/)
})

t.test('tells the page where the Messenger is, by default the stand-in', async t => {
  const { tab } = await buildAlone(t, { GENESYS_PORT: '4002' })
  t.same((await tab().get('/messenger/config')).json(), {
    scriptUrl: 'http://genesys.localhost:4002/genesys-bootstrap/genesys.min.js',
    environment: 'prod-euw1',
    deploymentId: '5a1b7c3e-8f20-4d6a-9b1e-3c4d5e6f7a80'
  })
})

const stepUp = '7e3a9d18-2c6f-4b05-a1d4-5f8b9c0e6d72'

t.test('in the lab a browser chooses another deployment for the page, and keeps it until it chooses again', async t => {
  const { tab, config } = await buildAlone(t)
  const browser = tab()
  const chosen = async () => (await browser.get('/messenger/config')).json<{ deploymentId: string }>().deploymentId
  const marked = async () => (await browser.get('/')).$('.deployments [aria-current]').text()
  t.match([await chosen(), await marked()], [config.messenger.deploymentId, 'default'])
  const { status, location } = await browser.get('/?deployment=step-up')
  t.match({ status, location: location?.href }, { status: 303, location: `${config.app}/` })
  t.match([await chosen(), await marked()], [stepUp, 'step-up'])
  t.equal((await tab().get('/messenger/config')).json<{ deploymentId: string }>().deploymentId, config.messenger.deploymentId, 'another browser is not meant')

  const wrong = await browser.get('/?deployment=step-pu')
  t.equal(wrong.status, 400)
  t.match(wrong.$('main').text(), 'There is no deployment of this name; did you mean step-up?')
  t.equal(await chosen(), stepUp)
  await browser.get('/?deployment=default')
  t.match([await chosen(), await marked()], [config.messenger.deploymentId, 'default'])
})

t.test('outside the lab nobody chooses the deployment', async t => {
  const { app, tab, config } = await buildAlone(t, { LAB: 'false' })
  const { status, $ } = await tab().get('/?deployment=step-up')
  t.equal(status, 200)
  t.equal($('.deployments').length, 0)
  const answer = await app.inject({ url: '/messenger/config', headers: { host: new URL(config.app).host, cookie: 'lab-deployment=step-up' } })
  t.match(answer.json(), { deploymentId: config.messenger.deploymentId })
})

t.test('names of further deployments that are none keep it from starting', async t => {
  for (const LAB_DEPLOYMENTS of ['step-up', 'step-up=', 'a=1 b', 'A b=1']) {
    t.throws(() => loadRelyingPartyConfig(labSettings({ LAB_DEPLOYMENTS })), { message: /LAB_DEPLOYMENTS: is malformed; it must be deployments as name=id/ })
  }
  t.strictSame(loadRelyingPartyConfig(labSettings({ LAB_DEPLOYMENTS: '' })).labDeployments, {})
})

t.test('tells the page of a region of Genesys Cloud, by settings alone', async t => {
  const { tab } = await buildAlone(t, {
    GENESYS_SCRIPT_URL: 'https://apps.mypurecloud.ie/genesys-bootstrap/genesys.min.js',
    GENESYS_ENVIRONMENT: 'prod-euw1',
    GENESYS_DEPLOYMENT_ID: '0F0F0F0F-0000-4000-8000-0F0F0F0F0F0F'
  })
  t.same((await tab().get('/messenger/config')).json(), {
    scriptUrl: 'https://apps.mypurecloud.ie/genesys-bootstrap/genesys.min.js',
    environment: 'prod-euw1',
    deploymentId: '0f0f0f0f-0000-4000-8000-0f0f0f0f0f0f'
  })
})

t.test('lets in the stand-in\'s origin, for pages and for sockets, when no other is set', async t => {
  t.same(loadRelyingPartyConfig(labSettings({ GENESYS_URL: 'https://chat.example' })).messenger.origins, ['https://chat.example', 'wss://chat.example'])
})

t.test('talks to a further provider in the clear in a lab alone', async t => {
  const provider = (issuer: string) => [{ name: 'other', issuer, client_id: 'shop', client_secret: 'a-secret-of-the-other-provider' }]
  const load = (issuer: string, LAB: string) => {
    const folder = t.testdir({ 'providers.yaml': JSON.stringify(provider(issuer)) })
    return loadRelyingPartyConfig(labSettings({ LAB, OIDC_PROVIDERS_FILE: `${folder}/providers.yaml` })).otherProviders.map(({ issuer }) => issuer)
  }
  t.throws(() => load('http://login.example', 'false'), { message: /other.*issuer/ })
  for (const issuer of ['https://login.example/', 'http://login.localhost:3001']) t.same(load(issuer, 'false'), [issuer])
  t.same(load('http://login.example', 'true'), ['http://login.example'])
})

const types: Record<string, RegExp> = { html: /^text\/html/, js: /^(text|application)\/javascript/, css: /^text\/css/, svg: /^image\/svg\+xml/ }

t.test('serves everything of its page with the right type', async t => {
  const folder = join(root, 'services', 'relying-party', 'public')
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(file => file.isFile() && file.name !== 'tsconfig.json')
    .map(file => join(file.parentPath, file.name).slice(folder.length).replaceAll(sep, '/'))
  t.ok(files.length > 5)
  for (const file of files) {
    const { status, headers } = await tab().get(file)
    t.equal(status, 200, file)
    t.match(headers.get('content-type'), types[file.split('.').at(-1)!], file)
    t.match(headers.get('cache-control'), 'no-cache', file)
  }
})

t.test('serves its page at the root, and everything that it refers to', async t => {
  const { status, headers, $ } = await tab().get('/')
  t.equal(status, 200)
  t.match(headers.get('content-type'), 'text/html; charset=utf-8')
  const own = $('link[href], script[src], img[src]').toArray().map(element => $(element).attr('href') ?? $(element).attr('src')!)
  t.ok(own.length > 2)
  for (const path of own.filter(path => !path.startsWith('data:image/'))) t.equal((await tab().get(new URL(path, `${config.app}/`).pathname)).status, 200, path)
  t.equal($('script:not([src]), [style], [onclick]').length, 0, 'nothing that its own policy forbids')
})

t.test('its page and script come compressed, and not again to a browser that has them', async t => {
  const { app } = await buildAlone(t)
  const { origin } = new URL(config.app)
  for (const path of ['/', '/page.js', '/page.css']) {
    const ask = (headers = {}) => app.inject({ url: `${origin}${path}`, headers: { 'accept-encoding': 'gzip', ...headers } })
    const { headers, rawPayload } = await ask()
    t.match(headers, { 'content-encoding': 'gzip', 'cache-control': 'no-cache', etag: /./, vary: /accept-encoding/i }, path)
    t.ok(gunzipSync(rawPayload).length > rawPayload.length, path)
    const plain = await ask({ 'accept-encoding': 'identity, gzip;q=0' })
    t.equal(plain.headers['content-encoding'], undefined, path)
    t.equal(plain.body, String(gunzipSync(rawPayload)), path)
    const again = await ask({ 'if-none-match': headers.etag })
    t.same({ status: again.statusCode, body: again.body }, { status: 304, body: '' }, path)
  }
  t.match((await app.inject(`${origin}/`)).headers.link, /genesys\.min\.js>; rel=preload; as=script$/, 'with the script that it will need')
  t.notMatch((await app.inject(`${origin}/page.js`)).body, /\bimport\s*[{*'"]|\bfrom\s*['"]/, 'all of it in one')
  t.match((await app.inject(`${origin}/account.js`)).body, /^import /m, 'to be read')
})

const hidden = [
  '/tsconfig.json', '/%74sconfig.json', '/./tsconfig.json', '/images/../tsconfig.json', '/../config.ts', '/..%2fconfig.ts',
  '/..%2f..%2flab.env', '/%2e%2e/config.ts', '/images/', '/.env'
]
for (const path of hidden) {
  t.test(`does not serve ${path}`, async t => {
    const { status, text } = await tab().get(path)
    t.match(String(status), /^40[0-9]$/)
    t.notMatch(text, /compilerOptions|SESSION_KEY/)
  })
}

for (const host of ['localhost:3000', '127.0.0.1:3000', '[::1]:3000']) {
  t.test(`sends who comes by http://${host} to the application's own name`, async t => {
    for (const path of ['/', '/x?y', '/index.html', '//evil.example/x']) {
      const { status, location } = await tab().get(path, { host, accept: '*/*' })
      t.equal(status, 302, path)
      t.equal(location?.href, `${config.app}${path}`)
    }
  })

  t.test(`a browser that comes by http://${host} gets a page that looks whether it finds the own name`, async t => {
    for (const path of ['/', '/x?y=%22%3E', '//evil.example/x']) {
      const { status, headers, $ } = await tab().get(path, { host })
      t.equal(status, 200, path)
      t.equal($('#destination').attr('href'), `${config.app}${path}`, 'without scripts there is a link')
      t.strictSame($('a:not(#destination)').toArray().map(link => $(link).attr('href')), [''], 'and no other, but to itself')
      t.equal(headers.get('cache-control'), 'no-store')
      const policy = "default-src 'none';form-action 'none';frame-ancestors 'none';base-uri 'none';" +
        `script-src 'self';style-src 'self';img-src 'self';connect-src ${config.app}`
      t.equal(headers.get('content-security-policy'), policy)
      const files = $('link[href], script[src]').toArray().map(element => $(element).attr('href') ?? $(element).attr('src')!)
      for (const file of files) t.equal((await tab().get(file, { host, accept: '*/*' })).status, 200, file)
    }
    const { status, location } = await tab().post('/logout', { host })
    t.equal(status, 302, 'what a form sends is no navigation')
    t.equal(location?.href, `${config.app}/logout`)
  })
}

t.test('a page of another origin may see that the own name is found, and nothing else', async t => {
  const { status, headers, text } = await tab().get('/reachable')
  t.equal(status, 204)
  t.equal(headers.get('cross-origin-resource-policy'), 'cross-origin')
  t.equal(text, '')
  t.equal((await tab().get('/')).headers.get('cross-origin-resource-policy'), 'same-origin')
})

t.test('programs ask for what is the lab\'s by any name and port of this machine, and are not led elsewhere', async t => {
  const { app } = await buildAlone(t)
  for (const host of ['localhost:3000', 'localhost:5190', '127.0.0.1:5190', 'app.localhost:5190']) {
    t.equal((await app.inject({ url: '/lab/clock', headers: { host } })).statusCode, 200, host)
    t.match((await app.inject({ method: 'DELETE', url: '/lab', headers: { host } })).json(), { done: /^Sessions/ }, host)
  }
  t.equal((await app.inject({ url: '/lab/clock', headers: { host: 'evil.example' } })).statusCode, 403)
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
  for (const host of ['brand.example', 'app.localhost:3000']) t.equal((await tab().get('/', { host })).status, 200, host)
})

const policyOf = (headers: Headers) => Object.fromEntries(
  headers.get('content-security-policy')!.split(';').map(directive => {
    const [name, ...sources] = directive.trim().split(/\s+/)
    return [name, sources]
  }))

t.test('lets its page load and connect to Genesys, and nothing else', async t => {
  const genesys = 'http://genesys.localhost:3002'
  t.same(policyOf((await tab().get('/')).headers), {
    'default-src': ["'self'"],
    'script-src': ["'self'", genesys],
    'style-src': ["'self'"],
    'img-src': ["'self'", 'data:', genesys],
    'connect-src': ["'self'", genesys, 'ws://genesys.localhost:3002'],
    'frame-src': ["'self'", config.issuer, genesys],
    'form-action': ["'self'", config.issuer],
    'frame-ancestors': ["'none'"],
    'object-src': ["'none'"],
    'base-uri': ["'none'"]
  })
})

t.test('stands in no frame of others, but in a lab in one of the console whose site it shares', async t => {
  const ancestorsOf = async (settings: Record<string, string>, path: string) => {
    const { headers } = await (await buildAlone(t, settings)).tab().get(path)
    const [, ancestors] = /frame-ancestors ([^;]*)/.exec(headers.get('content-security-policy')!)!
    return `${ancestors}, ${headers.get('x-frame-options') ?? 'and not said otherwise'}`
  }
  const oneSite = { LOCALHOST_SUBDOMAINS: 'one-site' }
  for (const [path, usual] of [['/', "'none', DENY"], ['/nowhere', "'none', DENY"], ['/messenger/frame', "'self', and not said otherwise"]] as const) {
    t.equal(await ancestorsOf({}, path), usual, 'by the usual names they are sites of their own')
    t.equal(await ancestorsOf({ ...oneSite, LAB: 'false' }, path), usual, 'outside the lab')
    t.equal(await ancestorsOf({ ...oneSite, CONSOLE_URL: 'http://other.localhost:3003' }, path), usual)
    t.equal(await ancestorsOf({ ...oneSite, CONSOLE_URL: 'https://lab.localhost:3003' }, path), usual, 'another scheme is another site')
    t.equal(await ancestorsOf({ LOCALHOST_SUBDOMAINS: 'on', CONSOLE_URL: 'http://localhost:3003' }, path), usual, 'localhost is nobody\'s site')
    const own = path === '/messenger/frame' ? "'self' " : ''
    t.equal(await ancestorsOf(oneSite, path), `${own}http://lab.localhost:3003, and not said otherwise`)
  }
})

t.test('follows the settings to a region of Genesys Cloud and another identity provider', async t => {
  const { tab } = await buildAlone(t, {
    GENESYS_SCRIPT_URL: 'https://apps.mypurecloud.ie/genesys-bootstrap/genesys.min.js',
    GENESYS_ORIGINS: 'https://apps.mypurecloud.ie  https://api.mypurecloud.ie wss://webmessaging.mypurecloud.ie https://bucket.s3.example',
    IDP_ISSUER: 'https://brand.okta.example/oauth2/default'
  })
  const policy = policyOf((await tab().get('/')).headers)
  const web = ['https://apps.mypurecloud.ie', 'https://api.mypurecloud.ie']
  t.same(policy['script-src'], ["'self'", ...web])
  t.same(policy['connect-src'], ["'self'", ...web, 'wss://webmessaging.mypurecloud.ie', 'https://bucket.s3.example'])
  t.same(policy['form-action'], ["'self'", 'https://brand.okta.example'])
  t.notMatch(Object.values(policy).flat().join(' '), /localhost|unsafe|\*/)
})

t.test('sends its headers with every answer', async t => {
  for (const path of ['/', '/page.js', '/session', '/messenger/config', '/livez', '/nowhere', '/callback', '/login']) {
    const { headers } = await tab().get(path)
    t.match(Object.fromEntries(headers), {
      'content-security-policy': /frame-ancestors 'none'/,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer'
    }, path)
    t.notMatch(headers.get('content-security-policy'), 'unsafe-', path)
  }
})

t.test('speaks of TLS only where there is TLS, and below localhost for ten minutes, as the same names are there without it', async t => {
  t.notOk((await tab().get('/')).headers.has('strict-transport-security'))
  for (const [app, seconds] of [['https://brand.example', 31_536_000], ['https://app.localhost', 600]] as const) {
    const { tab: secure } = await buildAlone(t, { APP_URL: app })
    t.equal((await secure().get('/')).headers.get('strict-transport-security'), `max-age=${seconds}; includeSubDomains`, app)
  }
})

import t from 'tap'
import { buildAlone } from './helper.ts'

const policyOf = (headers: Record<string, unknown>) => Object.fromEntries(
  String(headers['content-security-policy']).split(';').map(directive => {
    const [name, ...sources] = directive.trim().split(/\s+/)
    return [name, sources]
  }))

t.test('lets its page load and connect to Genesys, and nothing else', async t => {
  const { tab, config } = await buildAlone(t)
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
  const { tab } = await buildAlone(t)
  for (const path of ['/', '/page.js', '/session', '/messenger/config', '/livez', '/nowhere', '/callback', '/login']) {
    const { headers } = await tab().get(path)
    t.match(headers, {
      'content-security-policy': /frame-ancestors 'none'/,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer'
    }, path)
    t.notMatch(headers['content-security-policy'], 'unsafe-', path)
  }
})

t.test('speaks of TLS only where there is TLS', async t => {
  const { tab: plain } = await buildAlone(t)
  t.notOk('strict-transport-security' in (await plain().get('/')).headers)
  const { tab: secure } = await buildAlone(t, { APP_URL: 'https://brand.example' })
  t.match((await secure().get('/')).headers['strict-transport-security'], /max-age=\d+/)
})

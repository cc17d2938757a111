import t from 'tap'
import { examineApplication } from '../../scripts/doctor/application.ts'
import { Peer } from '../../scripts/doctor/peer.ts'
import { loadRelyingPartyConfig } from '../../services/relying-party/config.ts'
import { startEmbeddedLab } from '../helpers/embedded-lab.ts'
import { labSettings } from '../helpers/lab.ts'
import { authority, startTlsServer } from '../lib/tls.ts'
import { alone, diagnose, startAnswering, startProvider } from './helper.ts'

t.test('says that something else answers at APP_URL', async t => {
  const app = await startAnswering(t, () => ({ '/livez': { body: '<h1>Welcome to the proxy</h1>' } }))
  const rows = await diagnose({ ...alone, APP_URL: app })
  t.match(rows.get('answers'), {
    verdict: 'problem', seen: /something else answers .*“Welcome to the proxy”/, change: /correct APP_URL/
  })
  t.match(rows.get('provider, seen from inside'), { verdict: 'skipped' })
})

t.test('tells why the relying party is not ready, and how to ask from where it is', async t => {
  const lab = await startEmbeddedLab(t, { LOG_LEVEL: 'silent', IDP_ISSUER: 'http://idp.localhost:2' })
  const rows = await diagnose(lab.settings)
  t.match(rows.get('provider, seen from inside'), {
    verdict: 'problem',
    seen: /^not ready, 503: .*http:\/\/idp\.localhost:2/,
    change: /docker compose exec relying-party node scripts\/doctor\.ts/
  })
  t.match(rows.get('runs with these settings'), { verdict: 'skipped', seen: /it starts no sign-in, 503/ })
})

t.test('sees that the relying party runs with other settings, or meets another provider than this machine does', async t => {
  const lab = await startEmbeddedLab(t, { LOG_LEVEL: 'silent' })
  const other = await startProvider(t)
  t.match((await diagnose({ ...lab.settings, IDP_ISSUER: other })).get('runs with these settings'), {
    verdict: 'problem', seen: `it sends browsers to ${lab.issuer}/auth, and the provider wants them at ${other}/authorize`
  })
})

t.test('behind TLS wants Secure cookies of this host alone, HSTS, and a word about the proxy', async t => {
  const examine = async (headers: Record<string, string | string[]>, settings: Record<string, string> = {}) => {
    const app = await startTlsServer(t, ({ url }, response) => {
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
      if (url === '/login') response.writeHead(303, { location: 'https://idp.example/auth?client_id=relying-party' })
      response.end(JSON.stringify({ status: url === '/readyz' ? 'ready' : 'up' }))
    })
    const config = loadRelyingPartyConfig(labSettings({ APP_URL: app, ...settings }))
    const peer = new Peer({ caSetting: 'NODE_EXTRA_CA_CERTS', ca: authority, deadline: AbortSignal.timeout(60_000) })
    const rows = await examineApplication({ config, metadata: undefined, peer })
    return new Map(rows.map(row => [row.name, row]))
  }

  const bad = await examine({ 'set-cookie': 'attempt.x=1; Path=/; HttpOnly; SameSite=Lax' })
  t.match(bad.get('cookies'), { verdict: 'problem', seen: 'a cookie lacks secure' })
  t.match(bad.get('HSTS'), { verdict: 'warning' })
  t.match(bad.get('proxies'), { verdict: 'warning', change: /^set it to the addresses of the proxy/ })
  t.match(bad.get('runs with these settings'), { verdict: 'problem', seen: /redirect_uri is not there/ })

  const unprefixed = await examine({ 'set-cookie': 'attempt.x=1; Path=/; HttpOnly; Secure; SameSite=Lax' })
  t.match(unprefixed.get('cookies'), { verdict: 'problem', seen: /without the prefix __Host-/ })

  const good = await examine({
    'set-cookie': ['__Host-attempt.x=1; Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age=3600'],
    'strict-transport-security': 'max-age=31536000'
  }, { TRUSTED_PROXIES: '10.0.0.0/8' })
  t.match(good.get('cookies'), { verdict: 'ok', seen: 'path=/, httponly, secure, samesite=lax' })
  t.match(good.get('HSTS'), { verdict: 'ok', seen: 'max-age=31536000' })
  t.match(good.get('proxies'), { verdict: 'ok', seen: 'TRUSTED_PROXIES=10.0.0.0/8' })
})

// What the doctor finds in the lab, right and wrong, and its command line.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { exportJWK, exportPKCS8, generateKeyPair } from 'jose'
import t from 'tap'
import { UsageError } from '#lib/settings/command-line.ts'
import { readOptions } from '../../scripts/doctor/doctor-options.ts'
import { diagnose } from '../../scripts/doctor/diagnose.ts'
import { reportOn } from '../../scripts/doctor/diagnosis-report.ts'
import { createControlApiClient } from '../../services/idp/control-api/control-api-client.ts'
import { buildService } from '../../services/embedded/app.ts'
import { startEmbeddedLab } from '../helpers/embedded-lab.ts'
import { takeKeysFromFile } from '../helpers/keys.ts'
import { freePorts, labSettings, root } from '../helpers/lab.ts'
import { alone, rowsOf, look, namesOf, startProvider } from './helper.ts'

takeKeysFromFile()
const lab = await startEmbeddedLab(t, { LOG_LEVEL: 'silent' })

t.test('finds nothing to change in the lab', async t => {
  const rows = await rowsOf(lab.settings)
  t.same(namesOf(rows, 'problem'), [])
  t.same(namesOf(rows, 'warning'), [])
  t.same(namesOf(rows, 'skipped'), ['region', 'HSTS', 'proxies'], 'there is no region, and no TLS')
  t.match(rows.get('client credentials')?.seen, 'relying-party is accepted by client_secret_basic')
  t.match(rows.get('redirect URI')?.seen, `${lab.app}/callback is registered for relying-party`)
  t.match(rows.get('redirect URI, Messenger')?.seen, `${lab.app}/messenger/callback is registered for genesys-messenger`)
  t.match(rows.get('post-logout redirect URI')?.seen, `${lab.app}/logout/callback is accepted`)
  t.match(rows.get('runs with these settings')?.seen, `it sends browsers to ${lab.issuer}/auth, as relying-party`)
  t.match(rows.get('cookies')?.seen, 'httponly, samesite=lax')
  t.equal(rows.get('clock')?.seen, 'as the relying party\'s')
})

t.test('finds nothing to change behind TLS either, from a process of its own', async t => {
  const { settings } = await startEmbeddedLab(t, { LOG_LEVEL: 'silent', TLS: 'on' })
  const doctor = spawn(process.execPath, [`${root}/scripts/doctor.ts`, '--json'], { env: { ...process.env, ...settings }, stdio: ['ignore', 'pipe', 'inherit'] })
  const [output, [code]] = await Promise.all([text(doctor.stdout), once(doctor, 'close')])
  t.equal(code, 0, output)
  t.match(output, /"name": "HSTS",\s+"verdict": "ok",\s+"seen": "max-age=600; includeSubDomains"/)
  t.notMatch(output, /"warning"/)
})

t.test('sees that the relying party runs with other settings, or meets another provider than this machine does', async t => {
  const other = await startProvider(t)
  t.match(await look({ ...lab.settings, IDP_ISSUER: other }, 'runs with these settings'), {
    verdict: 'problem', seen: `it sends browsers to ${lab.issuer}/auth, and the provider wants them at ${other}/authorize`
  })
})

t.test('tells why the relying party is not ready, and how to ask from where it is', async t => {
  const { APP_PORT } = await freePorts()
  const settings = { ...lab.settings, STATE_DIR: t.testdir({}), APP_PORT, IDP_ISSUER: 'http://idp.localhost:2' }
  const { app, config } = await buildService('relying-party', settings)
  t.teardown(() => app.close())
  await app.listen({ host: config.host, port: config.port })
  const rows = await rowsOf(settings, 'provider, seen from inside', 'runs with these settings')
  t.match(rows.get('provider, seen from inside'), {
    verdict: 'problem',
    seen: /^not ready, 503: .*http:\/\/idp\.localhost:2/,
    change: /docker compose exec relying-party node scripts\/doctor\.ts/
  })
  t.match(rows.get('runs with these settings'), { verdict: 'skipped', seen: /it starts no sign-in, 503/ })
})

t.test('compares the clock of the provider with that of the relying party', async t => {
  const realm = createControlApiClient((await createControlApiClient(lab.issuer).realms.put('skewed')).issuer)
  const seen = async (seconds: number) => {
    await realm.clock.set(seconds)
    return look({ ...lab.settings, IDP_ISSUER: realm.issuer }, 'clock')
  }
  t.match(await seen(0), { verdict: 'ok' })
  t.match(await seen(17), { verdict: 'warning', seen: /^\d+ s ahead of the relying party's$/, change: /set both by NTP/ })
  t.match(await seen(-17), { verdict: 'warning', seen: /^\d+ s behind the relying party's$/ })
  t.match(await seen(90), { verdict: 'warning', change: /beyond 120 s sign-ins and back-channel sign-outs are refused/ })
  t.match(await seen(150), {
    verdict: 'problem', seen: /ahead of/, change: /NTP; sign-ins and back-channel sign-outs are refused.*OIDC_CLOCK_TOLERANCE=180/
  })
  t.match(await seen(-150), { verdict: 'problem', change: /beyond 240 s back-channel sign-outs are refused/ })
  t.match(await seen(-3600), { verdict: 'problem', seen: /^(3[56]\d\d) s behind/, change: /NTP; back-channel sign-outs are refused/ })
})

const missing: [string, RegExp, string][] = [
  ['discovery-issuer-mismatch', /the document names/, 'issuer, seen from here'],
  ['discovery-missing-field', /the document lacks jwks_uri/, 'endpoints'],
  ['discovery-html', /a page in place of JSON/, 'discovery document'],
  ['discovery-server-error', /the provider fails: 500/, 'discovery document'],
  ['jwks-empty', /0 keys, none of which verifies RS256/, 'keys (JWKS)'],
  ['jwks-server-error', /no key set, but 500/, 'keys (JWKS)'],
  ['jwks-unreachable', /closed the connection without an answer/, 'keys (JWKS)']
]
t.test('finds the faults of the lab that concern what a provider publishes', async t => {
  const { faults } = createControlApiClient(lab.issuer)
  for (const [fault, seen, name] of missing) {
    await faults.switchOn(fault)
    t.match(await look(lab.settings, name), { verdict: 'problem', seen }, fault)
    await faults.reset()
  }
  await faults.switchOn('jwks-unparsable-key')
  t.match(await look(lab.settings, 'keys (JWKS)'), { verdict: 'ok' }, 'further keys that nobody can use do no harm')
})

t.test('examines each provider, with the redirect URI that it has', async t => {
  const { issuer } = await createControlApiClient(lab.issuer).realms.put('second')
  const { clients } = createControlApiClient(issuer)
  const entry = { name: 'second', issuer, client_id: 'relying-party', client_secret: lab.settings['OIDC_CLIENT_SECRET'] }
  const file = `${t.testdir({ 'providers.yaml': JSON.stringify([entry]) })}/providers.yaml`
  const names = ['redirect URI', 'client credentials', 'redirect URI, Messenger']
  const seen = async (section: string) => {
    const { rows } = await diagnose({ ...lab.settings, OIDC_PROVIDERS_FILE: file }, labSettings(), name => names.includes(name))
    return new Map(rows.filter(row => row.section === section).map(row => [row.name, row]))
  }

  t.match((await seen(`Provider ${lab.issuer}`)).get('redirect URI'), { verdict: 'ok' })
  t.match((await seen(`Provider ${issuer}`)).get('redirect URI'), {
    verdict: 'problem', change: `register ${lab.app}/callback/second`
  })
  await clients.patch('relying-party', { redirect_uris: [`${lab.app}/callback/second`] })
  const second = await seen(`Provider ${issuer}`)
  t.match(second.get('redirect URI'), { verdict: 'ok' })
  t.match(second.get('client credentials'), { verdict: 'ok' })
  t.match(second.get('redirect URI, Messenger'), { verdict: 'skipped', seen: 'the Messenger signs in at the main provider' })
})

t.test('looks for the deployment, where the stand-in has it', async t => {
  const seen = (changes: Record<string, string>, name = 'deployment') =>
    look({ ...lab.settings, ...changes }, name)
  t.match(await seen({ GENESYS_DEPLOYMENT_ID: '00000000-0000-4000-8000-000000000000' }), {
    verdict: 'problem', seen: /^there is no deployment 0{8}-.* 40[34] \(GET /, change: /correct GENESYS_DEPLOYMENT_ID/
  })
  t.match(await seen({ GENESYS_DEPLOYMENT_ID: '0c9d2f64-5b1e-4a37-8f02-7d6e5c4b3a21' }), {
    verdict: 'problem', seen: /its authentication is off/
  })
  t.match(await seen({ APP_URL: 'http://elsewhere.localhost:2' }, 'domain of the page'), {
    verdict: 'problem',
    seen: 'elsewhere.localhost is not among the allowed domains: app.localhost',
    change: /^add elsewhere\.localhost/
  })
  t.match(await seen({ GENESYS_ORIGINS: lab.genesys }), {
    verdict: 'problem', seen: /^messages go to ws:.*, which GENESYS_ORIGINS lacks/
  })
  t.match(await seen({ GENESYS_SCRIPT_URL: `${lab.genesys}/nothing.js` }, 'script'), {
    verdict: 'problem', seen: /^answered with 404/
  })
  t.match(await seen({ GENESYS_SCRIPT_URL: `${lab.app}/` }, 'script'), {
    verdict: 'problem', seen: /^no JavaScript, but text\/html/
  })
})

const client = 'relying-party'
const genesys = 'genesys-messenger'

t.test('finds what is not registered at the provider, or otherwise', async t => {
  const { clients } = createControlApiClient(lab.issuer)
  t.afterEach(() => clients.reset())

  await t.test('a redirect URI', async t => {
    await clients.patch(client, { redirect_uris: [`${lab.app}/callback/`] })
    const rows = await rowsOf(lab.settings, 'redirect URI', 'redirect URI, Messenger')
    t.match(rows.get('redirect URI'), {
      verdict: 'problem',
      seen: /the provider shows a page, 400: “.*invalid_redirect_uri/,
      change: `register ${lab.app}/callback, character by character: redirect_uris in services/idp/clients.yaml`
    })
    t.match(rows.get('redirect URI, Messenger'), { verdict: 'ok' })
  })

  await t.test('the redirect URI of the Messenger', async t => {
    await clients.patch(genesys, { redirect_uris: ['http://app.localhost:1/messenger/callback'] })
    const rows = await rowsOf(lab.settings, 'redirect URI', 'redirect URI, Messenger', 'sign-in without a page')
    t.match(rows.get('redirect URI, Messenger'), { verdict: 'problem', change: `register ${lab.app}/messenger/callback` })
    t.match(rows.get('redirect URI'), { verdict: 'ok' })
    t.match(rows.get('sign-in without a page'), { verdict: 'skipped' })
  })

  await t.test('a client', async t => {
    const rows = await rowsOf({ ...lab.settings, OIDC_CLIENT_ID: 'nobody', GENESYS_CLIENT_ID: 'nobody-either' })
    t.match(rows.get('redirect URI'), { verdict: 'problem', change: /correct OIDC_CLIENT_ID=nobody$/ })
    t.match(rows.get('redirect URI, Messenger'), { verdict: 'problem', change: /correct GENESYS_CLIENT_ID=nobody-either$/ })
    t.match(rows.get('client credentials'), {
      verdict: 'problem', seen: /^nobody is refused by client_secret_basic: 401 invalid_client/
    })
    t.match(rows.get('runs with these settings'), {
      verdict: 'problem', seen: 'client_id is relying-party, by these settings nobody'
    })
  })

  await t.test('the secret', async t => {
    const secret = 'not-the-secret-of-this-client'
    for (const OIDC_CLIENT_AUTH of ['client_secret_basic', 'client_secret_post']) {
      const rows = await rowsOf({ ...lab.settings, OIDC_CLIENT_SECRET: secret, OIDC_CLIENT_AUTH })
      t.match(rows.get('client credentials'), {
        verdict: 'problem', seen: `${client} is refused by ${OIDC_CLIENT_AUTH}: 401 invalid_client`
      })
      t.notMatch(JSON.stringify([...rows.values()]), secret)
    }
    const right = await look({ ...lab.settings, OIDC_CLIENT_AUTH: 'client_secret_post' }, 'client credentials')
    t.match(right, { verdict: 'ok', seen: `${client} is accepted by client_secret_post` })
  })

  await t.test('the key', async t => {
    const pairs = await Promise.all([1, 2].map(() => generateKeyPair('RS256', { extractable: true })))
    const [right, wrong] = await Promise.all(pairs.map(({ privateKey }) => exportPKCS8(privateKey)))
    const jwk = { ...await exportJWK(pairs[0]!.publicKey), use: 'sig' }
    await clients.patch(client, { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [jwk] } } as never)
    const settings = { ...lab.settings, OIDC_CLIENT_AUTH: 'private_key_jwt', OIDC_CLIENT_SECRET: '' }
    t.match(await look({ ...settings, OIDC_PRIVATE_KEY: right! }, 'client credentials'), { verdict: 'ok' })
    t.match(await look({ ...settings, OIDC_PRIVATE_KEY: wrong! }, 'client credentials'), {
      verdict: 'problem', change: /^compare OIDC_CLIENT_ID, OIDC_PRIVATE_KEY, OIDC_ASSERTION_AUDIENCE and OIDC_CLIENT_AUTH/
    })
  })

  await t.test('the post-logout redirect URI', async t => {
    await clients.patch(client, { post_logout_redirect_uris: [`${lab.app}/`] })
    t.match(await look(lab.settings, 'post-logout redirect URI'), {
      verdict: 'problem', change: `register ${lab.app}/logout/callback: post_logout_redirect_uris`
    })
  })

  await t.test('the scopes', async t => {
    const settings = { ...lab.settings, OIDC_SCOPE: 'openid unheard-of', GENESYS_SCOPE: 'openid pets' }
    const rows = await rowsOf(settings, 'scopes offered', 'scopes offered, Messenger')
    t.match(rows.get('scopes offered'), {
      verdict: 'warning', seen: 'not among those offered: unheard-of', change: /take it out of OIDC_SCOPE/
    })
    t.match(rows.get('scopes offered, Messenger'), { verdict: 'warning', seen: 'not among those offered: pets' })
  })

  await t.test('pushed requests', async t => {
    await clients.patch(client, { pushed_authorization_requests: 'required' })
    t.match(await look(lab.settings, 'pushed requests (PAR)'), { verdict: 'ok', seen: 'offered and used' })
    t.match(await look(lab.settings, 'redirect URI'), { verdict: 'ok' }, 'as a pushed request')
    t.match(await look({ ...lab.settings, OIDC_PAR: 'never' }, 'redirect URI'), { verdict: 'problem' })
    await clients.patch(client, { redirect_uris: [`${lab.app}/other`] })
    t.match(await look(lab.settings, 'redirect URI'), {
      verdict: 'problem', seen: /the pushed request is refused: 400 invalid_re/, change: `register ${lab.app}/callback`
    })
  })
})

const { NODE_COMPILE_CACHE = '' } = process.env
const compileCache = { NODE_COMPILE_CACHE }

/** `npm run doctor -- <args>`, without npm. */
async function run (args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, ['scripts/doctor.ts', ...args], { cwd: root, env: { ...compileCache, ...env } })
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { stdout, stderr, code: code as number | null }
}

t.test('needs nothing but the ports for the lab, prints the table and ends with 0', async t => {
  const { APP_PORT, IDP_PORT, GENESYS_PORT } = lab.settings as Record<string, string>
  const { stdout, stderr, code } = await run([], { APP_PORT: APP_PORT!, IDP_PORT: IDP_PORT!, GENESYS_PORT: GENESYS_PORT! })
  t.equal(stderr, '')
  t.match(stdout, /^ {2}ok +redirect URI +http:\/\/app\.localhost:\d+\/callback is registered for relying-party$/m)
  t.match(stdout, /^\d+ ok, 0 warnings, 0 problems, 3 skipped\. Nothing needs to be changed\.$/m)
  t.notMatch(stdout, lab.settings['OIDC_CLIENT_SECRET'])
  t.notMatch(stdout, lab.settings['SESSION_KEY'])
  t.equal(code, 0)
})

t.test('says what to change where there are problems, and folds what was skipped for one reason', async t => {
  const { table } = reportOn(await diagnose(labSettings(alone), labSettings()))
  t.match(table, /^ {2}PROBLEM {2}discovery document +nothing listens at idp\.localhost:2 .*\n +→ start it, or correct the URL/m)
  t.match(table, /^ {2}skipped {2}\d+ checks +there is no discovery document$/m)
  t.match(table, 'What needs to be changed is at the arrows.')
})

t.test('ends with 1 where there are problems, and says the same as JSON, for other programs', async t => {
  const { stdout, stderr, code } = await run(['--json'], alone)
  t.equal(stderr, '')
  const { rows, ...rest } = JSON.parse(stdout) as { rows: Record<string, unknown>[] }
  t.same(rest, { app: 'http://app.localhost:2', issuer: 'http://idp.localhost:2', passed: false })
  const discovery = rows.find(({ name }) => name === 'discovery document')
  t.match(discovery, { section: 'Provider http://idp.localhost:2', verdict: 'problem', seen: String, change: String })
  t.equal(code, 1)
})

t.test('takes settings from a file in place of the lab\'s, and variables before those of the file', async t => {
  const files = t.testdir({
    'settings.env': 'SESSION_KEY=too-short\nOIDC_CLIENT_SECRET=from-the-file-of-settings\nOIDC_CLIENT_ID=of-the-file\n',
    'secret.txt': 'from-a-file-of-its-own\n'
  })
  const say = async (variables: Record<string, string>) => {
    const options = readOptions(['--settings', `${files}/settings.env`], variables)
    return reportOn(await diagnose(options.env, options.lab)).table
  }
  const stdout = await say({ OIDC_CLIENT_SECRET_FILE: `${files}/secret.txt` })
  t.match(stdout, 'SESSION_KEY: is malformed')
  t.match(stdout, 'GENESYS_CLIENT_ID: is missing', 'the lab\'s are not taken')
  t.notMatch(stdout, 'OIDC_CLIENT_ID')
  t.notMatch(stdout, 'OIDC_CLIENT_SECRET', 'it is set once, though in two ways')
  t.notMatch(await say({ SESSION_KEY: '0'.repeat(64) }), 'SESSION_KEY')
})

t.test('says what is wrong in its use', async t => {
  const mistakes: [string, string][] = [
    ['--secret=x', 'Unknown option \'--secret\''],
    ['more', 'Unexpected argument'],
    ['--settings=nowhere.env', 'The file of settings cannot be read: ENOENT']
  ]
  for (const [argument, message] of mistakes) t.throws(() => readOptions([argument], {}), new UsageError(message), argument)
})

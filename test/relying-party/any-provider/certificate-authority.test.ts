import t, { type Test } from 'tap'
import { anotherAuthority, authority } from '../../lib/tls.ts'
import { until } from '../../helpers/until.ts'
import { startBareProvider } from './bare-provider.ts'
import { Person } from './person.ts'
import { freeAddresses, startRelyingParty } from './relying-party.ts'

/** A provider whose certificate is of an authority that no system trusts, and a relying party with these settings. */
async function start (t: Test, settings: (files: string) => Record<string, string>) {
  const addresses = await freeAddresses()
  const provider = await startBareProvider(t, addresses, { tls: true })
  const files = t.testdir({ state: {}, 'authority.pem': authority, 'another.pem': anotherAuthority })
  const { app, origin } = await startRelyingParty(t, addresses, {
    STATE_DIR: `${files}/state`, IDP_ISSUER: provider.issuer, ...settings(files)
  })
  const readiness = async () => (await app.inject('/readyz')).json() as { status: string, reason?: string }
  return { provider, readiness, person: new Person(origin, { ca: authority }), origin }
}

const untrusting: [string, (files: string) => Record<string, string>][] = [
  ['that nobody told it of', () => ({})],
  ['that is not the one it was told of', files => ({ OIDC_CA_FILE: `${files}/another.pem` })]
]
for (const [label, settings] of untrusting) {
  t.test(`does not talk to a provider whose certificate is of an authority ${label}, and says why`, async t => {
    const { provider, readiness, person } = await start(t, settings)
    await until('discovery has been tried', async () => (await readiness()).reason?.includes('UNABLE_TO_') === true)
    const { status, reason } = await readiness()
    t.equal(status, 'not ready')
    t.match(reason, `no discovery document from ${provider.issuer}`)
    t.match(reason, /certificate/)

    const page = await person.signIn()
    t.equal(page.status, 503)
    t.match(page.$('dl').text(), /certificate/, 'the page says it, too')
    t.same(provider.received, [])
  })
}

t.test('talks to it by OIDC_CA_FILE: discovery, tokens, keys and userinfo', async t => {
  const { person, readiness, provider, origin } = await start(t, files => ({ OIDC_CA_FILE: `${files}/authority.pem` }))
  await until('discovery has succeeded', async () => (await readiness()).status === 'ready')
  const page = await person.signIn()
  t.equal(page.url.href, `${origin}/`, page.$('dl').text())
  t.match(await person.session(), { authenticated: true, user: { sub: 'ada' } })
  t.match(await person.profile(), { status: 200, body: { sub: 'ada' } })
  for (const path of ['/.well-known/openid-configuration', '/token', '/jwks', '/me']) t.ok(provider.at(path).length > 0, path)
})

t.test('takes the certificates themselves as well, and those of several authorities', async t => {
  const { person } = await start(t, () => ({ OIDC_CA: `${anotherAuthority}${authority}` }))
  await person.signIn()
  t.match(await person.session(), { authenticated: true })
})

import t, { type Test } from 'tap'
import { startBareProvider } from './bare-provider.ts'
import { Person } from './person.ts'
import { freeAddresses, startRelyingParty } from './relying-party.ts'

// https://openid.net/specs/openid-connect-core-1_0.html#ThirdPartyInitiatedLogin
async function start (t: Test) {
  const addresses = await freeAddresses()
  const provider = await startBareProvider(t, addresses)
  const { origin } = await startRelyingParty(t, addresses)
  return { provider, origin, person: new Person(origin) }
}

const ways = {
  GET: (person: Person, parameters: Record<string, string>) => person.open(`/login/initiate?${new URLSearchParams(parameters)}`),
  POST: (person: Person, parameters: Record<string, string>) =>
    person.open('/login/initiate', { method: 'POST', body: new URLSearchParams(parameters) })
}

for (const [method, initiate] of Object.entries(ways)) {
  t.test(`signs in whom a third party sends by ${method}, and goes on to where it says`, async t => {
    const { provider, person, origin } = await start(t)
    const page = await initiate(person, {
      iss: provider.issuer, login_hint: 'ada@example.com', target_link_uri: `${origin}/?from=portal#tours`
    })
    t.equal(page.url.href, `${origin}/?from=portal#tours`, page.$('dl').text())
    t.match(await person.session(), { authenticated: true, user: { sub: 'ada' } })
    const [request] = provider.at('/auth')
    t.match(request?.understood, { client_id: 'relying-party', login_hint: 'ada@example.com', code_challenge_method: 'S256' })
    t.ok(request?.understood['state'] && request.understood['nonce'], 'it is a sign-in of our own like any other')
  })

  t.test(`goes home after a sign-in by ${method} that names no target`, async t => {
    const { provider, person, origin } = await start(t)
    t.equal((await initiate(person, { iss: provider.issuer })).url.href, `${origin}/`)
    t.match(await person.session(), { authenticated: true })
  })

  const elsewhere: [string, (origin: string) => string][] = [
    ['to another site', () => 'https://evil.example/'],
    ['to a host that begins like ours', origin => `${origin}.evil.example/`],
    ['to a host that hides behind a name', origin => `${origin}@evil.example/`],
    ['to a script', () => 'javascript:alert(1)'],
    ['into the flow itself', origin => `${origin}/logout`]
  ]
  const refused: [string, (origin: string, issuer: string) => Record<string, string>, string][] = [
    ['names an issuer that is not ours', () => ({ iss: 'https://evil.example' }), 'unknown_issuer'],
    ['names an issuer that only looks like ours', (_origin, issuer) => ({ iss: `${issuer}.evil.example` }), 'unknown_issuer'],
    ['names no issuer', () => ({ login_hint: 'ada' }), 'malformed'],
    ['has a hint that is longer than a name', (_origin, iss) => ({ iss, login_hint: 'a'.repeat(501) }), 'malformed'],
    ...elsewhere.map(([where, target]): typeof refused[number] => [
      `wants to go on ${where}`, (origin, iss) => ({ iss, target_link_uri: target(origin) }), 'return_to_refused'
    ])
  ]
  for (const [label, parameters, error] of refused) {
    t.test(`sends nobody to the provider when a request by ${method} ${label}`, async t => {
      const { provider, person, origin } = await start(t)
      const page = await initiate(person, parameters(origin, provider.issuer))
      t.equal(page.status, 400)
      t.equal(page.$('dl code').text(), error)
      t.same(provider.at('/auth'), [])
      t.equal(await person.cookies(), '')
    })
  }
}

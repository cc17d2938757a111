import t from 'tap'
import { Examiner } from '../../services/console/examiner/examiner.ts'
import { JourneyPresenter } from '../../services/console/exports/presented-journey.ts'
import { reportOf } from '../../services/console/exports/report.ts'
import { inferredLegOf } from '../../services/console/journeys/inferred-leg.ts'
import { Journeys, type Change } from '../../services/console/journeys/journeys.ts'
import { storyOf } from '../../services/console/journeys/stories.ts'
import { summaryOf } from '../../services/console/journeys/summary.ts'
import { message } from './message.ts'

/** The endpoints of each journey. */
const storiesOf = (journeys: Journeys) => journeys.all.map(({ messages }) => messages.map(({ endpoint }) => endpoint))

t.test('a client that sends the same state each time begins a journey each time', async t => {
  const journeys = new Journeys()
  for (const flow of ['first', 'second']) {
    const withState = { parameters: { state: 'always-this' }, links: ['always-this'] }
    journeys.add(message('idp', 'authorization', { ...withState, flow }))
    journeys.add(message('idp', 'resume', { flow, answer: { code: `code-${flow}`, state: 'always-this' }, links: [`code-${flow}`, 'always-this'] }))
    journeys.add(message('idp', 'token', { flow, from: 'shop', parameters: { code: `code-${flow}` }, links: [`code-${flow}`] }))
  }
  t.strictSame(storiesOf(journeys), [['authorization', 'resume', 'token'], ['authorization', 'resume', 'token']])
})

t.test('an answer that has but a state belongs to the sign-in that has sent it', async t => {
  const journeys = new Journeys()
  journeys.add(message('relying-party', 'login', { answer: { state: 'of-alice' }, links: ['cookie-of-alice', 'of-alice'] }))
  journeys.add(message('relying-party', 'login', { answer: { state: 'of-bob' }, links: ['cookie-of-bob', 'of-bob'] }))
  journeys.add(message('idp', 'authorization', { parameters: { state: 'of-alice' }, links: ['of-alice'], flow: 'alice' }))
  t.strictSame(storiesOf(journeys), [['login', 'authorization'], ['login']])
})

t.test('what turns out to belong together becomes one journey, in the order of time', async t => {
  const journeys = new Journeys()
  journeys.add(message('genesys', 'token_exchange', { at: 30, links: ['code'] }))
  journeys.add(message('relying-party', 'login', { at: 10, links: ['cookie'] }))
  journeys.add(message('relying-party', 'messenger_callback', { at: 20, links: ['cookie', 'code'] }))
  t.strictSame(storiesOf(journeys), [['login', 'messenger_callback', 'token_exchange']])
})

t.test('what began in the same millisecond stands in the order in which it was told', async t => {
  const journeys = new Journeys()
  for (const endpoint of ['login', 'callback', 'logout']) journeys.add(message('relying-party', endpoint, { at: 10, links: ['cookie'] }))
  t.strictSame(storiesOf(journeys), [['login', 'callback', 'logout']])
})

t.test('keys that a service fetches while it answers a browser belong to that browser, and others to nobody', async t => {
  const journeys = new Journeys()
  journeys.add(message('idp', 'jwks', { at: 5, from: 'relying-party' }))
  journeys.add(message('idp', 'jwks', { at: 110, from: 'relying-party' }))
  journeys.add(message('relying-party', 'callback', { at: 100, durationMs: 50, links: ['cookie'] }))
  journeys.add(message('idp', 'jwks', { at: 120, from: 'relying-party' }))
  t.strictSame(journeys.find('background')!.messages.map(({ at }) => at), [5])
  t.strictSame(storiesOf(journeys).at(-1), ['callback', 'jwks', 'jwks'])
})

t.test('whoever follows learns what a journey has lost to the browser that it turned out to be for, and that nothing is left of it', async t => {
  const journeys = new Journeys()
  const told: string[] = []
  journeys.add(message('idp', 'jwks', { at: 5, from: 'relying-party' }))
  journeys.add(message('idp', 'jwks', { at: 110, from: 'relying-party' }))
  journeys.subscribe(change => told.push(inWords(change)))
  journeys.add(message('relying-party', 'callback', { at: 100, durationMs: 50, links: ['cookie'] }))
  journeys.add(message('relying-party', 'login', { at: 0, durationMs: 50, links: ['another cookie'] }))
  t.strictSame(told, ['callback in 1', 'jwks in 1 out of background', 'login in 2', 'jwks in 2 out of background', 'background into 2'])
})

t.test('a logout token that both ends have in their ledgers is one message, with the fault that only the sender knows', async t => {
  const journeys = new Journeys()
  const sent = { from: 'idp', links: ['logout-token'], at: 10 }
  journeys.add(message('idp', 'backchannel_logout', { ...sent, faults: ['logout-token-with-nonce'] }))
  journeys.add(message('relying-party', 'backchannel_logout', { ...sent, at: 11, status: 400 }))
  const [journey] = journeys.all
  t.match(journey!.messages, [{ service: 'relying-party', status: 400, faults: ['logout-token-with-nonce'] }])
  t.equal(journey!.messages.length, 1)
})

t.test('a browser that brings the same request to two providers, one after the other, has sent two messages', async t => {
  const journeys = new Journeys()
  const request = { parameters: { state: 'of-alice', code_challenge: 'challenge' }, links: ['of-alice', 'challenge'] }
  journeys.add(message('relying-party', 'authorization', { ...request, to: 'evil' }))
  journeys.add(message('idp', 'authorization', request))
  t.strictSame(journeys.all.flatMap(({ messages }) => messages.map(({ to }) => to)), ['evil', 'idp'])
})

t.test('a callback that is refused outweighs the tokens that were fetched for it', async t => {
  const journeys = new Journeys()
  journeys.add(message('idp', 'token', { at: 10, from: 'relying-party', links: ['code'] }))
  journeys.add(message('relying-party', 'callback', { at: 5, durationMs: 20, status: 400, links: ['code'] }))
  t.equal(summaryOf(journeys.all[0]!).outcome, 'refused')
})

t.test('the eldest journeys make room, and no key of theirs is held', async t => {
  const journeys = new Journeys()
  for (let number = 0; number < 7_000; number++) journeys.add(message('relying-party', 'login', { links: [`cookie-${number}`] }))
  t.equal(journeys.all.length, 6_000)
  journeys.add(message('relying-party', 'callback', { links: ['cookie-0'] }))
  t.strictSame(storiesOf(journeys).at(-1), ['callback'], 'the journey of cookie-0 is forgotten')
})

t.test('long messages make room sooner, so that nobody fills the memory', async t => {
  const journeys = new Journeys()
  const long = 'x'.repeat(64 * 1024)
  for (let number = 0; number < 1_000; number++) journeys.add(message('genesys', 'token_exchange', { links: [`code-${number}`], parameters: { long } }))
  t.ok(journeys.all.length < 400, `${journeys.all.length} journeys`)
  t.ok(journeys.all.length > 300)
})

t.test('what a ledger has forgotten, or a realm that is gone, is forgotten here', async t => {
  const journeys = new Journeys()
  journeys.add(message('idp', 'authorization', { links: ['a'], flow: 'a' }))
  journeys.add(message('relying-party', 'login', { links: ['b'] }))
  journeys.forget(({ service }) => service === 'idp')
  t.strictSame(storiesOf(journeys), [['login']])
})

function inWords (change: Change): string {
  if (change.kind === 'gone') return `${change.id} into ${change.into}`
  if (change.kind === 'forgotten') return 'forgotten'
  return `${change.message.endpoint} in ${change.journey.id}${change.replaced === undefined ? '' : ' in place of another'}${change.left ? ` out of ${change.left.id}` : ''}`
}

t.test('whoever follows learns what has come, what it stands for, and what has become one', async t => {
  const journeys = new Journeys()
  const told: string[] = []
  journeys.subscribe(change => told.push(inWords(change)))
  journeys.add(message('idp', 'jwks', { at: 1, from: 'relying-party' }))
  journeys.add(message('genesys', 'token_exchange', { at: 30, links: ['code'] }))
  journeys.add(message('relying-party', 'login', { at: 10, links: ['cookie'] }))
  journeys.add(message('relying-party', 'messenger_callback', { at: 20, links: ['cookie', 'code'] }))
  journeys.add(message('idp', 'backchannel_logout', { at: 40, from: 'idp', links: ['logout-token', 'cookie'] }))
  journeys.add(message('relying-party', 'backchannel_logout', { at: 41, from: 'idp', links: ['logout-token'] }))
  journeys.forget(() => false)
  t.strictSame(told, [
    'jwks in background', 'token_exchange in 1', 'login in 2', '2 into 1', 'messenger_callback in 1', 'backchannel_logout in 1',
    'backchannel_logout in 1 in place of another', 'forgotten'
  ])
})

t.test('a summary keeps up with its journey', async t => {
  const journeys = new Journeys()
  journeys.add(message('relying-party', 'login', { links: ['cookie'] }))
  const [journey] = journeys.all
  t.match(summaryOf(journey!), { messages: 1, outcome: 'under way' })
  journeys.add(message('relying-party', 'callback', { links: ['cookie'], username: 'alice' }))
  t.match(summaryOf(journey!), { messages: 2, outcome: 'signed in', who: ['alice'] })
  journeys.forget(({ endpoint }) => endpoint === 'callback')
  t.match(summaryOf(journey!), { messages: 1, outcome: 'under way', who: [] })
})

t.test('a redirect to an application outside the lab is followed by a leg that nobody has seen, and no other is', async t => {
  const lab = new Set(['http://app.localhost:3000'])
  const redirect = (location: string, answer: Record<string, string> = { code: 'code', state: 'state' }) =>
    message('idp', 'resume', { at: 10, client_id: 'shop', answer: { location, ...answer } })
  const leg = inferredLegOf(redirect('https://shop.example/callback'), lab)
  t.match(leg, { from: 'browser', to: 'shop', path: '/callback', parameters: { code: 'code', state: 'state' }, at: 11, isInferred: true })
  t.match(storyOf(leg!), 'brings the code to the application, shop. That one is outside the lab')
  t.match(storyOf(inferredLegOf(redirect('https://shop.example/callback', { error: 'access_denied' }), lab)!), 'brings the error')
  t.equal(inferredLegOf(redirect('http://app.localhost:3000/callback'), lab), undefined, 'the lab has that in its ledger')
  t.equal(inferredLegOf(redirect('/interaction/1', {}), lab), undefined, 'it stays at the provider')
})

t.test('a message has the address that it went to, with its scheme and the name that the sender used', async t => {
  const addresses = {
    app: 'https://app.example.com', issuer: 'https://idp.example.com/oidc', genesys: 'https://genesys.example.com', console: 'https://lab.example.com'
  }
  const presenter = new JourneyPresenter(new Journeys(), new Examiner(addresses), addresses)
  const addressesOf = (fields: Parameters<typeof message>[2]) => presenter.presentMessage(message('idp', 'resume', fields), undefined).map(({ url }) => url)
  t.strictSame(addressesOf({ path: '/oidc/token' }), ['https://idp.example.com/oidc/token'])
  t.strictSame(addressesOf({ path: '/oidc/token', requestHeaders: { host: 'idp:8443' } }), ['https://idp:8443/oidc/token'])
  t.strictSame(addressesOf({ path: '/oidc/auth/1', answer: { location: 'http://localhost:8080/callback?code=abc', code: 'abc' } }),
    ['https://idp.example.com/oidc/auth/1', 'http://localhost:8080/callback'], 'and so has the leg that is inferred')
})

t.test('a report stays small where hundreds of messages have the same values: each leads to the first of the others, and says how many more there are', async t => {
  const addresses = { app: 'https://app.example.com', issuer: 'https://idp.example.com', genesys: 'https://genesys.example.com', console: 'https://lab.example.com' }
  const journeys = new Journeys()
  for (let count = 0; count < 300; count++) {
    journeys.add(message('idp', 'discovery', { from: 'unknown', answer: { issuer: addresses.issuer, jwks_uri: `${addresses.issuer}/jwks`, token_endpoint: `${addresses.issuer}/token` } }))
  }
  const report = reportOf(await new JourneyPresenter(journeys, new Examiner(addresses), addresses).presentJourney(journeys.find('background')!, undefined))
  t.match(report, /aria-label="message 12">12<\/a> and 287 more/)
  t.ok(report.length < 2_000_000, `${report.length} characters`)
})

t.test('who has sent a message is known whatever a service is called as a client', async t => {
  t.match(message('idp', 'token', { from: 'web-chat-7', client_id: 'web-chat-7', requestHeaders: { 'user-agent': 'genesys' } }), { from: 'genesys', client_id: 'web-chat-7' })
  t.match(message('idp', 'token', { from: 'shop', requestHeaders: { 'user-agent': 'node' } }), { from: 'shop' })
})

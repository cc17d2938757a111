import t from 'tap'
import { buildAlone, buildWithIdp } from './helper.ts'

const strangers: [string, string, string][] = [
  ['without a state', '/callback?code=x', 'state_missing'],
  ['with nothing at all', '/callback', 'state_missing'],
  ['with an error and no state', '/callback?error=access_denied', 'state_missing'],
  ['with a state that nobody issued', '/callback?code=x&state=made-up', 'state_unknown'],
  ['with an empty state', '/callback?code=x&state=', 'state_unknown'],
  ['with two states', '/callback?code=x&state=a&state=b', 'malformed'],
  ['with a state that is too long', `/callback?code=x&state=${'s'.repeat(201)}`, 'malformed'],
  ['for the Messenger without a state', '/messenger/callback?code=x', 'state_missing'],
  ['for the Messenger with a state that nobody issued', '/messenger/callback?code=x&state=made-up', 'state_unknown'],
  ['for the Messenger with two states', '/messenger/callback?code=x&state=a&state=b', 'malformed']
]
for (const [label, path, error] of strangers) {
  t.test(`answers a callback ${label} with a page, and signs nobody in`, async t => {
    const { tab } = await buildAlone(t)
    const { status, location, headers, $ } = await tab().get(path)
    t.equal(status, 400)
    t.match(headers['content-type'], 'text/html')
    t.equal($('dl code').text(), error)
    t.not($('h1').text(), '')
    t.equal(headers['set-cookie'], undefined)
    t.equal(location, undefined, 'there is no redirect')
    t.equal($('meta[http-equiv], script').length, 0, 'nor anything else that goes on by itself')
    t.ok($('.ways a').length > 0, 'but a link')
    t.equal(headers['cache-control'], 'no-store')
  })
}

t.test('refuses the answer to a sign-in that another browser has started', async t => {
  const { tab } = await buildWithIdp(t)
  const state = await tab().startSignIn()
  const { status, headers, $ } = await tab().get(`/callback?${new URLSearchParams({ code: 'x', state })}`)
  t.equal(status, 400)
  t.equal($('dl code').text(), 'state_unknown')
  t.equal(headers['set-cookie'], undefined)
})

t.test('refuses an answer to the sign-in at the Messenger\'s callback', async t => {
  const { tab } = await buildWithIdp(t)
  const visitor = tab()
  const state = await visitor.startSignIn()
  t.equal((await visitor.get(`/messenger/callback?${new URLSearchParams({ code: 'x', state })}`)).$('dl code').text(), 'state_unknown')
})

t.test('tells what the identity provider has refused, once, and offers the same sign-in again', async t => {
  const { tab, config } = await buildWithIdp(t)
  const visitor = tab()
  const state = await visitor.startSignIn('/#tours')
  const path = `/callback?${new URLSearchParams({ error: 'access_denied', error_description: 'the person chose to cancel', state, iss: config.issuer })}`
  const { status, $ } = await visitor.get(path)
  t.equal(status, 400)
  t.equal($('h1').text(), 'You were not signed in')
  t.equal($('dl code').text(), 'access_denied')
  t.match($('dl').text(), 'the person chose to cancel')
  t.equal($('a:contains("Try again")').attr('href'), '/login?return_to=%2F%23tours')
  t.equal((await visitor.get(path)).$('dl code').text(), 'state_unknown', 'the second time')
})

const forged: [string, (issuer: string) => Record<string, string>][] = [
  ['without the issuer\'s name', () => ({ code: 'x' })],
  ['in the name of another issuer', () => ({ code: 'x', iss: 'https://evil.example' })],
  ['with neither code nor error', issuer => ({ iss: issuer })]
]
for (const [label, parameters] of forged) {
  t.test(`refuses an answer ${label}`, async t => {
    const { tab, config } = await buildWithIdp(t)
    const visitor = tab()
    const state = await visitor.startSignIn()
    const { status, $ } = await visitor.get(`/callback?${new URLSearchParams({ state, ...parameters(config.issuer) })}`)
    t.equal(status, 400)
    t.equal($('dl code').text(), 'invalid_response')
    t.same(await visitor.cookieNames(), [])
  })
}

t.test('refuses a code that the identity provider does not know', async t => {
  const { tab, config } = await buildWithIdp(t)
  const visitor = tab()
  const state = await visitor.startSignIn()
  const { status, $ } = await visitor.get(`/callback?${new URLSearchParams({ code: 'made-up', state, iss: config.issuer })}`)
  t.equal(status, 400)
  t.equal($('dl code').text(), 'invalid_grant')
  t.match((await visitor.get('/session')).json(), { authenticated: false })
})

t.test('never renders the markup that an answer brings', async t => {
  const { tab, config } = await buildWithIdp(t)
  const markup = '</dd><script>alert(1)</script><img src=x onerror=alert(2)><a href="https://evil.example">click</a>'
  for (const parameters of [{ error: 'access_denied', error_description: markup }, { error: markup }, { error: 'server_error', error_uri: markup }]) {
    const visitor = tab()
    const state = await visitor.startSignIn()
    const { status, text, $ } = await visitor.get(`/callback?${new URLSearchParams({ ...parameters, state, iss: config.issuer } as Record<string, string>)}`)
    t.equal(status, 400)
    t.equal($('script, img, a[href*=evil], [onerror]').length, 0)
    t.notMatch(text, '<script>')
  }
})

t.test('keeps five sign-ins under way, and lets go of the oldest', async t => {
  const { tab, config } = await buildWithIdp(t)
  const visitor = tab()
  const states: string[] = []
  for (let n = 0; n < 7; n++) states.push(await visitor.startSignIn())
  t.equal(new Set(states).size, 7, 'each with a state of its own')
  t.equal((await visitor.cookieNames()).length, 5)

  const answers = []
  for (const state of states) {
    const { $ } = await visitor.get(`/callback?${new URLSearchParams({ error: 'access_denied', state, iss: config.issuer })}`)
    answers.push($('dl code').text())
  }
  t.same(answers, ['state_unknown', 'state_unknown', ...Array(5).fill('access_denied')])
})

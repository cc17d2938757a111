import t, { type Test } from 'tap'
import { CookieJar } from 'tough-cookie'
import { buildWithIdp, type Tab } from '../helper.ts'
import { answerOfSignIn } from './helper.ts'

// Whoever has a page on a sibling host, or can answer in the clear in its name, can set cookies for the whole domain.
// https://www.rfc-editor.org/rfc/rfc6265#section-8.6. What browsers do about it is in test/flows/attacks.
const overTls = { APP_URL: 'https://brand.example' }
const inTheClear = {}

/** An attacker who has signed in with an account of their own, and a victim who has not. */
async function start (t: Test, settings: Record<string, string>) {
  const { idp, tab, config } = await buildWithIdp(t, settings)
  const [attacker, victim] = [tab(), tab()]
  const cookieOf = async (visitor: Tab, name: string) =>
    (await visitor.jar.getCookies(config.app)).find(({ key }) => key === name)?.value
  const nameAt = async (cookie: string) => {
    const { user } = (await victim.get('/session', { cookie })).json() as { user?: { name: string } }
    return user?.name
  }
  return { idp, tab, config, attacker, victim, cookieOf, nameAt }
}

t.test('over TLS, a cookie that a sibling host could set is none of an attempt, so nobody is signed in by it', async t => {
  const { idp, attacker, victim, cookieOf } = await start(t, overTls)
  const callback = await answerOfSignIn(attacker, idp, 'bob')
  const state = new URL(callback, 'https://brand.example').searchParams.get('state')!
  const value = await cookieOf(attacker, `__Host-attempt.${state}`)
  for (const prefix of ['', '__host-', '__Secure-', '\u00a0__Host-', '%5F_Host-']) {
    const name = `${prefix}attempt.${state}`
    const { status, $ } = await victim.get(callback, { cookie: `${name}=${value}` })
    t.equal(status, 400, name)
    t.equal($('dl code').text(), 'state_unknown', name)
  }
  const { status, headers } = await victim.get(callback, { cookie: `__Host-attempt.${state}=${value}` })
  t.equal(status, 303, 'the cookie is all that was missing: browsers do not let a sibling host set that name')
  t.match(headers['set-cookie'], /__Host-session=/)
})

t.test('over TLS, a cookie that a sibling host could set is no session', async t => {
  const { idp, attacker, cookieOf, nameAt } = await start(t, overTls)
  await attacker.signIn(idp, 'bob')
  const value = await cookieOf(attacker, '__Host-session')
  t.equal(await nameAt(`__Host-session=${value}`), 'Bob Brandt', 'under its own name it is one')
  for (const name of [
    'session', '__host-session', '__HOST-SESSION', '__Secure-session', '\u00a0__Host-session', '\u0085__Host-session',
    '%5F_Host-session', '__Host-session[]', '$Version=1; x', ''
  ]) {
    t.equal(await nameAt(`${name}=${name === '' ? '__Host-session=' : ''}${value}`), undefined, JSON.stringify(name))
  }
})

t.test('in the clear there is no such name, so the attacker\'s callback would sign the victim in: hence TLS', async t => {
  const { idp, attacker, victim, cookieOf } = await start(t, inTheClear)
  const callback = await answerOfSignIn(attacker, idp, 'bob')
  const state = new URL(callback, 'http://app.localhost').searchParams.get('state')!
  t.equal((await victim.get(callback)).status, 400, 'without the cookie it does not')
  const { status, location } = await victim.get(callback, { cookie: `attempt.${state}=${await cookieOf(attacker, `attempt.${state}`)}` })
  t.equal(status, 303)
  t.equal(location?.pathname, '/messenger/login')
  t.match((await victim.get('/session')).json(), { user: { name: 'Bob Brandt' } })
})

t.test('a tossed session is the attacker\'s own or none: nobody gets to see the victim\'s', async t => {
  const { idp, attacker, victim, cookieOf, nameAt } = await start(t, inTheClear)
  await attacker.signIn(idp, 'bob')
  await victim.signIn(idp, 'alice')
  const [own, tossed] = [await cookieOf(victim, 'session'), await cookieOf(attacker, 'session')]
  // Which of the two a browser sends first is up to the attacker, by the path: https://www.rfc-editor.org/rfc/rfc6265#section-5.4
  t.equal(await nameAt(`session=${own}; session=${tossed}`), 'Alice Anders')
  t.equal(await nameAt(`session=${tossed}; session=${own}`), 'Bob Brandt')
  t.equal(await nameAt(`session=made-up; session=${own}`), undefined)
  const [box, nonce] = decodeURIComponent(own!).split(';')
  const [otherBox, otherNonce] = decodeURIComponent(tossed!).split(';')
  for (const mixed of [`${box};${otherNonce}`, `${otherBox};${nonce}`]) {
    t.equal(await nameAt(`session=${encodeURIComponent(mixed)}`), undefined)
  }

  const { csrfToken } = (await attacker.get('/session')).json()
  const cookie = `session=${own}; session=${tossed}`
  const { status } = await victim.post('/logout', { cookie, 'csrf-token': String(csrfToken) })
  t.equal(status, 403, 'and the token of the one is no token of the other')
})

t.test('attempts that were tossed do not keep anybody from signing in', async t => {
  const { idp, victim, config } = await start(t, inTheClear)
  const jar = new CookieJar()
  const late = Date.now() + 86_400_000
  for (let n = 0; n < 20; n++) await jar.setCookie(`attempt.${String(n).padStart(43, 'A')}=${late}`, config.app)
  const tossed = await jar.getCookieString(config.app)
  const state = (await victim.get('/login', { cookie: tossed })).location!.searchParams.get('state')
  t.match(await victim.cookieNames(), [`attempt.${state}`])
  const callback = await answerOfSignIn(victim, idp, 'alice')
  const own = await victim.jar.getCookieString(config.app)
  t.equal((await victim.get(callback, { cookie: `${tossed}; ${own}` })).status, 303)
})

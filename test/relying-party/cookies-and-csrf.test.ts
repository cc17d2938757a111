// Cookies that others set, and tokens that others guess.
import crypto from 'node:crypto'
import t from 'tap'
import { CookieJar } from 'tough-cookie'
import { cookieOf as cookieOfApplication } from '../../services/relying-party/cookies.ts'
import type { Tab } from './helper.ts'

// Before anything imports the function: what is compared with it takes the same time whether it is nearly right or not. To
// measure that would be a matter of luck; that the token gets there is not.
const compared: [Buffer, Buffer][] = []
const { timingSafeEqual } = crypto
crypto.timingSafeEqual = (a, b) => {
  compared.push([Buffer.from(a as Buffer), Buffer.from(b as Buffer)])
  return timingSafeEqual(a, b)
}
t.teardown(() => { crypto.timingSafeEqual = timingSafeEqual })
const { buildWithIdp } = await import('./helper.ts')

// Whoever has a page on a sibling host, or can answer in the clear in its name, can set cookies for the whole domain.
// https://www.rfc-editor.org/rfc/rfc6265#section-8.6. What browsers do about it is in test/flows/attacks.
const overTls = await buildWithIdp(t, { APP_URL: 'https://brand.example' })
const inTheClear = await buildWithIdp(t)

/** An attacker who will sign in with an account of their own, and a victim who has not. */
function meet ({ idp, tab, config }: typeof inTheClear) {
  const [attacker, victim] = [tab(), tab()]
  const cookieOf = async (visitor: Tab, name: string) =>
    (await visitor.jar.getCookies(config.app)).find(({ key }) => key === name)?.value
  const nameAt = async (cookie: string) => {
    const { user } = (await victim.get('/session', { cookie })).json() as { user?: { name: string } }
    return user?.name
  }
  return { idp, attacker, victim, cookieOf, nameAt, config }
}

t.test('over TLS, a cookie that a sibling host could set is none of an attempt, so nobody is signed in by it', async t => {
  const { idp, attacker, victim, cookieOf } = meet(overTls)
  const callback = await attacker.answerOfSignIn(idp, 'bob')
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
  t.match(headers.get('set-cookie'), /__Host-session=/)
})

t.test('over TLS, a cookie that a sibling host could set is no session', async t => {
  const { idp, attacker, cookieOf, nameAt } = meet(overTls)
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
  const { idp, attacker, victim, cookieOf } = meet(inTheClear)
  const callback = await attacker.answerOfSignIn(idp, 'bob')
  const state = new URL(callback, 'http://app.localhost').searchParams.get('state')!
  t.equal((await victim.get(callback)).status, 400, 'without the cookie it does not')
  const { status, location } = await victim.get(callback, { cookie: `attempt.${state}=${await cookieOf(attacker, `attempt.${state}`)}` })
  t.equal(status, 303)
  t.equal(location?.pathname, '/')
  t.match((await victim.get('/session')).json(), { user: { name: 'Bob Brandt' } })
})

t.test('a tossed session is the attacker\'s own or none: nobody gets to see the victim\'s', async t => {
  const { idp, attacker, victim, cookieOf, nameAt } = meet(inTheClear)
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
  const { idp, victim, config } = meet(inTheClear)
  const jar = new CookieJar()
  const late = Date.now() + 86_400_000
  for (let n = 0; n < 20; n++) await jar.setCookie(`attempt.${String(n).padStart(43, 'A')}=${late}`, config.app)
  const tossed = await jar.getCookieString(config.app)
  const state = (await victim.get('/login', { cookie: tossed })).location!.searchParams.get('state')
  t.match(await victim.cookieNames(), [`attempt.${state}`])
  const callback = await victim.answerOfSignIn(idp, 'alice')
  const own = await victim.cookieHeader()
  t.equal((await victim.get(callback, { cookie: `${tossed}; ${own}` })).status, 303)
})

for (const [label, { idp, tab, config }, prefix, secure] of [
  ['over plain http', inTheClear, '', false],
  ['behind TLS', overTls, '__Host-', true]
] as const) {
  t.test(`keeps its cookies from scripts and other sites ${label}`, async t => {
    const visitor = tab()
    const login = await visitor.get('/login')
    t.equal((await visitor.signIn(idp, 'alice')).status, 303)
    const kept = await visitor.jar.getCookies(config.app)
    const state = login.location?.searchParams.get('state')
    t.same(kept.map(({ key }) => key).sort(), [`${prefix}attempt.${state}`, `${prefix}session`].sort())
    for (const cookie of kept) {
      const { httpOnly, sameSite, path, hostOnly } = cookie
      t.same({ httpOnly, sameSite, path, hostOnly, secure: cookie.secure }, { httpOnly: true, sameSite: 'lax', path: '/', hostOnly: true, secure }, cookie.key)
    }
  })
}

const visitor = inTheClear.tab()
await visitor.signIn(inTheClear.idp, 'alice')
const right = String((await visitor.get('/session')).json()['csrfToken'])
const last = right.at(-1) === 'A' ? 'B' : 'A'

const guesses: Record<string, string> = {
  'wrong from the first character on': `${right[0] === 'A' ? 'B' : 'A'}${right.slice(1)}`,
  'right but for the last character': `${right.slice(0, -1)}${last}`,
  'right, and a character more': `${right}A`,
  'right, and a character less': right.slice(0, -1),
  'wrong but for the beginning': `${right.slice(0, right.indexOf('-') + 1)}${'A'.repeat(43)}`,
  'nothing like it': 'A-B',
  'without the part that is made from the secret': right.slice(0, right.indexOf('-') + 1),
  'in other letters': right.toUpperCase(),
  'of characters with several bytes': `${right.slice(0, -2)}é`
}

for (const path of ['/logout', '/logout/everywhere', '/messenger/auth-code', '/sessions/any/end']) {
  t.test(`says of every wrong token the same at ${path}, and has compared it whole`, async t => {
    const answers = new Set<string>()
    for (const [what, guess] of Object.entries(guesses)) {
      compared.length = 0
      const { status, text, headers } = await visitor.post(path, { accept: 'application/json', 'csrf-token': guess })
      t.equal(status, 403, what)
      answers.add(JSON.stringify([status, text, headers.get('content-type'), headers.get('set-cookie')]))
      const sent = [Buffer.from(guess), Buffer.from(guess, 'latin1')]
      const about = compared.filter(([a, b]) => sent.some(bytes => bytes.equals(a) || bytes.equals(b)))
      t.equal(about.length, 1, `${what}: compared in constant time, once`)
      t.equal(about[0]?.[0].length, about[0]?.[1].length)
    }
    t.equal(answers.size, 1)
    t.match((await visitor.get('/session')).json(), { authenticated: true })
  })
}

t.test('takes the right one', async t => {
  t.equal((await visitor.post('/messenger/auth-code', { 'csrf-token': right })).status, 409)
})

t.test('an application below a path has cookies of its own beside others of the host, and over TLS none of a sibling host', async t => {
  const cookieAt = (app: string) => {
    const { name, options: { path, secure } } = cookieOfApplication(app, 'session')
    return { name, path, secure }
  }
  t.same(cookieAt('https://example.com/shop'), { name: '__Host-session.shop', path: '/', secure: true })
  t.same(cookieAt('http://app.localhost:3000/shop'), { name: 'session', path: '/shop', secure: false })
})

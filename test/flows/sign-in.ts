import type { Test } from 'tap'
import { Browser, credentialsOf } from '../helpers/browser.ts'
import type { Lab } from '../helpers/lab.ts'

/** Signing in, and not being signed in. */
export async function signIn (t: Test, lab: Lab) {
  for (const { username, sub, claims, disabled } of lab.users) {
    if (disabled) continue
    await t.test(`${claims['name']} signs in and is known by sub, name and email`, async t => {
      const browser = new Browser(lab)
      const home = await browser.signIn(username)
      t.equal(home.status, 200)
      t.equal(home.url, `${lab.app}/`)

      const session = await browser.session()
      t.equal(session.authenticated, true)
      t.match(session.user, { sub, name: claims.name, email: claims.email, email_verified: claims.email_verified })
      t.equal(session.user?.['family_name'], claims.family_name)
      t.equal(session.user?.['picture'], claims.picture, 'a claim longer than a cookie arrives whole')
    })
  }

  await t.test('GET /session never shows a token', async t => {
    const browser = new Browser(lab)
    await browser.signIn('alice')
    const { text } = await browser.request(`${lab.app}/session`)
    t.notMatch(text, /eyJ[\w-]{10,}\.|token"(?<!csrfToken")|authCode|codeVerifier/)
    t.strictSame(Object.keys(JSON.parse(text)).sort(), ['authenticated', 'csrfToken', 'expiresAt', 'user'])
  })

  await t.test('the session cookie is HttpOnly, SameSite=Lax, behind TLS of this host alone, and far below 4 KB, whatever the claims weigh', async t => {
    const browser = new Browser(lab)
    await browser.signIn('grace')
    await browser.session()
    const isTls = lab.app.startsWith('https:')
    const cookie = (await browser.jar.getCookies(lab.app)).find(({ key }) => key === (isTls ? '__Host-session' : 'session'))
    t.match(cookie, { httpOnly: true, sameSite: 'lax', path: /^\/$/, secure: isTls, hostOnly: true })
    t.ok(cookie!.value.length < 1000, `${cookie!.value.length} bytes`)
  })

  await t.test('a wrong password, an unknown user and a disabled user are refused alike, and then the right one is let in', async t => {
    const browser = new Browser(lab)
    const frida = lab.user('frida')
    let page = await browser.openSignIn()
    const answers = []
    for (const fields of [
      { username: lab.user('alice').username, password: 'wrong' },
      { username: 'nobody', password: 'wrong' },
      credentialsOf(frida)
    ]) {
      page = await browser.submit(page, fields)
      answers.push({ status: page.status, message: page.$('[role=alert]').text() })
    }
    t.not(answers[0]!.message, '')
    t.strictSame(answers[1], answers[0])
    t.strictSame(answers[2], answers[0])
    t.equal((await browser.session()).authenticated, false)

    t.equal((await browser.submit(page, credentialsOf(lab.user('alice')))).url, `${lab.app}/`)
    t.equal((await browser.session()).authenticated, true)
  })

  await t.test('one click on a test user signs in as them', async t => {
    const browser = new Browser(lab)
    await browser.submit(await browser.openSignIn(), {}, 'Sign in as Bob Brandt')
    t.match((await browser.session()).user, { name: 'Bob Brandt' })
  })

  await t.test('cancelling ends on a page that says access_denied and offers to try again, by a click', async t => {
    const browser = new Browser(lab)
    const page = await browser.submit(await browser.openSignIn('/#tours'), {}, 'Cancel and go back')
    t.equal(page.status, 400)
    t.match(page.url, `${lab.app}/callback`)
    t.match(page.$('main').text(), /access_denied/)
    t.equal(page.$('a:contains("Try again")').attr('href'), '/login?return_to=%2F%23tours')
    t.equal(page.headers.get('location'), null)
    t.equal((await browser.session()).authenticated, false)
  })

  await t.test('the user who is always asked sees scopes and claims in words, and decides', async t => {
    const browser = new Browser(lab)
    const carol = lab.user('carol')
    const { claims } = carol
    let page = await browser.submit(await browser.openSignIn(), credentialsOf(carol))
    t.match(page.$('h1').text(), /Allow Saltmarsh Kayaks\?/)
    t.match(page.$('main').text(), /your email address/)
    t.match(page.$('main').text(), claims.email)

    page = await browser.submit(page, {}, 'Cancel and go back')
    t.match(page.$('main').text(), /access_denied/)

    page = await browser.openSignIn()
    while (page.url.startsWith(lab.issuer)) page = await browser.submit(page, {}, 'Allow')
    t.equal(page.url, `${lab.app}/`)
    t.match((await browser.session()).user, { name: claims.name })
    await browser.fetchCode()
    t.equal((await browser.authCode()).status, 200, 'the Messenger has its code too')
  })

  await t.test('the other users are not asked', async t => {
    const browser = new Browser(lab)
    await browser.signIn('alice')
    t.notOk(browser.visited.some(url => url.includes('/consent')))
  })

  await t.test('after signing in, the person is where they wanted to be', async t => {
    const browser = new Browser(lab)
    const page = await browser.signIn('alice', '/?tour=moonrise&people=2')
    t.equal(page.url, `${lab.app}/?tour=moonrise&people=2`)
  })

  await t.test('back at a page that has done its part, or at a callback once more, one reads that one is signed in', async t => {
    const browser = new Browser(lab)
    const signInPage = await browser.openSignIn()
    const callback = await browser.submit(signInPage, credentialsOf(lab.user('alice')), undefined, url => url.startsWith(`${lab.app}/callback`))
    await browser.open(callback.url)
    await browser.open(`${lab.app}/messenger/login`)
    const messengerCallback = browser.visited.findLast(url => url.startsWith(`${lab.app}/messenger/callback`))!

    for (const url of [callback.url, messengerCallback, signInPage.url]) {
      const page = await browser.open(url)
      t.equal(page.$('h1').text(), 'You are signed in', new URL(url).pathname)
      t.equal((await browser.open(new URL(page.$('main a.primary').attr('href')!, page.url).href)).url, `${lab.app}/`, 'and goes on by a click')
    }
    t.match((await browser.session()).user, { sub: lab.user('alice').sub })
  })

  for (const outside of ['https://evil.example/', '//evil.example', '/\\evil.example', '/\t/evil.example', '/..//evil.example', '/login', '/messenger/login']) {
    await t.test(`return_to=${JSON.stringify(outside)} is refused with a page, before anything starts`, async t => {
      const browser = new Browser(lab)
      const page = await browser.openSignIn(outside)
      t.equal(page.status, 400)
      t.match(page.$('main').text(), /return_to_refused/)
      t.strictSame(await browser.jar.getCookies(lab.app), [])
    })
  }

  await t.test('somebody who is signed in at the identity provider is not asked for a password again', async t => {
    const browser = new Browser(lab)
    await browser.signIn('alice')
    t.equal((await browser.openSignIn('/?again')).url, `${lab.app}/?again`)
  })

  await t.test('signing in gives a new session id, and the old session ends', async t => {
    const browser = new Browser(lab)
    await browser.signIn('alice')
    const { csrfToken } = await browser.session()
    const before = await browser.jar.getCookieString(lab.app)
    await browser.openSignIn()
    await browser.session()
    t.not(await browser.jar.getCookieString(lab.app), before)

    const old = await browser.request(`${lab.app}/session`, { headers: { cookie: before } })
    t.match(old.json(), { authenticated: false })
    const code = await browser.request(`${lab.app}/messenger/auth-code`, {
      method: 'POST', headers: { cookie: before, 'csrf-token': csrfToken! }
    })
    t.equal(code.status, 401)
  })
}

import t from 'tap'
import { startIdp, Visitor } from './helper.ts'

const refused: [string, string, string][] = [
  ['a wrong password', 'alice', 'wrong'],
  ['an unknown user', 'nobody', 'alice-lab'],
  ['an unknown user without a password', 'nobody', ''],
  ['a disabled user with the right password', 'frida', 'frida-lab'],
  ['a disabled user with a wrong password', 'frida', 'wrong'],
  ['somebody else\'s password', 'alice', 'bob-lab'],
  ['a password in another case', 'alice', 'ALICE-LAB']
]

t.test('refuses a sign-in in the same words, whatever was wrong with it', async t => {
  const idp = await startIdp(t)
  const visitor = new Visitor(idp)
  const page = await visitor.open(idp.authorizationRequest(idp.relyingParty))
  const seen = new Map<string, string>()
  for (const [label, username, password] of refused) {
    const { status, text, $ } = await visitor.submit(page, { username, password }, 'Sign in')
    t.equal(status, 422, label)
    t.match($('[role=alert]').text(), /do not match an account that can sign in/, label)
    t.equal($('#username').attr('value'), username, `${label}: the user name stays in its field`)
    t.equal($('#password').attr('value'), undefined, `${label}: the password does not`)
    seen.set(text.replace(`value="${username}"`, 'value=""'), label)
  }
  t.equal(seen.size, 1, `one page for all of them, apart from the user name: ${[...seen.values()]}`)
})

t.test('lets a person try again after a wrong password', async t => {
  const idp = await startIdp(t)
  const visitor = new Visitor(idp)
  const page = await visitor.open(idp.authorizationRequest(idp.relyingParty))
  const refusal = await visitor.submit(page, { username: 'alice', password: 'wrong' }, 'Sign in')
  const { location } = await visitor.submit(refusal, { username: 'alice', password: 'alice-lab' }, 'Sign in')
  t.ok(location?.searchParams.has('code'))
})

t.test('takes a user name in any case and with spaces around it', async t => {
  const idp = await startIdp(t)
  const visitor = new Visitor(idp)
  const page = await visitor.open(idp.authorizationRequest(idp.relyingParty))
  t.ok((await visitor.submit(page, { username: ' Alice ', password: 'alice-lab' }, 'Sign in')).location?.searchParams.has('code'))
})

t.test('tells the application when a person cancels', async t => {
  const idp = await startIdp(t)
  const visitor = new Visitor(idp)
  const { location } = await visitor.submit(await visitor.open(idp.authorizationRequest(idp.relyingParty)), {}, 'Cancel and go back')
  t.equal(`${location?.origin}${location?.pathname}`, 'http://app.localhost:3000/callback')
  t.match(Object.fromEntries(location!.searchParams), { error: 'access_denied', state: 'the-state', iss: idp.config.issuer })
  t.notOk(location?.searchParams.has('code'))
})

t.test('answers a form that lacks a field with 400', async t => {
  const idp = await startIdp(t)
  const visitor = new Visitor(idp)
  const { url } = await visitor.open(idp.authorizationRequest(idp.relyingParty))
  const page = await visitor.post(`${url}/sign-in`, { username: 'alice' })
  t.equal(page.status, 400)
  t.match(page.headers.get('content-type'), 'text/html')
})

t.test('asks nothing of somebody who is signed in already', async t => {
  const idp = await startIdp(t)
  const visitor = new Visitor(idp)
  await visitor.signIn('alice')
  const { location } = await visitor.open(idp.authorizationRequest(idp.genesys, { prompt: 'none' }))
  t.equal(location?.pathname, '/messenger/callback')
  t.ok(location?.searchParams.has('code'))
})

t.test('asks for the password again when the application wants it so', async t => {
  const idp = await startIdp(t)
  const visitor = new Visitor(idp)
  await visitor.signIn('alice')
  for (const changes of [{ prompt: 'login' }, { max_age: '0' }]) {
    const page = await visitor.open(idp.authorizationRequest(idp.relyingParty, changes))
    t.equal(page.$('#password').length, 1, JSON.stringify(changes))
  }
})

t.test('lets no password, code, token or cookie reach the log', async t => {
  const lines: string[] = []
  const idp = await startIdp(t, { LOG_LEVEL: 'trace' }, { write: line => { lines.push(line) } })
  const visitor = new Visitor(idp)
  const page = await visitor.open(idp.authorizationRequest(idp.relyingParty, idp.offline))
  await visitor.submit(page, { username: 'alice', password: 'not-this-one' }, 'Sign in')
  const { location } = await visitor.signIn('alice', idp.relyingParty, idp.offline)
  const code = location!.searchParams.get('code')!
  const {
    access_token: accessToken, id_token: idToken, refresh_token: refreshToken
  } = (await idp.redeem(idp.relyingParty, code)).json()
  await idp.userinfo(accessToken)
  await idp.redeem(idp.relyingParty, code)
  const cookies = (await visitor.jar.getCookies(idp.config.issuer)).map(cookie => cookie.value)

  const log = lines.join('')
  t.match(log, 'refused a sign-in')
  t.match(log, 'refused relying-party at /token: invalid_grant')
  const secrets = [
    'not-this-one', 'alice-lab', code, accessToken, idToken, refreshToken,
    idp.relyingParty.client_secret, 'the-state', ...cookies
  ]
  for (const secret of secrets) t.notOk(log.includes(secret), secret)
})

import { decodeJwt } from 'jose'
import t from 'tap'
import type { UserFields } from '../../../services/idp/control-api/user-routes.ts'
import { codeOf, otpauthUri } from '../../../services/idp/accounts/totp.ts'
import type { Page } from '../../helpers/browser.ts'
import { refusalOf, startIdp, Visitor, type Idp } from '../helper.ts'

const idp = await startIdp(t)
const sub = 'usr-e7c1584b'

const essential = (...values: string[]) => ({ claims: JSON.stringify({ id_token: { acr: { essential: true, values } } }) })

/** Where a request leads in a browser, after the password where that is asked for. */
const ask = (visitor: Visitor, realm: Idp, changes: Record<string, string>, username = 'mia') =>
  visitor.signIn(username, realm.relyingParty, changes)

async function claimsIn (realm: Idp, page: Page) {
  const code = page.location?.searchParams.get('code')
  if (!code) throw new Error(`no code: ${page.location?.href ?? page.text}`)
  return decodeJwt((await realm.redeem(realm.relyingParty, code)).json().id_token)
}

/** The code that the lab's page shows. */
const shownCode = ({ $ }: Page) => String($('.person').closest('form').find('input').attr('value'))

const typeCode = (visitor: Visitor, page: Page, code: string) => visitor.submit(page, { one_time_password: code }, 'Continue')

const withUser = async (fields: UserFields, username = 'alice') => {
  const realm = await idp.newRealm()
  await realm.lab.users.patch(username, fields)
  return realm
}

t.test('makes the codes that authenticator apps make', async t => {
  // https://www.rfc-editor.org/rfc/rfc6238#appendix-B, the last six digits
  const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
  const codes = [[59, '287082'], [1111111109, '081804'], [1234567890, '005924'], [20000000000, '353130']] as const
  for (const [seconds, code] of codes) t.equal(codeOf(secret, Math.floor(seconds / 30)), code)
  t.equal(otpauthUri('Tern ID', 'o\'brien@example.org', secret),
    `otpauth://totp/Tern%20ID:o'brien%40example.org?secret=${secret}&issuer=Tern%20ID`)
})

t.test('asks for the second factor when a request wants the level that takes it, and says so in the ID token', async t => {
  for (const changes of [{ acr_values: 'Level3' }, essential('Level3'), { acr_values: 'Level9 Level3 Level2' }]) {
    const realm = await idp.newRealm()
    const visitor = new Visitor(realm)
    const page = await ask(visitor, realm, changes)
    t.match(page.$('h1').text(), 'Enter your code')
    t.match(page.$('.lead').text(), /Mia Moreau.*Saltmarsh Kayaks/)
    const claims = await claimsIn(realm, await typeCode(visitor, page, shownCode(page)))
    t.match(claims, { sub, acr: 'Level3', amr: ['pwd', 'otp', 'mfa'] }, JSON.stringify(changes))
  }
})

t.test('asks for the password alone when no request wants more, and says that too', async t => {
  for (const changes of [{}, { acr_values: 'Level2' }, { acr_values: 'Level2 Level3' }, { acr_values: 'Level9' }, essential('Level2')]) {
    const claims = await claimsIn(idp, await ask(new Visitor(idp), idp, changes))
    t.match(claims, { acr: 'Level2', amr: ['pwd'] }, JSON.stringify(changes))
  }
})

t.test('says nothing of a level that nobody has named', async t => {
  t.notOk('acr' in decodeJwt((await idp.tokensFor('alice', idp.relyingParty, { acr_values: 'Level2' })).id_token))
})

t.test('asks somebody who is signed in for the second factor alone, and not twice', async t => {
  const realm = await idp.newRealm()
  const visitor = new Visitor(realm)
  const first = await claimsIn(realm, await ask(visitor, realm, {}))
  await realm.lab.clock.advance(600)
  const both = await visitor.open(realm.authorizationRequest(realm.relyingParty, { acr_values: 'Level3', prompt: 'login' }))
  t.equal(both.$('#password').length, 1, 'but for both when a request wants a new sign-in as well')
  const page = await visitor.open(realm.authorizationRequest(realm.relyingParty, { acr_values: 'Level3' }))
  t.equal(page.$('#password').length, 0)
  const second = await claimsIn(realm, await typeCode(visitor, page, shownCode(page)))
  t.match(second, { acr: 'Level3', sid: first['sid'] })
  t.ok(Number(second['auth_time']) >= Number(first['auth_time']) + 600)

  for (const [acr, changes] of [['Level3', essential('Level3')], ['Level3', {}], ['Level2', { acr_values: 'Level2' }]] as const) {
    const silent = await visitor.open(realm.authorizationRequest(realm.relyingParty, { ...changes, prompt: 'none' }))
    t.match(await claimsIn(realm, silent), { acr, amr: ['pwd', 'otp', 'mfa'] }, JSON.stringify(changes))
  }
  const anew = await visitor.open(realm.authorizationRequest(realm.relyingParty, { ...essential('Level3'), prompt: 'login' }))
  t.equal(anew.$('#password').length, 1, 'but for both when a request wants a new sign-in')
  t.match((await visitor.submit(anew, { username: 'mia', password: 'mia-lab' }, 'Sign in')).$('h1').text(), 'Enter your code')
})

t.test('asks nobody where nobody may be asked, and then says what would help', async t => {
  const silently = async (username: string, changes: Record<string, string>) => {
    const visitor = new Visitor(idp)
    await visitor.signIn(username)
    const { location } = await visitor.open(idp.authorizationRequest(idp.relyingParty, { ...changes, prompt: 'none' }))
    return location?.searchParams.get('error') ?? 'a code'
  }
  t.equal(await silently('mia', essential('Level3')), 'login_required')
  t.equal(await silently('mia', essential('Level3', 'Level2')), 'a code')
  t.equal(await silently('mia', { acr_values: 'Level3' }), 'a code', 'acr_values are voluntary')
  t.equal(await silently('alice', essential('Level3')), 'unmet_authentication_requirements')
})

t.test('tells the application when a person cancels at the code', async t => {
  const visitor = new Visitor(idp)
  const { location } = await visitor.submit(await ask(visitor, idp, essential('Level3')), {}, 'Cancel')
  t.match(Object.fromEntries(location!.searchParams), { error: 'access_denied', state: 'the-state' })
})

t.test('takes a code that was typed with spaces, a moment late, or a moment early', async t => {
  for (const secondsLater of [0, 30, -30]) {
    const realm = await idp.newRealm()
    const visitor = new Visitor(realm)
    const page = await ask(visitor, realm, { acr_values: 'Level3' })
    const code = shownCode(page)
    await realm.lab.clock.set(secondsLater)
    t.match(await claimsIn(realm, await typeCode(visitor, page, `${code.slice(0, 3)} ${code.slice(3)} `)), { acr: 'Level3' })
  }
})

t.test('refuses in words a code that is wrong, late, empty or no number', async t => {
  const realm = await idp.newRealm()
  const visitor = new Visitor(realm)
  const page = await ask(visitor, realm, { acr_values: 'Level3' })
  const late = shownCode(page)
  await realm.lab.clock.advance(120)
  for (const code of [late, '', 'abcdef', '１２３４５６']) {
    const refused = await typeCode(visitor, page, code)
    t.equal(refused.status, 422, code)
    t.match(refused.$('[role=alert]').text(), 'not right, or not any more')
    t.equal(refused.$('#code').attr('aria-describedby'), 'refusal')
  }
})

t.test('takes a code once, in whichever browser, and shows one that is still good', async t => {
  const realm = await idp.newRealm()
  const seen = new Set<string>()
  for (let time = 0; time < 3; time++) {
    const visitor = new Visitor(realm)
    const page = await ask(visitor, realm, { acr_values: 'Level3' })
    for (const code of seen) t.match((await typeCode(visitor, page, code)).$('[role=alert]').text(), 'has been used')
    const code = shownCode(page)
    t.notOk(seen.has(code))
    seen.add(code)
    await claimsIn(realm, await typeCode(visitor, page, code))
  }
  const page = await ask(new Visitor(realm), realm, { acr_values: 'Level3' })
  t.match(page.text, /used up\. .*Ask for the next one<\/a> in \d+ s/)

  const both = [new Visitor(realm), new Visitor(realm)]
  await realm.lab.clock.advance(120)
  const pages = await Promise.all(both.map(visitor => ask(visitor, realm, { acr_values: 'Level3' })))
  const answers = await Promise.all(both.map((visitor, index) => typeCode(visitor, pages[index]!, shownCode(pages[0]!))))
  t.same(answers.map(({ status }) => status).sort(), [303, 422], 'not even twice at once')
})

t.test('looks at no more than five wrong codes, from all browsers together, for five minutes', async t => {
  const realm = await idp.newRealm()
  for (let tries = 0; tries < 5; tries++) {
    const visitor = new Visitor(realm)
    t.equal((await typeCode(visitor, await ask(visitor, realm, { acr_values: 'Level3' }), 'wrong')).status, 422)
  }
  const visitor = new Visitor(realm)
  const page = await ask(visitor, realm, { acr_values: 'Level3' })
  const refused = await typeCode(visitor, page, shownCode(page))
  t.equal(refused.status, 429, 'the right one neither')
  t.match(refused.$('[role=alert]').text(), 'Wait five minutes')
  await realm.lab.clock.advance(301)
  const later = await visitor.open(page.url)
  t.match(await claimsIn(realm, await typeCode(visitor, later, shownCode(later))), { acr: 'Level3' })
})

t.test('takes no code of somebody who has not shown the password in this sign-in', async t => {
  const visitor = new Visitor(idp)
  const { url } = await visitor.open(idp.authorizationRequest(idp.relyingParty, essential('Level3')))
  const { second_factor: secondFactor } = await idp.lab.users.get('mia')
  const code = codeOf(secondFactor!.totp_secret, Math.floor(Date.now() / 30_000))
  const page = await visitor.post(`${url}/second-factor`, { one_time_password: code })
  t.equal(page.status, 400)
  t.equal(page.location, undefined)
})

t.test('asks whoever must always show a second factor, whatever the request, and lets in nobody without', async t => {
  const realm = await withUser({ second_factor: { totp_secret: 'GEZDGNBVGY3TQOJQ', always: true } })
  const visitor = new Visitor(realm)
  const page = await ask(visitor, realm, {}, 'alice')
  t.match(page.$('h1').text(), 'Enter your code')
  t.equal(await visitor.isKnown(), false)
  t.match((await visitor.open(realm.authorizationRequest(realm.genesys))).$('h1').text(), 'Enter your code', 'another application')
  const claims = await claimsIn(realm, await typeCode(visitor, page, shownCode(page)))
  t.match(claims, { amr: ['pwd', 'otp', 'mfa'] })
  t.notOk('acr' in claims, 'a level without a name')
  t.equal(await visitor.isKnown(), true)
})

t.test('is told by the lab what a password stands for, in one level or in several', async t => {
  const one = await withUser({ acr: 'Level4', amr: ['mfa'] })
  t.match(decodeJwt((await one.tokensFor('alice')).id_token), { acr: 'Level4', amr: ['mfa'] })
  const several = await withUser({ acr: ['Level3', 'Level4'] })
  for (const [wanted, acr] of [['Level4', 'Level4'], ['Level4 Level3', 'Level4'], ['Level9', 'Level3']] as const) {
    t.match(decodeJwt((await several.tokensFor('alice', several.relyingParty, { acr_values: wanted })).id_token), { acr })
  }
  t.match(decodeJwt((await several.tokensFor('alice', several.relyingParty, essential('Level4'))).id_token), { acr: 'Level4' })
  const { acr_values_supported: announced } = (await several.get('/.well-known/openid-configuration')).json()
  t.same(announced.sort(), ['Level2', 'Level3', 'Level4'])
})

t.test('keeps the level in refreshed ID tokens', async t => {
  const realm = await withUser({ acr: 'Level4' })
  const { refresh_token: refreshToken } = await realm.tokensFor('alice')
  t.match(decodeJwt((await realm.refresh(realm.relyingParty, refreshToken!)).json().id_token), { acr: 'Level4' })
})

t.test('takes the second factor away again, and refuses one that no app could have', async t => {
  const realm = await withUser({ second_factor: null }, 'mia')
  t.equal((await realm.lab.users.get('mia')).second_factor, null)
  t.match(decodeJwt((await realm.tokensFor('mia', realm.relyingParty, { acr_values: 'Level3' })).id_token), { acr: 'Level2' })
  const { status, description } = await refusalOf(realm.lab.users.patch('mia', { second_factor: { totp_secret: 'not base32!' } }))
  t.equal(status, 400)
  t.match(description, /^body\.second_factor\.totp_secret: must be the secret [^;]*$/)
  t.match(await refusalOf(realm.lab.users.patch('mia', { acr: 'Level 3' })), { status: 400, description: /acr/ })
})

t.test('signs in by a hint, or in a browser of the lab, at the level that is asked for', async t => {
  const realm = await withUser({ sign_in_by_hint: true }, 'mia')
  const by = async (changes: Record<string, string>, visitor = new Visitor(realm)) =>
    claimsIn(realm, await visitor.open(realm.authorizationRequest(realm.relyingParty, { login_hint: 'mia', ...changes })))
  t.match(await by({}), { acr: 'Level2', amr: ['pwd'] })
  for (const changes of [essential('Level3'), { acr_values: 'Level3', prompt: 'login' }]) {
    t.match(await by(changes), { acr: 'Level3', amr: ['pwd', 'otp', 'mfa'] })
  }
  const visitor = new Visitor(realm)
  await by({}, visitor)
  t.match(await by({ acr_values: 'Level3' }, visitor), { acr: 'Level3' }, 'who is signed in below it')

  const browsers: [{ acr?: string, amr?: string[] }, string, string[]][] = [
    [{}, 'Level2', ['pwd']],
    [{ acr: 'Level3' }, 'Level3', ['pwd', 'otp', 'mfa']],
    [{ amr: ['pwd', 'otp', 'mfa'] }, 'Level3', ['pwd', 'otp', 'mfa']],
    [{ acr: 'Level9', amr: ['hwk'] }, 'Level9', ['hwk']]
  ]
  for (const [options, acr, amr] of browsers) {
    const visitor = new Visitor(realm)
    const { cookies } = await realm.lab.sessions.signIn('mia', options)
    for (const { name, value, path } of cookies.filter(({ secure }) => !secure)) {
      await visitor.jar.setCookie(`${name}=${value}; Path=${path}`, realm.issuer)
    }
    const silent = await visitor.open(realm.authorizationRequest(realm.relyingParty, { prompt: 'none', ...essential(acr) }))
    t.match(await claimsIn(realm, silent), { acr, amr }, JSON.stringify(options))
  }
})

t.test('has a page for the code that works without a script, and for a screen reader', async t => {
  const { $ } = await ask(new Visitor(idp), idp, { acr_values: 'Level3' })
  t.equal($('script, [style]').length, 0)
  t.equal($('label[for=code]').length, 1)
  t.match($('#code').attr(), { autocomplete: 'one-time-code', inputmode: 'numeric', required: '' })
  t.match($('a[href^=otpauth]').attr('href'), 'otpauth://totp/Tern%20ID:mia?secret=')
})

t.test('shows no code and no secret outside the lab, and none reaches the log or the ledger', async t => {
  const lines: string[] = []
  const strict = await startIdp(t, { LAB: 'false', LOG_LEVEL: 'trace', STATE_DIR: t.testdir({}) }, { write: line => { lines.push(line) } })
  const visitor = new Visitor(strict)
  const page = await ask(visitor, strict, { acr_values: 'Level3' })
  const { second_factor: secondFactor } = strict.config.users.find(({ username }) => username === 'mia')!
  const code = codeOf(secondFactor!.totp_secret, Math.floor(Date.now() / 30_000))
  t.notOk([code, secondFactor!.totp_secret, 'otpauth'].some(secret => page.text.includes(secret)))
  t.match(await claimsIn(strict, await typeCode(visitor, page, code)), { acr: 'Level3' })
  t.notOk(lines.join('').includes(code))

  const realm = await idp.newRealm()
  const inLab = new Visitor(realm)
  const labPage = await ask(inLab, realm, { acr_values: 'Level3' })
  const shown = shownCode(labPage)
  await typeCode(inLab, labPage, shown)
  const { entries } = await realm.lab.ledger.query({ endpoint: 'second_factor', secrets: 'show' })
  t.match(entries, [{ from: 'browser', username: 'mia', status: 303 }])
  t.notOk(JSON.stringify(entries).includes(shown))
})

import { AxeBuilder } from '@axe-core/playwright'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Locator, Page } from 'playwright-core'
import type { Test } from 'tap'
import { fetch } from '#lib/outbound/outbound.ts'
import { createControlApiClient } from '../../services/idp/control-api/control-api-client.ts'
import { Browser } from '../helpers/browser.ts'
import { startChromium } from '../helpers/chromium.ts'
import { onNow, openControls } from '../helpers/controls-page.ts'
import type { Lab } from '../helpers/lab.ts'
import { until } from '../helpers/until.ts'

const run = promisify(execFile)
const hourSeconds = 3_600

const rowOf = (page: Page, fault: string) => page.locator(`.fault-row[data-fault=${fault}]`)

const hasFocus = async (place: Locator) => await place.and(place.page().locator(':focus')).count() === 1

/** Open the commands of what is in a place, and run the one with this in it in a shell. */
async function runCurl (place: Locator, part: string) {
  const toggle = place.getByRole('button', { name: /^curl/ }).first()
  if (await toggle.getAttribute('aria-expanded') === 'false') await toggle.click()
  const command = await place.locator('pre[aria-label=Command]', { hasText: part }).first().textContent()
  // Of a failure curl tells nothing of its own.
  await run('bash', ['-c', command!.replace(/^curl /, 'curl --fail-with-body --no-progress-meter ')])
}

/** What goes wrong on demand, and all else that can be changed, by a page. */
export async function controlsInChromium (t: Test, lab: Lab) {
  if (!await startChromium(t, 'the controls')) return
  const api = createControlApiClient(lab.issuer)
  const relyingParty = lab.settings['OIDC_CLIENT_ID']!

  await t.test('a fault is on in two clicks, the next sign-in is refused, and the page shows that it is used up, and where to see it', async t => {
    const { page, complaints } = await openControls(t, lab)
    await page.getByLabel('At client').selectOption(relyingParty)
    await rowOf(page, 'id-token-invalid-nonce').getByRole('button', { name: /^Once/ }).click()
    await onNow(page).getByText(`ID token of another authorization request for ${relyingParty}, once`).waitFor()
    t.match(await api.faults.active(), [{ fault: 'id-token-invalid-nonce', client_id: relyingParty, remaining: 1 }])
    t.match(await rowOf(page, 'id-token-invalid-nonce').textContent(), /must refuse it.*nonce.*OpenID Connect Core 1\.0, 3\.1\.3\.7/s)

    const browser = new Browser(lab)
    const { username, password } = lab.user('alice')
    t.equal((await browser.submit(await browser.openSignIn(), { username, password })).status, 400, 'the sign-in is refused')
    await onNow(page).getByText('was applied, and is used up').waitFor()
    await onNow(page).getByRole('link', { name: 'See it in the live view' }).click()
    await page.getByRole('button', { name: /a check does not hold/ }).first().waitFor()
    t.strictSame(complaints, [], 'and the browser has nothing against the page')
  })

  await t.test('several times, for one person, with parameters of its own and until a moment, and off again', async t => {
    const { page } = await openControls(t, lab)
    await page.getByRole('searchbox', { name: 'Find' }).fill('token endpoint slow')
    await page.getByText('1 of ').waitFor()
    await page.getByLabel('For user').selectOption('bob')
    await page.getByLabel('Times').fill('4')
    await page.getByLabel('Ends after').fill('600')
    const row = rowOf(page, 'token-endpoint-slow')
    await row.getByLabel('delaySeconds').fill('61')
    await row.getByRole('button', { name: /^4×/ }).click()
    t.equal((await api.faults.active()).length, 0, 'more than the API allows is not sent')
    await row.getByLabel('delaySeconds').fill('0.5')
    await row.getByRole('button', { name: /^4×/ }).click()
    await onNow(page).getByText('for bob, 4 times, at the latest').waitFor()
    t.match(await api.faults.active(), [{ fault: 'token-endpoint-slow', username: 'bob', remaining: 4, expiresAt: /./, parameters: { delaySeconds: 0.5 } }])
    await onNow(page).getByRole('button', { name: /^Switch off/ }).click()
    await onNow(page).getByText('Nothing').waitFor()
    t.strictSame(await api.faults.active(), [])

    await page.getByRole('searchbox', { name: 'Find' }).fill('jwks-empty')
    const limited = rowOf(page, 'jwks-empty')
    await limited.getByText('Only for everybody').waitFor()
    await limited.getByRole('button', { name: /^Once/ }).press('Enter')
    t.strictSame(await api.faults.active(), [], 'what cannot be limited to a person is not switched on for all')
  })

  await t.test('what is changed elsewhere appears, and what was there before stays as it is', async t => {
    const { page } = await openControls(t, lab, { section: 'users' })
    const name = page.locator('[data-user=zoe]')
    await api.users.put('zoe', { claims: { name: 'Zoe' } })
    await name.getByText('Zoe', { exact: false }).first().waitFor()
    await page.locator('[data-user=bob] summary').click()
    await api.faults.switchOn('userinfo-invalid-sub', { username: 'zoe' })
    await onNow(page).getByText('Claims about somebody else for zoe').waitFor()
    await api.clients.patch(relyingParty, { permissive: true })
    await onNow(page).getByText(`${relyingParty} is permissive`).waitFor()
    t.ok(await page.locator('[data-user=bob] details').getAttribute('open') !== null)
    await onNow(page).getByRole('button', { name: `Have ${relyingParty} strict again`, exact: true }).click()
    await api.faults.reset()
    await onNow(page).getByText('is not on any more').waitFor()
    t.equal((await api.clients.get(relyingParty)).permissive, false)
    await api.users.remove('zoe')
    await name.waitFor({ state: 'detached' })
  })

  await t.test('while nothing changes, the page asks for nothing but whether something has', async t => {
    const { page } = await openControls(t, lab)
    await page.locator('[data-user=alice]').waitFor({ state: 'attached' })
    await page.locator('#keys .entries > li').first().waitFor({ state: 'attached' })
    const asked: string[] = []
    page.on('request', request => { asked.push(new URL(request.url()).pathname) })
    await until('it has asked whether something has', () => asked.filter(path => path === '/running').length >= 3)
    t.strictSame(asked.filter(path => path.includes('/lab/')), [])
  })

  await t.test('a fault that ends by itself is not shown any longer than it is on', async t => {
    const { page } = await openControls(t, lab)
    await api.faults.switchOn('jwks-slow', { expiresIn: 3 })
    await onNow(page).getByText('until it is switched off, at the latest').waitFor()
    await onNow(page).getByText('is not on any more').waitFor()
  })

  await t.test('of a name of 100 kB the beginning is shown, and all of it when it is asked for', async t => {
    const name = `Nina ${'N'.repeat(100_000)}`
    await api.users.put('nina', { claims: { name } })
    t.teardown(() => api.users.remove('nina'))
    const { page } = await openControls(t, lab, { section: 'users' })
    const nina = page.locator('[data-user=nina]')
    await nina.getByText('all 100,005 characters').waitFor()
    t.ok((await nina.boundingBox())!.height < 400)
    await nina.getByText('all 100,005 characters').click()
    await nina.getByText(name, { exact: true }).waitFor()
    t.ok((await nina.boundingBox())!.height < 800, 'and that can be scrolled')
    await page.goto(lab.console)
    const card = page.getByRole('link', { name: 'Nina N' })
    t.ok((await card.textContent())!.length < 400)
  })

  await t.test('each control is a curl, which a shell runs as it is shown', async t => {
    const realm = `curl-${Date.now()}`
    const { issuer } = await api.realms.put(realm)
    t.teardown(() => api.realms.remove(realm))
    const inRealm = createControlApiClient(issuer)
    await inRealm.users.put('d\'arc "é"', { claims: { name: 'Jeanne d\'Arc $HOME `x`' } })
    const { page } = await openControls(t, lab, { realm })

    await page.getByLabel('At client').selectOption(relyingParty)
    await page.getByLabel('For user').selectOption('d\'arc "é"')
    await runCurl(rowOf(page, 'token-endpoint-slow'), '"count":1')
    t.match(await inRealm.faults.active(), [{ fault: 'token-endpoint-slow', client_id: relyingParty, username: 'd\'arc "é"', remaining: 1, parameters: { delaySeconds: 5 } }])
    t.strictSame(await api.faults.active(), [], 'in the realm that the page is about')
    await runCurl(onNow(page).locator('li').first(), 'DELETE')
    t.strictSame(await inRealm.faults.active(), [])
    await inRealm.faults.switchOn('jwks-empty')
    await onNow(page).getByText('JWK set without a key').waitFor()
    await runCurl(onNow(page).locator('.all'), 'DELETE')
    t.strictSame(await inRealm.faults.active(), [])

    await page.getByRole('tab', { name: 'Users' }).click()
    const jeanne = page.locator('#users .entries > li').last()
    await jeanne.getByRole('button', { name: /^Edit/ }).click()
    await page.getByLabel('claims', { exact: true }).fill(JSON.stringify({ name: 'Jeanne d\'Arc $HOME `x` \\ é' }))
    await page.getByRole('dialog').locator('summary').click()
    const { stdout } = await run('bash', ['-c', (await page.getByRole('dialog').locator('pre').textContent())!])
    t.match(JSON.parse(stdout), { claims: { name: 'Jeanne d\'Arc $HOME `x` \\ é' } })
    await page.getByRole('button', { name: 'Cancel' }).click()
    await runCurl(jeanne, '/disable')
    t.equal((await inRealm.users.get('d\'arc "é"')).disabled, true)

    await page.getByRole('tab', { name: 'Clients' }).click()
    await runCurl(page.locator(`[data-client=${relyingParty}]`), '"permissive":true')
    t.equal((await inRealm.clients.get(relyingParty)).permissive, true)

    await page.getByRole('tab', { name: 'Clock' }).click()
    await runCurl(page.locator('#clock'), `{"seconds":${hourSeconds}}`)
    t.equal((await inRealm.clock.get()).offsetSeconds, hourSeconds)

    await page.getByRole('tab', { name: 'Keys' }).click()
    await runCurl(page.locator('#keys'), '/keys/rotate')
    t.match((await inRealm.keys.list()).map(({ stage }) => stage), ['current', 'previous'])
  })

  await t.test('what is wrong is said at its field, and nothing that was typed is lost', async t => {
    const { page } = await openControls(t, lab, { section: 'users' })
    await page.getByRole('button', { name: 'Add a user' }).click()
    const editor = page.getByRole('dialog', { name: 'Add a user' })
    const claims = editor.getByLabel('claims', { exact: true })
    await editor.getByLabel('username').fill('yves')
    await claims.fill('{ "name": "Yves", }')
    await editor.getByRole('button', { name: 'Save' }).click()
    await editor.getByText('This is no JSON').waitFor()
    await claims.fill('{ "name": "Yves", "iss": "x" }')
    await editor.getByLabel('sub', { exact: true }).fill('a b')
    await editor.getByRole('button', { name: 'Save' }).click()
    await until('the claims are said to be wrong', async () => await claims.getAttribute('aria-invalid') === 'true')
    t.match(await editor.locator('.field', { has: page.getByLabel('claims', { exact: true }) }).textContent(), /iss: there can be no such name/)
    t.match(await editor.locator('.field', { has: page.getByLabel('sub', { exact: true }) }).textContent(), /without a space/)
    t.equal(await claims.inputValue(), '{ "name": "Yves", "iss": "x" }')
    await claims.fill('{ "name": "Yves" }')
    await editor.getByLabel('sub', { exact: true }).fill('yves-1')
    await lab.stop('idp')
    await editor.getByRole('button', { name: 'Save' }).click()
    await editor.getByRole('alert').getByText('does not answer').waitFor()
    await lab.start('idp')
    await editor.getByRole('button', { name: 'Save' }).click()
    await editor.waitFor({ state: 'detached' })
    t.match(await api.users.get('yves'), { sub: 'yves-1', claims: { name: 'Yves' } })

    await page.getByRole('button', { name: 'Edit yves' }).click()
    await api.users.patch('yves', { about: 'changed elsewhere' })
    await page.locator('[data-user=yves]').getByText('changed elsewhere').waitFor()
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('alert').getByText('changed elsewhere since').waitFor()
    await page.getByRole('button', { name: 'Cancel' }).click()

    await page.getByRole('button', { name: 'Edit yves' }).click()
    await api.users.remove('yves')
    await page.locator('[data-user=yves]').waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('alert').getByText('removed elsewhere since').waitFor()
    await page.getByRole('button', { name: 'Save' }).click()
    await editor.waitFor({ state: 'detached' })
    t.match(await api.users.get('yves'), { sub: 'yves-1', about: 'changed elsewhere' }, 'whoever saves once more has it there again')

    await page.getByRole('button', { name: 'Remove yves', exact: true }).click()
    await page.getByRole('button', { name: 'Put back' }).click()
    await page.getByRole('status').getByText('Put back.').waitFor()
    t.match(await api.users.get('yves'), { sub: 'yves-1', about: 'changed elsewhere' })
    await api.users.remove('yves')
  })

  await t.test('a client is registered, made permissive and removed', async t => {
    const { page } = await openControls(t, lab, { section: 'clients' })
    await page.getByRole('button', { name: 'Register a client' }).click()
    const editor = page.getByRole('dialog', { name: 'Register a client' })
    await editor.getByLabel('client_id').fill('kiosk')
    await editor.getByLabel('redirect_uris', { exact: true }).fill('http://localhost:8080/callback\nhttp://localhost:8080/#b')
    await editor.getByRole('button', { name: 'Save' }).click()
    await editor.getByText('entry 2: must be an http or https URL without a fragment').waitFor()
    await editor.getByLabel('redirect_uris', { exact: true }).fill('http://localhost:8080/callback\nhttp://localhost:8080/other')
    await editor.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('switch', { name: 'Permissive: kiosk', checked: false }).click()
    await page.getByRole('switch', { name: 'Permissive: kiosk', checked: true }).waitFor()
    t.match(await api.clients.get('kiosk'), { redirect_uris: ['http://localhost:8080/callback', 'http://localhost:8080/other'], permissive: true })
    await onNow(page).getByText('what strictness refuses is let pass').waitFor()
    await page.getByRole('switch', { name: 'Permissive: kiosk', checked: true }).click()
    await page.getByRole('switch', { name: 'Permissive: kiosk', checked: false }).waitFor()
    t.equal((await api.clients.get('kiosk')).permissive, false)

    await page.getByRole('button', { name: 'Edit kiosk', exact: true }).click()
    const letOff = page.getByLabel('permissive', { exact: true })
    await letOff.fill('pkce-missing\ncode-replaied')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('entry 2: must be one of').waitFor()
    await letOff.fill('pkce-missing\ncode-replayed')
    await page.getByRole('button', { name: 'Save' }).click()
    const rules = ['pkce-missing', 'code-replayed']
    await page.locator('[data-client=kiosk] dl').getByText('code-replayed').waitFor()
    t.strictSame((await api.clients.get('kiosk')).permissive, rules)
    await onNow(page).getByText('let off pkce-missing, code-replayed alone').waitFor()
    await page.getByRole('switch', { name: 'Permissive: kiosk', checked: true }).click()
    await page.getByRole('switch', { name: 'Permissive: kiosk', checked: false }).waitFor()
    t.equal((await api.clients.get('kiosk')).permissive, false)
    await page.getByRole('status').getByRole('button', { name: 'Put back' }).click()
    await page.getByRole('switch', { name: 'Permissive: kiosk', checked: true }).waitFor()
    t.strictSame((await api.clients.get('kiosk')).permissive, rules)

    await page.getByText('What a permissive client may do').click()
    t.equal(await page.locator('.rules > li').count(), (await api.permissive()).rules.length)
    await page.getByRole('button', { name: 'Remove kiosk', exact: true }).click()
    await page.locator('[data-client=kiosk]').waitFor({ state: 'detached' })
  })

  await t.test('keys are published before their use, rotated and retired, and the JWK set shown is the one that is published', async t => {
    const realm = `keys-${Date.now()}`
    const { issuer } = await api.realms.put(realm)
    t.teardown(() => api.realms.remove(realm))
    const { page } = await openControls(t, lab, { section: 'keys', realm })
    const rows = page.locator('#keys .entries > li')
    await page.getByLabel('Signature algorithm').selectOption('RS256')
    await page.getByRole('button', { name: 'Publish the next' }).click()
    await rows.getByText('waits for the next rotation').waitFor()
    await page.getByRole('button', { name: 'Rotate now' }).click()
    await rows.getByText('has signed before').waitFor()
    const published = async () => ((await (await fetch(`${issuer}/jwks`)).json()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid).sort()
    const shown = async () => (JSON.parse(await page.locator('#keys .jwks').textContent() ?? '') as { keys: { kid: string }[] }).keys.map(({ kid }) => kid).sort()
    t.strictSame(await shown(), await published())
    await page.getByRole('button', { name: /^Retire/ }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Retire' }).click()
    await rows.getByText('has signed before').waitFor({ state: 'detached' })
    t.strictSame(await shown(), await published())
    t.equal((await published()).length, 1)
  })

  await t.test('another realm is chosen on the page, and is what the page is about then', async t => {
    const realm = `chosen-${Date.now()}`
    const { issuer } = await api.realms.put(realm, { users: [{ username: 'rosa' }] })
    t.teardown(() => api.realms.remove(realm))
    const { page } = await openControls(t, lab, { section: 'users' })
    await page.locator('[data-user=alice]').waitFor()
    await page.getByLabel('Realm').selectOption(realm)
    await page.locator('[data-user=rosa]').waitFor()
    t.equal(await page.locator('[data-user=alice]').count(), 0)
    await page.getByRole('tab', { name: 'Faults' }).click()
    await rowOf(page, 'jwks-slow').getByRole('button', { name: /^Until off/ }).click()
    await onNow(page).getByText('until it is switched off').waitFor()
    t.match(await createControlApiClient(issuer).faults.active(), [{ fault: 'jwks-slow' }])
    t.strictSame(await api.faults.active(), [])
    await page.getByRole('tab', { name: 'Users' }).click()
    await page.getByRole('button', { name: 'Edit rosa' }).click()
    await api.realms.remove(realm)
    await page.getByText(`There is no realm ${realm}: not any more`).waitFor()
    await page.getByRole('button', { name: 'Save' }).click()
    const problem = page.getByRole('dialog').getByRole('alert')
    await problem.getByText('there is no realm').waitFor()
    const [said, save] = [(await problem.boundingBox())!, (await page.getByRole('button', { name: 'Save' }).boundingBox())!]
    t.ok(said.y + said.height <= save.y && save.y - said.y < 100, 'it is said where the button is')
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByLabel('Realm').selectOption('')
    await page.locator('[data-user=alice]').waitFor()
    await page.getByRole('alert').waitFor({ state: 'hidden' })
  })

  await t.test('without the identity provider the page says so, and goes on when it is back', async t => {
    const { page } = await openControls(t, lab)
    await lab.stop('idp')
    await page.getByRole('alert').getByText('The identity provider does not answer').waitFor()
    t.ok(await page.locator('.catalogue li').count() > 50, 'what was there is still there')
    await lab.start('idp')
    await page.getByRole('alert').waitFor({ state: 'hidden' })
  })

  await t.test('all of it works by keyboard alone', async t => {
    const { page } = await openControls(t, lab)
    await page.getByRole('searchbox', { name: 'Find' }).focus()
    await page.keyboard.type('id-token-alg-none')
    const once = rowOf(page, 'id-token-alg-none').getByRole('button', { name: /^Once/ })
    for (let presses = 0; presses < 40 && !await hasFocus(once); presses++) await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await onNow(page).getByText('ID token without a signature').waitFor()
    t.ok(await hasFocus(once), 'and the button has the focus still')
    await onNow(page).getByRole('button', { name: /^Switch off/ }).focus()
    await page.keyboard.press('Space')
    await onNow(page).getByText('Nothing').waitFor()
    await page.getByRole('tab', { selected: true }).focus()
    await page.keyboard.press('ArrowRight')
    await page.getByRole('button', { name: 'Edit alice' }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('dialog', { name: 'Edit alice' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    t.ok(await hasFocus(page.getByRole('button', { name: 'Edit alice', exact: true })))
  })

  for (const colorScheme of ['light', 'dark'] as const) {
    await t.test(`axe finds nothing in ${colorScheme} colours, and nothing is wider than a small phone`, async t => {
      const { page, complaints } = await openControls(t, lab, {}, { colorScheme, width: 360 })
      t.teardown(() => api.faults.reset())
      await rowOf(page, 'id-token-expired').getByRole('button', { name: /^Once/ }).click()
      await onNow(page).getByText('ID token that has expired').waitFor()
      const check = async (what: string) => {
        const { violations } = await new AxeBuilder({ page }).analyze()
        t.strictSame(violations.map(({ id, nodes }) => `${id}: ${nodes.map(node => node.html).join(' ')}`), [], what)
        t.equal(await page.evaluate('document.documentElement.scrollWidth'), 360, `${what} fits`)
      }
      for (const tab of await page.getByRole('tab').all()) {
        await tab.click()
        const curl = page.locator('[role=tabpanel]:not([hidden])').getByRole('button', { name: /^curl/ }).first()
        if (await curl.count() > 0) await curl.click()
        await check(await tab.textContent() ?? '')
      }
      await page.getByRole('tab', { name: 'Clients' }).click()
      await page.getByRole('button', { name: `Edit ${relyingParty}` }).click()
      await page.getByRole('dialog').waitFor()
      await check('the editor')
      t.strictSame(complaints, [])
    })
  }
}

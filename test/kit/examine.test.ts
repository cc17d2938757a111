import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { load } from 'cheerio'
import t from 'tap'
import { startExaminations } from '../foreign-relying-party/examination.ts'
import { openIdClient5 } from '../foreign-relying-party/openid-client-5.ts'
import { unaskedFor } from '../foreign-relying-party/trial.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { careless } from './fixtures/careless-application.ts'
import type { FaultGroup } from './index.ts'

const { lab, parameters, start, findsWhatIsKnown } = await startExaminations(t)

findsWhatIsKnown(openIdClient5)

t.test('an examination of the lab\'s own application finds nothing, and says what it takes although it need not', async t => {
  const only: FaultGroup[] = ['authorization-response', 'token-endpoint', 'id-token', 'jwks', 'userinfo', 'logout-token', 'end-session']
  const report = await lab.root.examine({
    start: `${lab.app}/login`,
    session: `${lab.app}/session`,
    isSignedIn: page => page.status === 200 && JSON.parse(page.text).authenticated === true,
    signOut: async browser => {
      const { csrfToken } = JSON.parse((await browser.request(`${lab.app}/session`)).text)
      return browser.open(`${lab.app}/logout`, { form: { _csrf: csrfToken } })
    },
    parameters,
    only
  })
  t.strictSame(report.failed.map(({ fault }) => fault), [])
  t.match(report.rows.filter(({ expected }) => expected === 'may'), [{ fault: 'token-endpoint-wrong-content-type', did: 'succeed', result: 'passed' }])
  t.strictSame(report.rows.filter(({ did }) => did === undefined).map(({ fault }) => fault).sort(), Object.keys(unaskedFor).sort())
})

t.test('what an application accepts that it must refuse is told with what is demanded, what was seen, and in which journey', async t => {
  const { realm, origin, options } = await start(t, careless({ withWrongNonce: 'accept' }))
  const report = await realm.examine({ ...options, only: ['id-token-invalid-nonce', 'authorization-error-access-denied'] })
  t.notOk(report.ok)
  t.match(report.rows, [
    {
      fault: 'authorization-error-access-denied',
      result: 'passed',
      ok: true,
      expected: 'refuse',
      did: 'refuse',
      evidence: { status: 502, url: `${origin}/callback`, words: 'Bad Gateway' }
    },
    {
      fault: 'id-token-invalid-nonce',
      result: 'failed',
      ok: false,
      expected: 'refuse',
      did: 'succeed',
      section: /Core/,
      url: /^https:/,
      evidence: { status: 200, url: options.session, words: /"signedIn":true/ },
      journey: /./
    }
  ])
  t.match(report.table(), /failed +id-token-invalid-nonce +refuse +succeed\n[^]*Compare nonce[^]*Core 1.0[^]*200 at/)
  t.match(JSON.parse(report.json()), { client: 'foreign', ok: false, rows: [{}, { fault: 'id-token-invalid-nonce' }] })

  const $ = load(report.junit(), { xml: true })
  t.match($('testsuite').attr(), { tests: '2', failures: '1', skipped: '0' })
  t.match($('testcase failure').text(), /"signedIn":true, "said": "1 &lt; 2 & 3"/, 'what a page says is escaped')

  const folder = join(temporaryFolder(t), 'made')
  await report.write(folder)
  t.strictSame((await readdir(folder)).sort(), ['examination.json', 'examination.txt', 'examination.xml', 'id-token-invalid-nonce.html'])
  t.match(await readFile(join(folder, 'id-token-invalid-nonce.html'), 'utf8'), /<html[^]*id-token-invalid-nonce/)
})

t.test('an application that begins another sign-in by itself has refused the first, if no good one would have come', async t => {
  const { realm, options } = await start(t, careless({ withWrongNonce: 'begin again' }))
  const report = await realm.examine({ ...options, only: ['id-token-invalid-nonce', 'id-token-invalid-iss'] })
  t.match(report.rows, [{ fault: 'id-token-invalid-iss', did: 'succeed', result: 'failed' }, { fault: 'id-token-invalid-nonce', did: 'retry', result: 'passed' }])
})

t.test('an application that lets nobody in any more has not refused but broken, and is tried no further unless it begins anew', async t => {
  const { realm, options, restart } = await start(t, careless({ withWrongNonce: 'break' }))
  const only = ['id-token-invalid-nonce', 'id-token-missing-nonce', 'id-token-missing-sub'] as const
  t.match((await realm.examine({ ...options, only })).rows, [
    { did: 'break', result: 'failed', reason: /nobody can sign in/ },
    { fault: 'id-token-missing-nonce', result: 'not tried', reason: /Since id-token-invalid-nonce/ },
    { fault: 'id-token-missing-sub', result: 'not tried' }
  ])
  restart()
  t.match((await realm.examine({ ...options, restart, only })).rows, [{ did: 'break' }, { did: 'break' }, { did: 'succeed', result: 'failed' }])
})

t.test('what an application does not come across, or does not offer, is never passed', async t => {
  const { realm, options } = await start(t, careless({ withWrongNonce: 'accept' }))
  const report = await realm.examine({ ...options, only: ['discovery-html', 'id-token-invalid-acr', 'id-token-old-auth-time', 'jwks-empty', 'userinfo', 'refresh', 'end-session'] })
  t.strictSame(report.rows.filter(({ ok, did }) => ok || did !== undefined), [])
  const reasons = Object.fromEntries(report.rows.map(({ fault, result, reason }) => [fault, `${result}: ${reason}`]))
  t.match(reasons, {
    'discovery-html': /^not met: .*restart/,
    'jwks-empty': /^not met: .*restart/,
    'id-token-invalid-acr': /^not tried: .*no level/,
    'id-token-old-auth-time': /^not tried: .*no recent/,
    'userinfo-invalid-sub': /^not tried: .*`userinfo`/,
    'refresh-invalid-iss': /^not tried: .*`refresh`/,
    'end-session-server-error': /^not tried: .*`signOut`/
  })
  t.match(load(report.junit(), { xml: true })('testsuite').attr(), { failures: '0', skipped: String(report.rows.length) })
})

t.test('an examination puts back the faults, the clock and the keys of the realm', async t => {
  const { realm, options } = await start(t, careless({ withWrongNonce: 'accept' }))
  await realm.faults.on('token-endpoint-server-error', { client: 'foreign', times: 3 })
  await realm.clock.advance({ hours: 2 })
  const before = { keys: await realm.keys.list(), faults: (await realm.faults.active()).map(({ id, ...fault }) => fault) }
  await realm.examine({ ...options, only: ['jwks-rotated-before-signing', 'id-token-no-kid-several-keys'] })
  t.strictSame({ keys: await realm.keys.list(), faults: (await realm.faults.active()).map(({ id, ...fault }) => fault) }, before)
  t.equal((await realm.clock.get()).offsetSeconds, 7_200)
})

t.test('where a sign-in does not work without any fault, an error draws what was exchanged', async t => {
  const { realm, options } = await start(t, careless({ withWrongNonce: 'accept' }))
  await t.rejects(realm.examine({ ...options, isSignedIn: () => false }), /sign-in of ada lets nobody in[^]*foreign +→ idp +POST token {2}200/)
  await t.rejects(realm.examine({ ...options, isSignedIn: () => true }), /before anybody is/)
  await realm.clients.patch('foreign', { first_party: false })
  await t.rejects(realm.examine(options), /ends at a page of the provider, with 200 at .*interaction/)
  await t.rejects(realm.examine({ ...options, only: ['nonsense' as FaultGroup] }), /no group of faults nonsense\. Groups are discovery/)
})

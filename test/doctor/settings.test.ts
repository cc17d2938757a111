import t from 'tap'
import { alone, diagnose, namesOf } from './helper.ts'

const key = '0123456789abcdef'.repeat(4)

t.test('names every setting that is missing or malformed, and compares nothing then', async t => {
  const rows = await diagnose({ ...alone, SESSION_KEY: 'short', OIDC_CLIENT_ID: '' })
  t.equal(rows.get('well-formed')?.verdict, 'problem')
  t.match(rows.get('well-formed')?.seen, 'SESSION_KEY: is malformed; it must be 32 bytes as 64 hexadecimal digits')
  t.match(rows.get('well-formed')?.seen, 'OIDC_CLIENT_ID: is missing')
  t.same(namesOf(rows, 'skipped'), ['everything else'])
  t.equal(rows.size, 2)
})

t.test('says what a file of further providers lacks', async t => {
  const folder = t.testdir({ 'providers.yaml': '- name: other\n' })
  const rows = await diagnose({ ...alone, OIDC_PROVIDERS_FILE: `${folder}/providers.yaml` })
  t.equal(rows.get('well-formed')?.verdict, 'problem')
  t.match(rows.get('well-formed')?.seen, 'providers.yaml')
})

t.test('finds what is public in services/lab.env, where the application is not on this machine', async t => {
  const rows = await diagnose({ ...alone, APP_URL: 'https://app.invalid' })
  t.equal(rows.get('no secrets of the lab')?.verdict, 'problem')
  t.match(rows.get('no secrets of the lab')?.change, /SESSION_KEY.*OIDC_CLIENT_SECRET.*LAB=true/)
  t.notMatch(rows.get('no secrets of the lab')?.seen, 'lab-only')

  const others = { SESSION_KEY: key, OIDC_CLIENT_SECRET: 'a-secret-for-this-test-alone', LAB: 'false' }
  t.equal((await diagnose({ ...alone, APP_URL: 'https://app.invalid', ...others })).get('no secrets of the lab')?.verdict, 'ok')
  t.equal((await diagnose(alone)).get('no secrets of the lab')?.verdict, 'ok', 'on this machine they are good enough')
})

t.test('wants https of whatever is not on this machine', async t => {
  const rows = await diagnose({
    ...alone, APP_URL: 'http://app.invalid', IDP_ISSUER: 'http://idp.invalid', GENESYS_URL: 'https://genesys.invalid'
  })
  t.match(rows.get('https'), {
    verdict: 'problem', seen: 'by http and not on this machine: APP_URL=http://app.invalid, IDP_ISSUER=http://idp.invalid'
  })
  t.equal((await diagnose(alone)).get('https')?.verdict, 'ok')
})

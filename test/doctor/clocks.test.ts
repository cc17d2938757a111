import t from 'tap'
import { startEmbeddedLab } from '../helpers/embedded-lab.ts'
import { createLabClient } from '../../services/idp/lab-client.ts'
import { alone, diagnose, startAnswering, startProvider } from './helper.ts'

t.test('compares the clock of the provider with that of the relying party', async t => {
  const lab = await startEmbeddedLab(t, { LOG_LEVEL: 'silent' })
  const realm = createLabClient((await createLabClient(lab.issuer).realms.make('skewed')).issuer)
  const seen = async (seconds: number) => {
    await realm.clock.set(seconds)
    return (await diagnose({ ...lab.settings, IDP_ISSUER: realm.issuer })).get('clock')
  }
  t.match(await seen(0), { verdict: 'ok' })
  t.match(await seen(17), { verdict: 'warning', seen: /^\d+ s ahead of the relying party's$/, change: /set both by NTP/ })
  t.match(await seen(-17), { verdict: 'warning', seen: /^\d+ s behind the relying party's$/ })
  t.match(await seen(90), { verdict: 'problem', seen: /ahead of/ })
  t.match(await seen(-3600), { verdict: 'problem', seen: /^(3[56]\d\d) s behind/ })
})

t.test('compares it with this machine where the relying party does not answer, and not by what comes from a cache', async t => {
  const late = { date: new Date(Date.now() + 600_000).toUTCString() }
  const document = (headers: Record<string, string>) =>
    ({ '/jwks': { headers, body: { keys: [] } }, '/authorize': { headers }, '/token': { headers } })
  const here = await diagnose({ ...alone, IDP_ISSUER: await startProvider(t, {}, document(late)) })
  t.match(here.get('clock'), { verdict: 'problem', seen: /^\d+ s ahead of this machine's$/ })
  const cached = await diagnose({ ...alone, IDP_ISSUER: await startProvider(t, {}, document({ ...late, age: '30' })) })
  t.match(cached.get('clock'), { verdict: 'ok' })
})

t.test('finds nothing wrong where both clocks differ from this machine\'s alike: theirs are the ones that count', async t => {
  const headers = { date: new Date(Date.now() + 600_000).toUTCString() }
  const up = { headers, body: { status: 'up' } }
  const app = await startAnswering(t, () => ({ '/livez': up, '/readyz': up, '/login': up }))
  const issuer = await startProvider(t, {}, { '/jwks': { headers }, '/authorize': { headers }, '/token': { headers } })
  t.match((await diagnose({ ...alone, IDP_ISSUER: issuer, APP_URL: app })).get('clock'), { verdict: 'ok' })
})

import t from 'tap'
import { startEmbeddedLab } from '../helpers/embedded-lab.ts'
import { diagnose, namesOf } from './helper.ts'

t.test('finds nothing to change in the lab', async t => {
  const lab = await startEmbeddedLab(t, { LOG_LEVEL: 'silent' })
  const rows = await diagnose(lab.settings)
  t.same(namesOf(rows, 'problem'), [])
  t.same(namesOf(rows, 'warning'), [])
  t.same(namesOf(rows, 'skipped'), ['region', 'HSTS', 'proxies'], 'there is no region, and no TLS')
  t.match(rows.get('client credentials')?.seen, 'relying-party is accepted by client_secret_basic')
  t.match(rows.get('redirect URI')?.seen, `${lab.app}/callback is registered for relying-party`)
  t.match(rows.get('redirect URI, Messenger')?.seen, `${lab.app}/messenger/callback is registered for genesys-messenger`)
  t.match(rows.get('post-logout redirect URI')?.seen, `${lab.app}/logout/callback is accepted`)
  t.match(rows.get('runs with these settings')?.seen, `it sends browsers to ${lab.issuer}/auth, as relying-party`)
  t.match(rows.get('cookies')?.seen, 'httponly, samesite=lax')
  t.equal(rows.get('clock')?.seen, 'as the relying party\'s')
})

import t from 'tap'
import { examine } from '../../scripts/doctor/run.ts'
import { startEmbeddedLab } from '../helpers/embedded-lab.ts'
import { labSettings } from '../helpers/lab.ts'
import { createLabClient } from '../../services/idp/lab-client.ts'

t.test('examines each provider, with the redirect URI that it has', async t => {
  const lab = await startEmbeddedLab(t, { LOG_LEVEL: 'silent' })
  const { issuer } = await createLabClient(lab.issuer).realms.make('second')
  const { clients } = createLabClient(issuer)
  const entry = { name: 'second', issuer, client_id: 'relying-party', client_secret: lab.settings['OIDC_CLIENT_SECRET'] }
  const file = `${t.testdir({ 'providers.yaml': JSON.stringify([entry]) })}/providers.yaml`
  const seen = async (section: string) => {
    const { rows } = await examine({ ...lab.settings, OIDC_PROVIDERS_FILE: file }, labSettings())
    return new Map(rows.filter(row => row.section === section).map(row => [row.name, row]))
  }

  t.match((await seen(`Provider ${lab.issuer}`)).get('redirect URI'), { verdict: 'ok' })
  t.match((await seen(`Provider ${issuer}`)).get('redirect URI'), {
    verdict: 'problem', change: `register ${lab.app}/callback/second`
  })
  await clients.patch('relying-party', { redirect_uris: [`${lab.app}/callback/second`] })
  const second = await seen(`Provider ${issuer}`)
  t.match(second.get('redirect URI'), { verdict: 'ok' })
  t.match(second.get('client credentials'), { verdict: 'ok' })
  t.match(second.get('redirect URI, Messenger'), { verdict: 'skipped', seen: 'the Messenger signs in at the main provider' })
})

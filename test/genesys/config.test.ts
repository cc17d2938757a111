import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { loadGenesysConfig } from '../../services/genesys/config.ts'
import { readDeployments } from '../../services/genesys/deployments.ts'
import { deploymentId, env, temporaryFolder } from './helper.ts'

t.test('takes its addresses and its client from the settings', async t => {
  const config = loadGenesysConfig({ ...env, GENESYS_PORT: '4002', IDP_PORT: '4001', APP_URL: 'https://brand.example/shop/' })
  t.equal(config.url, 'http://genesys.localhost:4002')
  t.equal(config.port, 4002)
  t.equal(config.issuer, 'http://idp.localhost:4001')
  t.equal(config.agentDelayMs, 600)
  t.equal(config.deployments[0]?.id, deploymentId)
  t.same(config.deployments[0]?.allowedDomains, ['brand.example'])
})

t.test('names every setting that is wrong in one message', async t => {
  const wrong = { GENESYS_CLIENT_SECRET: 'short', AGENT: 'nobody', GENESYS_RATE_LIMITS: 'maybe', AGENT_DELAY_MS: '-1' }
  t.throws(() => loadGenesysConfig(wrong), { name: 'SettingsError', message: /GENESYS_CLIENT_ID: is missing/ })
  t.throws(() => loadGenesysConfig(wrong), { message: /GENESYS_CLIENT_SECRET: is malformed/ })
  t.throws(() => loadGenesysConfig(wrong), { message: /AGENT: is malformed; it must be script or desk/ })
  t.throws(() => loadGenesysConfig(wrong), { message: /GENESYS_RATE_LIMITS: is malformed; it must be on or off/ })
  t.throws(() => loadGenesysConfig(wrong), { message: /AGENT_DELAY_MS: is malformed/ })
})

t.test('takes deployments from a file of one\'s own', t => {
  const file = join(temporaryFolder(t), 'deployments.yaml')
  const [first] = loadGenesysConfig(env).deployments
  writeFileSync(file, JSON.stringify([{ ...first, id: '00000000-0000-4000-8000-000000000001' }]))
  t.same(loadGenesysConfig({ ...env, DEPLOYMENTS_FILE: file }).deployments.map(({ id }) => id), ['00000000-0000-4000-8000-000000000001'])
  t.end()
})

t.test('names the entry and the field of a mistake in deployments.yaml', async t => {
  const good = {
    id: deploymentId,
    version: '1',
    status: 'Active',
    languages: ['en-us'],
    defaultLanguage: 'en-us',
    auth: { enabled: true },
    messenger: {
      enabled: true,
      apps: {
        conversations: {
          autoStart: { enabled: true },
          conversationClear: { enabled: true },
          conversationDisconnect: { enabled: true, type: 'ReadOnly' }
        }
      },
      styles: { primaryColor: '#123456' },
      launcherButton: { visibility: 'On' }
    },
    journeyEvents: { enabled: false }
  }
  const file = join(temporaryFolder(t), 'deployments.yaml')
  const read = (...entries: object[]) => {
    writeFileSync(file, JSON.stringify(entries))
    return readDeployments({}, file)
  }
  t.match(read(good), [{ allowAllDomains: false, allowedDomains: [], auth: { allowSessionUpgrade: false } }])

  const mistakes: [string, object[], RegExp][] = [
    ['an unknown status', [{ ...good, status: 'Sleeping' }], /entry 1 \(5a1b7c3e.*field status/],
    ['a field left out', [{ ...good, auth: {} }], /field auth\.enabled: is missing/],
    ['a misspelt field', [{ ...good, allowedDomain: [] }], /field allowedDomain: is not a field/],
    ['an id that is no UUID', [{ ...good, id: 'mine' }], /field id/],
    ['the same id twice', [good, good], /entry 2 .*field id: is there twice/],
    ['a setting that there is not', [{ ...good, id: '${NOWHERE}' }], /refers to the setting NOWHERE/]
  ]
  for (const [label, entries, message] of mistakes) {
    t.throws(() => read(...entries), { name: 'DataFileError', message }, label)
  }
})

import t from 'tap'
import { domainOf, environmentOf, genesysDomain, originsOf } from '../../scripts/doctor/regions.ts'
import { startEmbeddedLab } from '../helpers/embedded-lab.ts'
import { alone, diagnose, startAnswering } from './helper.ts'

t.test('looks for the deployment, where the stand-in has it', async t => {
  const lab = await startEmbeddedLab(t, { LOG_LEVEL: 'silent' })
  const seen = async (changes: Record<string, string>, name = 'deployment') =>
    (await diagnose({ ...lab.settings, ...changes })).get(name)
  t.match(await seen({ GENESYS_DEPLOYMENT_ID: '00000000-0000-4000-8000-000000000000' }), {
    verdict: 'problem', seen: /^there is no deployment 0{8}-.* 40[34] \(GET /, change: /correct GENESYS_DEPLOYMENT_ID/
  })
  t.match(await seen({ GENESYS_DEPLOYMENT_ID: '0c9d2f64-5b1e-4a37-8f02-7d6e5c4b3a21' }), {
    verdict: 'problem', seen: /its authentication is off/
  })
  t.match(await seen({ APP_URL: 'http://elsewhere.localhost:2' }, 'domain of the page'), {
    verdict: 'problem',
    seen: 'elsewhere.localhost is not among the allowed domains: app.localhost',
    change: /^add elsewhere\.localhost/
  })
  t.match(await seen({ GENESYS_ORIGINS: lab.genesys }), {
    verdict: 'problem', seen: /^messages go to ws:.*, which GENESYS_ORIGINS lacks/
  })
  t.match(await seen({ GENESYS_SCRIPT_URL: `${lab.genesys}/nothing.js` }, 'script'), {
    verdict: 'problem', seen: /^answered with 404/
  })
  t.match(await seen({ GENESYS_SCRIPT_URL: `${lab.app}/` }, 'script'), {
    verdict: 'problem', seen: /^no JavaScript, but text\/html/
  })
})

t.test('wants the deployment to be switched on, and warns where it is open to all', async t => {
  const base = '/webdeployments/v1/deployments/of-a-test'
  const start = (config: object, domains: object) => startAnswering(t, () => ({
    [`${base}/config.json`]: { body: config }, [`${base}/domains.json`]: { body: domains }
  }))
  const url = await start({ status: 'Inactive' }, { allowAllDomains: true, allowedDomains: [] })
  const rows = await diagnose({ ...alone, GENESYS_URL: url, GENESYS_DEPLOYMENT_ID: 'of-a-test' })
  t.match(rows.get('deployment'), { verdict: 'problem', seen: 'of-a-test is Inactive' })
  t.match(rows.get('domain of the page'), { verdict: 'warning', seen: /allows all domains/ })
  t.match(rows.get('stand-in for Genesys'), { verdict: 'problem', seen: /not ready, 404/ })
})

t.test('compares the script, the region and the origins', async t => {
  const seen = async (changes: Record<string, string>, name: string) => (await diagnose({ ...alone, ...changes })).get(name)
  const script = { GENESYS_SCRIPT_URL: 'https://apps.mypurecloud.ie/genesys-bootstrap/genesys.min.js' }
  t.match(await seen(script, 'region'), { verdict: 'ok', seen: 'prod-euw1 is mypurecloud.ie' })
  t.match(await seen({ ...script, GENESYS_ENVIRONMENT: 'euw2' }, 'region'), {
    verdict: 'problem',
    seen: /is from mypurecloud\.ie, GENESYS_ENVIRONMENT=euw2 is euw2\.pure\.cloud/,
    change: /set GENESYS_ENVIRONMENT=prod-euw1/
  })
  t.match(await seen({ ...script, GENESYS_ENVIRONMENT: 'prod-xyz' }, 'region'), {
    verdict: 'problem', seen: /none that is known here/
  })
  t.match(await seen({ ...script, GENESYS_ORIGINS: 'https://apps.mypurecloud.ie' }, 'origins that the page allows'), {
    verdict: 'problem',
    seen: 'GENESYS_ORIGINS lacks https://api.mypurecloud.ie, https://api-cdn.mypurecloud.ie, wss://webmessaging.mypurecloud.ie'
  })
  for (const [domain, verdict] of [['mypurecloud.ie', 'ok'], ['mypurecloud.de', 'problem']]) {
    const GENESYS_ORIGINS = `https://*.${domain} wss://*.mypurecloud.ie`
    t.match(await seen({ ...script, GENESYS_ORIGINS }, 'origins that the page allows'), { verdict })
  }
  t.match(await seen({ GENESYS_ORIGINS: 'https://other.example' }, 'origins that the page allows'), {
    verdict: 'problem', seen: 'GENESYS_ORIGINS lacks http://genesys.localhost:2'
  })
})

t.test('knows the regions by the names that the snippet takes', async t => {
  t.equal(domainOf('prod'), 'mypurecloud.com')
  t.equal(domainOf('use1'), 'mypurecloud.com')
  t.equal(domainOf('EUC1'), 'mypurecloud.de')
  t.equal(domainOf('fedramp-use2-core'), 'use2.us-gov-pure.cloud')
  t.equal(domainOf('nowhere'), undefined)
  t.equal(genesysDomain('apps.mypurecloud.com.au'), 'mypurecloud.com.au')
  t.equal(genesysDomain('apps.notmypurecloud.com'), undefined)
  t.equal(environmentOf('mypurecloud.com.au'), 'prod-apse2')
  t.same(originsOf('usw2.pure.cloud').at(-1), 'wss://webmessaging.usw2.pure.cloud')
})

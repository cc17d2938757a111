import t from 'tap'
import { readOptions } from '../../scripts/strictness/options.ts'

const lab = 'http://idp.localhost:3001'
const other = ['https://idp.example', '--client-id', 'c', '--redirect-uri', 'https://app.example/cb']
const relyingParty = {
  clientId: 'relying-party',
  clientSecret: 'lab-only-secret-of-the-relying-party',
  redirectUri: 'http://app.localhost:3000/callback'
}

t.test('takes client, user and second client of the lab for the lab\'s own provider and its realms', async t => {
  for (const issuer of [lab, `${lab}/realms/first`]) {
    t.match(readOptions([issuer], {}), {
      issuer,
      identity: { ...relyingParty, username: 'alice', password: 'alice-lab', second: { clientId: 'genesys-messenger' } }
    })
  }
})

t.test('follows the variables that move the lab', async t => {
  const { identity } = options(['http://idp.localhost:4201'], { IDP_PORT: '4201', APP_PORT: '4200' })
  t.equal(identity.redirectUri, 'http://app.localhost:4200/callback')
  t.throws(() => readOptions([lab], { IDP_PORT: '4201' }), { name: 'UsageError' }, 'and then the lab is not where it was')
})

t.test('takes the values of its options, and none of the lab\'s for another provider', async t => {
  const client = { clientId: 'c', redirectUri: 'https://app.example/cb' }
  const nothing = { clientSecret: undefined, username: undefined, password: undefined, second: undefined }
  t.same(options(other, {}).identity, { ...client, ...nothing })

  const more = [
    '--client-secret', 's', '--username', 'u', '--password', 'p',
    '--second-client-id', 'd', '--second-client-secret', 't', '--json'
  ]
  t.same(options([...other, ...more], {}), {
    json: true,
    issuer: 'https://idp.example',
    identity: { ...client, clientSecret: 's', username: 'u', password: 'p', second: { clientId: 'd', clientSecret: 't' } }
  })
})

t.test('does not give one client the secret of another', async t => {
  const { identity } = options([lab, ...other.slice(1), '--second-client-id', 'd', '--username', 'u'], {})
  t.equal(identity.clientSecret, undefined)
  t.equal(identity.second?.clientSecret, undefined)
  t.equal(identity.password, undefined)
})

const mistakes: [string, string[], string, Record<string, string>?][] = [
  ['no issuer', [], 'One issuer is needed.'],
  ['two issuers', ['http://localhost:1', 'http://localhost:2'], 'One issuer is needed.'],
  ['an issuer that is no URL', ['idp.localhost'], 'idp.localhost is no http or https URL.'],
  ['an option that there is not', [lab, '--secret', 'x'], 'Unknown option \'--secret\''],
  ['another provider and no client', ['http://localhost:1'], 'needed: http://localhost:1 is not the lab\'s own provider.'],
  ['a client without its redirect URI', [lab, '--client-id', 'x'], '--client-id and --redirect-uri are needed together.'],
  ['a redirect URI that is no URL', [lab, '--client-id', 'x', '--redirect-uri', '/cb'], '--redirect-uri /cb is no URL.'],
  ['a variable that is malformed', [lab], 'IDP_PORT: is malformed', { IDP_PORT: 'abc' }]
]
for (const [label, args, message, env] of mistakes) {
  t.test(`refuses ${label} with a message of its own`, async t => {
    t.throws(() => readOptions(args, env ?? {}), { name: 'UsageError', message })
  })
}

function options (args: string[], env: Record<string, string>) {
  const options = readOptions(args, env)
  if (options === 'help') throw new Error('nobody asked for help')
  return options
}

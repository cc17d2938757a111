import { join } from 'node:path'
import t from 'tap'
import { loadIdpConfig } from '../../services/idp/config.ts'
import { labSettings } from '../helpers/lab.ts'

const user = {
  username: 'ann', password: 'ann-lab', sub: 'usr-1', claims: { name: 'Ann', email: 'ann@example.org', email_verified: true }
}
const client = {
  client_id: 'shop',
  client_name: 'Shop',
  client_uri: 'http://shop.localhost/',
  client_secret: 'lab-only-secret-of-the-shop',
  token_endpoint_auth_method: 'client_secret_basic',
  redirect_uris: ['http://shop.localhost/callback'],
  grant_types: ['authorization_code'],
  scope: 'openid'
}

// JSON is YAML too.
const mistakes: [string, 'users' | 'clients', object[], string][] = [
  [
    'a user without an email address', 'users',
    [{ ...user, claims: { name: 'Ann', email_verified: true } }],
    'entry 1 (ann), field claims.email: is missing'
  ],
  [
    'an email address that is none', 'users',
    [{ ...user, claims: { ...user.claims, email: 'ann' } }],
    'entry 1 (ann), field claims.email: must match format "email"'
  ],
  [
    'a claim that there is not', 'users',
    [{ ...user, claims: { ...user.claims, givenname: 'Ann' } }],
    'entry 1 (ann), field claims.givenname: is not a field'
  ],
  [
    'a flag that is neither true nor false', 'users',
    [{ ...user, disabled: 'yes' }],
    'entry 1 (ann), field disabled: must be boolean'
  ],
  [
    'a user name that nobody can type', 'users',
    [{ ...user, username: 'Ann!' }],
    'entry 1 (Ann!), field username: must match pattern'
  ],
  ['a subject with a space', 'users', [{ ...user, sub: 'usr 1' }], 'entry 1 (ann), field sub: must match pattern'],
  ['a user name that is taken', 'users', [user, { ...user, sub: 'usr-2' }], 'entry 2 (ann), field username: is there twice'],
  ['a subject that is taken', 'users', [user, { ...user, username: 'ben' }], 'entry 2 (ben), field sub: is there twice'],
  ['a file without users', 'users', [], 'the list: must NOT have fewer than 1 items'],
  [
    'a client without a secret', 'clients',
    [{ ...client, client_secret: undefined }],
    'entry 1 (shop), field client_secret: is missing'
  ],
  [
    'a secret that can be guessed', 'clients',
    [{ ...client, client_secret: 'secret' }],
    'entry 1 (shop), field client_secret: must NOT have fewer than 16 characters'
  ],
  [
    'a secret that is for nothing', 'clients',
    [{ ...client, token_endpoint_auth_method: 'none' }],
    'entry 1 (shop), field token_endpoint_auth_method: is none'
  ],
  [
    'a client that signs with keys that nobody knows', 'clients',
    [{ ...client, client_secret: undefined, token_endpoint_auth_method: 'private_key_jwt' }],
    'entry 1 (shop), field jwks: is missing'
  ],
  [
    'request objects that nobody can check', 'clients',
    [{ ...client, request_objects: 'allowed' }],
    'entry 1 (shop), field jwks: is missing'
  ],
  ['a usage that there is not', 'clients', [{ ...client, dpop: 'always' }], 'entry 1 (shop), field dpop'],
  [
    'a redirect URI that a header would take for two', 'clients',
    [{ ...client, redirect_uris: ['http://shop.localhost;sandbox/'] }],
    'entry 1 (shop), field redirect_uris.0: must match pattern'
  ],
  [
    'a scope with a character that is none of a scope', 'clients',
    [{ ...client, scope: 'openid "x"' }],
    'entry 1 (shop), field scope: must match pattern'
  ],
  [
    'a redirect URI that is no URL', 'clients',
    [{ ...client, redirect_uris: ['/callback'] }],
    'entry 1 (shop), field redirect_uris.0: must match pattern'
  ],
  [
    'a redirect URI with a fragment', 'clients',
    [{ ...client, redirect_uris: ['http://shop.localhost/#top'] }],
    'entry 1 (shop), field redirect_uris.0: must match pattern'
  ],
  [
    'a client without redirect URIs', 'clients',
    [{ ...client, redirect_uris: [] }],
    'entry 1 (shop), field redirect_uris: must NOT have fewer than 1 items'
  ],
  ['the implicit grant', 'clients', [{ ...client, grant_types: ['implicit'] }], 'entry 1 (shop), field grant_types.0'],
  ['scopes without openid', 'clients', [{ ...client, scope: 'profile' }], 'entry 1 (shop), field scope: must match pattern'],
  [
    'a client field that there is not', 'clients',
    [{ ...client, redirect_uri: 'x' }],
    'entry 1 (shop), field redirect_uri: is not a field'
  ],
  ['a client that is there twice', 'clients', [client, client], 'entry 2 (shop), field client_id: is there twice'],
  [
    'a setting that there is not', 'clients',
    [{ ...client, client_uri: '${SHOP_URL}' }],
    'entry 1 (shop), field client_uri refers to the setting SHOP_URL'
  ]
]
for (const [label, kind, entries, message] of mistakes) {
  t.test(`refuses ${label}, and says in which file, entry and field`, async t => {
    const folder = t.testdir({ 'mine.yaml': JSON.stringify(entries) })
    const settings = labSettings({ [kind === 'users' ? 'USERS_FILE' : 'CLIENTS_FILE']: join(folder, 'mine.yaml') })
    t.throws(() => loadIdpConfig(settings), { name: 'DataFileError', message: /^mine\.yaml has / })
    t.throws(() => loadIdpConfig(settings), { message: `  ${message}` })
  })
}

t.test('reads users and clients of one\'s own, with settings filled in', async t => {
  const folder = t.testdir({
    'users.yaml': JSON.stringify([user]),
    'clients.yaml': JSON.stringify([{ ...client, redirect_uris: ['${APP_URL}/callback'] }])
  })
  const { users, clients } = loadIdpConfig(labSettings({
    USERS_FILE: join(folder, 'users.yaml'), CLIENTS_FILE: join(folder, 'clients.yaml'), APP_PORT: '4000'
  }))
  t.match(users, [{ username: 'ann', disabled: false, always_ask_consent: false }])
  t.match(clients, [{ redirect_uris: ['http://app.localhost:4000/callback'], first_party: false, post_logout_redirect_uris: [] }])
})

t.test('ships with people of every kind that an application has to cope with', async t => {
  const { users } = loadIdpConfig(labSettings())
  t.ok(users.length >= 8, 'at least eight of them')
  t.ok(users.some(({ claims }) => claims.family_name === undefined), 'one without a family name')
  t.ok(users.some(({ claims }) => !/\p{Script=Latin}/u.test(String(claims['name']))), 'one with a name in another script')
  t.ok(users.some(({ claims }) => claims.email_verified === false), 'one with an unverified email address')
  t.ok(users.some(({ disabled }) => disabled), 'one whose account is disabled')
  t.ok(users.some(({ claims }) => Object.values(claims).some(value => String(value).length > 4096)), 'one with a very long claim')
  t.ok(users.some(user => user.always_ask_consent && !user.disabled), 'one who is always asked for consent')
  t.ok(users.every(({ about }) => about !== ''), 'each with a word about why')
})

t.test('ships with two confidential clients whose redirect URIs follow the settings', async t => {
  const { clients } = loadIdpConfig(labSettings({ APP_URL: 'https://brand.example' }))
  t.match(clients, [
    {
      client_id: 'relying-party',
      redirect_uris: ['https://brand.example/callback'],
      token_endpoint_auth_method: 'client_secret_basic'
    },
    {
      client_id: 'genesys-messenger',
      redirect_uris: ['https://brand.example/messenger/callback'],
      token_endpoint_auth_method: 'client_secret_post'
    }
  ])
  t.equal(clients.length, 2)
})

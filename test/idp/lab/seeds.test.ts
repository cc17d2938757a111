import { existsSync } from 'node:fs'
import { decodeJwt } from 'jose'
import t from 'tap'
import type { RegisteredClient } from '../../../services/idp/clients.ts'
import type { RealmSeed } from '../../../services/idp/lab-client.ts'
import { Idp, refusalOf, startIdp, Visitor } from '../helper.ts'

const shop = {
  client_id: 'shop',
  client_name: 'Shop',
  client_uri: 'http://shop.localhost',
  client_secret: 'secret-of-the-shop',
  token_endpoint_auth_method: 'client_secret_basic' as const,
  redirect_uris: ['http://shop.localhost/callback'],
  grant_types: ['authorization_code' as const],
  scope: 'openid profile email'
}

t.test('makes a realm with people and clients of whom only what matters is said', async t => {
  const idp = await startIdp(t)
  await idp.lab.realms.make('blue', {
    users: [{ username: 'zoe' }, { username: 'max', password: 'of-max', claims: { name: 'Max' } }], clients: [shop]
  })
  const blue = new Idp(idp.app, idp.config, '/realms/blue')
  const client = await blue.lab.clients.get('shop') as RegisteredClient
  const subjects = []
  for (const [username, password, name] of [['zoe', 'zoe-lab', undefined], ['max', 'of-max', 'Max']] as const) {
    const visitor = new Visitor(blue)
    const page = await visitor.submit(await visitor.open(blue.authorizationRequest(client)), { username, password }, 'Sign in')
    const { location } = page.location ? page : await visitor.submit(page, {}, 'Allow')
    const tokens = (await blue.redeem(client, location!.searchParams.get('code')!)).json()
    t.equal((await blue.userinfo(tokens.access_token)).json().name, name)
    subjects.push(decodeJwt(tokens.id_token).sub)
  }
  t.equal(subjects[0], (await blue.lab.users.get('zoe')).sub)
  t.equal(new Set(subjects).size, 2)
  t.strictSame(await blue.lab.users.get('zoe'), await idp.lab.users.put('zoe'), 'as by a PUT of the same')
})

const refused: [string, RealmSeed, RegExp[]][] = [
  ['two people of one name', { users: [{ username: 'zoe' }, { username: 'zoe', sub: 'other' }] }, [/username zoe/]],
  ['two people who are one subject', { users: [{ username: 'zoe', sub: 'one' }, { username: 'max', sub: 'one' }] }, [/sub one/]],
  [
    'somebody with the subject that another one gets',
    { users: [{ username: 'zoe' }, { username: 'max', sub: 'usr-9d017e26' }] },
    [/sub usr-9d017e26/]
  ],
  ['two clients of one client_id', { clients: [shop, { ...shop, client_name: 'Second shop' }] }, [/client_id shop/]],
  [
    'a client without the secret that it needs',
    { clients: [{ ...shop, client_secret: undefined as never }] },
    [/client shop: client_secret: is missing/]
  ],
  [
    'a client with a secret that is for nothing',
    { clients: [{ ...shop, token_endpoint_auth_method: 'none' }] },
    [/client shop: token_endpoint_auth_method: is none/]
  ],
  [
    'all of that at once',
    {
      users: [{ username: 'zoe' }, { username: 'zoe' }],
      clients: [shop, shop, { ...shop, client_id: 'cafe', redirect_uris: [] }]
    },
    [/username zoe/, /client_id shop/, /cafe.*redirect_uris/]
  ]
]

t.test('refuses a realm of which something cannot be, says what, and leaves nothing behind', async t => {
  const stateFolder = t.testdir({})
  const { lab } = await startIdp(t, { STATE_DIR: stateFolder })
  for (const [what, seed, named] of refused) {
    const { status, error, description } = await refusalOf(lab.realms.make('blue', seed))
    t.strictSame([status, error], [400, 'invalid_request'], what)
    for (const name of named) t.match(description, name, what)
    t.strictSame(await lab.realms.list(), [], what)
    t.notOk(existsSync(`${stateFolder}/idp/realms/blue`), what)
  }
  await t.resolves(lab.realms.make('blue', { users: [{ username: 'zoe' }], clients: [shop] }), 'and then takes one that can be')
})

import t from 'tap'
import { fetch } from '#lib/outbound/outbound.ts'
import { loadConsoleConfig } from '../../services/console/config.ts'
import { buildConsole } from '../../services/console/app.ts'
import { ConsoleApi } from '../helpers/console.ts'
import { freePorts, labSettings } from '../helpers/lab.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { until } from '../helpers/until.ts'
import { startIdp } from '../idp/helper.ts'

const settings = { ...await freePorts(), STATE_DIR: temporaryFolder(t), LOG_LEVEL: 'silent', LOG_FORMAT: 'json' }
const start = async () => {
  const idp = await startIdp(t, settings)
  await idp.app.listen({ host: '127.0.0.1', port: Number(settings.IDP_PORT) })
  return idp
}
let idp = await start()
const config = loadConsoleConfig(labSettings(settings))
const console = await buildConsole(config)
t.teardown(() => console.close())
await console.listen({ host: '127.0.0.1', port: config.port })
const live = new ConsoleApi({ console: config.url })

t.afterEach(async () => {
  await idp.lab.reset()
  await until('the console has forgotten everything', async () => (await live.journeys()).length === 0)
})

const signedIn = async (realm: string) => (await live.journeys({ realm })).filter(({ outcome }) => outcome === 'signed in')

const untilSignedIn = (realm: string, count = 1) =>
  until(`the console has ${count} sign-ins of ${realm || 'the root'}`, async () => (await signedIn(realm)).length === count)

const untilFollowed = (...names: string[]) =>
  until(`the console knows of ${names.join()}`, async () => {
    const { realms } = await live.running()
    return names.every(name => realms.some(realm => realm.name === name))
  })

t.test('a realm is followed from its first sign-in on, and each is seen by itself', async t => {
  const blue = await idp.realm('blue')
  await untilFollowed('blue')
  await blue.tokensFor('alice')
  await idp.tokensFor('bob')
  await untilSignedIn('blue')
  await untilSignedIn('')
  t.match(await signedIn('blue'), [{ who: ['alice'], realm: 'blue' }])
  t.match(await signedIn(''), [{ who: ['bob'], realm: '' }])
  t.equal((await live.journeys()).filter(({ outcome }) => outcome === 'signed in').length, 2, 'all of them where no realm is named')
})

t.test('what belongs to no browser is kept apart by realm', async t => {
  const blue = await idp.realm('blue')
  await blue.get('/jwks')
  await idp.get('/jwks')
  await until('the console has both', async () => (await live.journeys()).length === 2)
  t.match(await live.journeys({ realm: 'blue' }), [{ id: 'background-blue', messages: 1 }])
  t.match(await live.journeys({ realm: '' }), [{ id: 'background', messages: 1 }])
  t.match((await live.journey('background-blue')).messages, [{ endpoint: 'jwks', realm: 'blue' }])
})

t.test('twenty realms at once, as a test suite makes them, are all followed', async () => {
  const names = Array.from({ length: 20 }, (_, number) => `suite-${number}`)
  const realms = await Promise.all(names.map(name => idp.realm(name)))
  await Promise.all(realms.map(realm => realm.tokensFor('alice')))
  for (const name of names) await untilSignedIn(name)
})

t.test('a realm that is gone stays to be seen, and one that is made anew under its name begins beside it', async t => {
  const first = await idp.realm('blue')
  await first.tokensFor('alice')
  await untilSignedIn('blue')
  await idp.lab.realms.remove('blue')
  await until('the console knows that blue is gone', async () => (await live.running()).pastRealms.includes('blue'))
  t.strictSame((await live.running()).realms, [])
  t.equal((await signedIn('blue')).length, 1)

  const second = await idp.realm('blue')
  await second.tokensFor('bob')
  await untilSignedIn('blue', 2)
  t.strictSame((await live.running()).pastRealms, [])
  const keys = (await Promise.all((await live.journeys({ realm: 'blue' })).map(({ id }) => live.journey(id)))).flatMap(({ messages }) => messages.map(({ key }) => key))
  t.equal(new Set(keys).size, keys.length, 'no message is taken for another')
})

t.test('a realm whose ledger is cleared is forgotten, and no other', async t => {
  const [blue, green] = [await idp.realm('blue'), await idp.realm('green')]
  for (const realm of [blue, green, idp]) await realm.tokensFor('alice')
  for (const realm of ['blue', 'green', '']) await untilSignedIn(realm)
  await blue.lab.reset()
  await until('the console has forgotten blue', async () => (await live.journeys({ realm: 'blue' })).length === 0)
  t.equal((await signedIn('')).length, 1)
  await idp.lab.ledger.clear()
  await until('the console has forgotten the root', async () => (await live.journeys({ realm: '' })).length === 0)
  t.equal((await signedIn('green')).length, 1)
})

t.test('what is cleared in the console is cleared in the ledgers of realms, too', async t => {
  const blue = await idp.realm('blue')
  await blue.tokensFor('alice')
  await untilSignedIn('blue')
  await fetch(`${config.url}/journeys`, { method: 'DELETE' })
  t.strictSame(await live.journeys(), [])
  t.equal((await blue.lab.ledger.query()).count, 0)
})

t.test('putting everything back clears what realms have left behind, too', async () => {
  const [blue, green] = [await idp.realm('blue'), await idp.realm('green')]
  for (const realm of [blue, green]) await realm.tokensFor('alice')
  for (const realm of ['blue', 'green']) await untilSignedIn(realm)
  await idp.lab.realms.remove('blue')
  await idp.lab.reset()
  await until('the console has forgotten everything', async () => (await live.journeys()).length === 0)
  await until('and knows of no realm', async () => {
    const { realms, pastRealms } = await live.running()
    return realms.length + pastRealms.length === 0
  })
})

t.test('an identity provider that goes and comes again is followed with its realms', async t => {
  await idp.realm('blue')
  await untilFollowed('blue')
  await idp.app.close()
  await until('the console does not reach it', async () => (await live.running()).services['idp'] === false)
  idp = await start()
  await until('the console reaches it', async () => (await live.running()).services['idp'] === true)
  const blue = await idp.realm('blue')
  await blue.tokensFor('alice')
  await untilSignedIn('blue')
  t.match(await live.running(), { services: { 'relying-party': false, genesys: false } })
})

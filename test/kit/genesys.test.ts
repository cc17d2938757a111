import t from 'tap'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { startLab } from './index.ts'

const reportFolder = temporaryFolder(t)
const lab = await startLab({ settings: { AGENT_DELAY_MS: '20' }, reportFolder })
t.teardown(() => lab.stop())
const { genesys } = lab

t.test('a guest who has signed in is known by name, and talks with the script and then with a person', async t => {
  await lab.root.users.put('zoe', { claims: { name: 'Zoe Zander', given_name: 'Zoe' } })
  await using guest = await genesys.guest('zoe')
  t.match(await guest.hears(/^Hello Zoe/), /verified/)
  await guest.says('When do you open?')
  t.match(await guest.hears(/./), /9:00/)

  const agent = await genesys.desk.take(guest, { as: 'Pim' })
  await guest.hears('I am handing you over to Pim.')
  t.equal(await agent.hears(/open/), 'When do you open?', 'what was said before is there, too')
  await agent.says('For you, always.')
  await guest.hears('For you, always.')
  await guest.says('Thank you')
  await agent.hears('Thank you')
  t.match(await genesys.desk.conversations(), [{ guest: { name: 'Zoe Zander' }, verified: { iss: lab.issuer }, agent: { name: 'Pim' } }])
})

t.test('guests without a name, at the same time, are not mixed up', async () => {
  const guests = await Promise.all(Array.from({ length: 5 }, () => genesys.guest()))
  const agents = await Promise.all(guests.map(guest => genesys.desk.take(guest)))
  await Promise.all(guests.map((guest, index) => guest.says(`I am number ${index}`)))
  await Promise.all(agents.map((agent, index) => agent.hears(`I am number ${index}`)))
  await Promise.all(guests.map(guest => guest.leaves()))
})

t.test('what is waited for in vain says what was said instead, on both sides', async t => {
  const guest = await genesys.guest('bob')
  const agent = await genesys.desk.take(guest)
  await guest.hears('I am handing you over to Noor.')
  await agent.says('Good morning')
  await guest.hears(/morning/)
  await t.rejects(guest.hears(/morning/, { within: 0.1 }), {
    message: /^bob did not hear \/morning\/ within 0\.1 s\.\nWhat was said:\n[^]* {2}Noor: Good morning {2}\(heard before\)\nIn full: .*bob did not hear morning\.html$/
  })
  await t.rejects(agent.hears('Goodbye', { within: 0.1 }), { message: /^Noor did not hear "Goodbye" within 0\.1 s\.\nNothing was said\.\nIn full: / })
  await t.rejects(genesys.desk.take('carol', { within: 0.1 }), /^carol had no conversation within 0\.1 s\. Who has one: .*Bob/)
  await t.rejects(agent.says(' '), /The desk answered 400/)
})

t.test('a guest is refused where the provider goes wrong', async t => {
  await lab.root.faults.once('id-token-invalid-nonce', { client: 'genesys-messenger' })
  await t.rejects(genesys.guest('alice'), /the exchange was answered with 401/)
  t.ok(await genesys.guest('alice'), 'and let in once it does not')
})

t.test('a lab without the chat says so', async t => {
  const provider = await startLab({ services: ['idp'] })
  t.teardown(() => provider.stop())
  await t.rejects(provider.genesys.messenger(), /answers at .*'relying-party'.*'genesys'/)
})

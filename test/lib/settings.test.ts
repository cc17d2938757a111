// What services read: settings, from the environment and from files, data files, and the folder of their state.
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Type } from 'typebox'
import { DataFileError, readDataFile } from '#lib/settings/data-file.ts'
import { addressesOf, commonSettings, loadSettings, secret, SettingsError, textOrFile } from '#lib/settings/settings.ts'
import { keep, openStateFolder } from '#lib/store/state-folder.ts'
import { loadGenesysConfig } from '../../services/genesys/config.ts'
import { loadIdpConfig } from '../../services/idp/config.ts'
import { loadRelyingPartyConfig } from '../../services/relying-party/config.ts'
import { labSettings } from '../helpers/lab.ts'
import { authority } from './tls.ts'

const properties = { ...commonSettings, API_SECRET: secret(), COLOUR: Type.String({ pattern: '^#[0-9a-f]{6}$', description: 'a colour such as #1d4e56' }) }
const good = { API_SECRET: 'sixteen-characters', COLOUR: '#1d4e56' }
const load = (env: NodeJS.ProcessEnv) => loadSettings('painter', properties, env)

function messageOf (load: () => unknown): string {
  try {
    load()
  } catch (error) {
    if (error instanceof SettingsError) return error.message
    throw error
  }
  return 'nothing was wrong'
}

t.test('reads values in the types of the schema, with defaults for what is not set', async t => {
  t.match(load({ ...good, APP_PORT: '8080', LAB: 'true' }), { APP_PORT: 8080, IDP_PORT: 3001, LAB: true, HOST: '127.0.0.1', COLOUR: '#1d4e56' })
})

t.test('lists everything that is wrong in one message, and what each must be', async t => {
  const message = messageOf(() => load({ API_SECRET: 'short', LAB: 'perhaps', LOG_LEVEL: 'loud', APP_PORT: '70000', APP_URL: 'app.localhost' }))
  t.same(message.split('\n').sort(), [
    '  API_SECRET: is malformed; it must be a secret of at least 16 characters',
    '  APP_PORT: is malformed; it must be a TCP port',
    '  APP_URL: is malformed; it must be an http or https URL without query or fragment',
    '  COLOUR: is missing; it must be a colour such as #1d4e56',
    '  LAB: is malformed; it must be true or false',
    '  LOG_LEVEL: is malformed; it must be one of fatal, error, warn, info, debug, trace, silent',
    'painter cannot start, settings are wrong:'
  ])
})

t.test('takes an empty value for one that is not set', async t => {
  t.equal(load({ ...good, APP_PORT: '', APP_URL: '' }).APP_PORT, 3000)
  t.match(messageOf(() => load({ ...good, API_SECRET: '' })), 'API_SECRET: is missing')
})

t.test('quotes no value, since it may be a secret', async t => {
  t.notMatch(messageOf(() => load({ ...good, API_SECRET: 'too-short' })), 'too-short')
})

t.test('keeps no trace of one reading in the next', async t => {
  load({ ...good, APP_PORT: '8080' })
  t.equal(load(good).APP_PORT, 3000)
})

t.test('finds each part at *.localhost on its port, or at the URL that is set', async t => {
  t.same(addressesOf(load({ ...good, IDP_PORT: '4001', GENESYS_URL: 'https://chat.example/' })), {
    app: 'http://app.localhost:3000', issuer: 'http://idp.localhost:4001', genesys: 'https://chat.example', console: 'http://lab.localhost:3003'
  })
})

t.test('finds each part by a name that every system knows, where browsers do not find *.localhost', async t => {
  t.same(addressesOf(load({ ...good, LOCALHOST_SUBDOMAINS: 'off', GENESYS_PORT: '4002' })), {
    app: 'http://localhost:3000', issuer: 'http://127.0.0.1:3001', genesys: 'http://127.0.0.1:4002', console: 'http://127.0.0.1:3003'
  })
  t.equal(addressesOf(load({ ...good, LOCALHOST_SUBDOMAINS: 'off', APP_URL: 'https://app.example' })).app, 'https://app.example')
})

t.test('finds each part below the name of the console, where a browser is to take all of them for one site', async t => {
  t.same(addressesOf(load({ ...good, LOCALHOST_SUBDOMAINS: 'one-site' })), {
    app: 'http://app.lab.localhost:3000', issuer: 'http://idp.lab.localhost:3001', genesys: 'http://genesys.lab.localhost:3002', console: 'http://lab.localhost:3003'
  })
})

const spellings: [string, Record<string, string>, Partial<ReturnType<typeof addressesOf>>][] = [
  ['a default port', { APP_PORT: '80', IDP_PORT: '80' }, { app: 'http://app.localhost', issuer: 'http://idp.localhost' }],
  ['a default port of TLS', { APP_URL: 'https://app.example:443', IDP_ISSUER: 'https://id.example:443/' },
    { app: 'https://app.example', issuer: 'https://id.example/' }],
  ['capitals', { APP_URL: 'HTTPS://App.Example', IDP_ISSUER: 'https://ID.example/Tenant' },
    { app: 'https://app.example', issuer: 'https://id.example/Tenant' }],
  ['an international name', { APP_URL: 'https://bücher.example', GENESYS_URL: 'https://chat.bücher.example/' },
    { app: 'https://xn--bcher-kva.example', genesys: 'https://chat.xn--bcher-kva.example' }]
]
for (const [label, env, addresses] of spellings) {
  t.test(`reads a URL with ${label} in the one spelling that clients parse it to`, async t => {
    const all = addressesOf(load({ ...good, ...env }))
    t.strictSame({ ...all, ...addresses }, all)
  })
}

t.test('refuses a URL that has no host, a user, a query or a fragment', async t => {
  for (const url of ['http://', 'ftp://app.localhost', 'http://app.localhost/?a', 'http://app.localhost/#a', 'http://app localhost', 'http://ann@app.localhost']) {
    t.match(messageOf(() => load({ ...good, APP_URL: url })), 'APP_URL: is malformed', url)
  }
})

t.test('keeps the issuer as it is set, since the slash at its end is a part of it', async t => {
  const issuer = 'https://id.example/application/o/app/'
  t.equal(addressesOf(load({ ...good, IDP_ISSUER: issuer })).issuer, issuer)
  t.equal(addressesOf(load({ ...good, IDP_ISSUER: issuer.slice(0, -1) })).issuer, issuer.slice(0, -1))
})

t.test('listens at one address of this machine where HOST is a name that has two', async t => {
  t.equal(loadIdpConfig(labSettings({ HOST: 'localhost' })).host, '127.0.0.1')
})

t.test('gives the lab\'s own provider an issuer without a slash at its end', async t => {
  const { issuer, url } = loadIdpConfig(labSettings({ IDP_ISSUER: 'https://id.example/' }))
  t.strictSame([issuer, url], ['https://id.example', 'https://id.example'])
})

const services: [string, (env: NodeJS.ProcessEnv) => unknown, string[]][] = [
  ['idp', loadIdpConfig, ['OIDC_CLIENT_SECRET', 'GENESYS_CLIENT_SECRET']],
  ['relying-party', loadRelyingPartyConfig, ['SESSION_KEY', 'OIDC_CLIENT_SECRET']],
  ['genesys', loadGenesysConfig, ['GENESYS_CLIENT_SECRET']]
]
for (const [service, loadConfig, secrets] of services) {
  t.test(`${service} has no default for a secret`, async t => {
    const message = messageOf(() => loadConfig(labSettings(Object.fromEntries(secrets.map(name => [name, ''])))))
    t.same(message.split('\n').slice(1).map(line => line.split(';')[0]).sort(), secrets.map(name => `  ${name}: is missing`).sort())
  })
}

const propertiesOfFiles = {
  API_SECRET: secret(),
  AUTHORITIES: Type.Optional(textOrFile({ format: 'certificates', description: 'certificates in PEM' })),
  USERS_FILE: Type.Optional(Type.String({ description: 'path of a file of users' }))
}
const value = 'a-secret-from-a-file'
const loadFromFiles = (env: NodeJS.ProcessEnv) => loadSettings('painter', propertiesOfFiles, env)

/** Write a file that ends with the test. @returns its path */
function file (t: Test, content: string, name = 'secret'): string {
  const path = join(t.testdirName, name)
  t.testdir({ [name]: content })
  return path
}

function problemsOf (env: NodeJS.ProcessEnv): string[] {
  try {
    loadFromFiles(env)
  } catch (error) {
    if (error instanceof SettingsError) return error.message.split('\n').slice(1).map(line => line.trim())
    throw error
  }
  return []
}

t.test('a secret may be in a file, whose last newline is no part of it', async t => {
  for (const end of ['', '\n', '\r\n']) t.equal(loadFromFiles({ API_SECRET_FILE: file(t, value + end) }).API_SECRET, value)
  t.equal(loadFromFiles({ API_SECRET_FILE: file(t, `${value}\n\n`) }).API_SECRET, `${value}\n`, 'but only one')
  t.equal(loadFromFiles({ API_SECRET_FILE: file(t, ` ${value} `) }).API_SECRET, ` ${value} `, 'and spaces are')
})

t.test('a variable that is empty is not set, beside a file and for one', async t => {
  t.equal(loadFromFiles({ API_SECRET: '', API_SECRET_FILE: file(t, value) }).API_SECRET, value)
  t.equal(loadFromFiles({ API_SECRET: value, API_SECRET_FILE: '' }).API_SECRET, value)
})

t.test('only what was made for it is read from a file', async t => {
  const settings = loadFromFiles({ API_SECRET: value, USERS_FILE: '/there/is/none', USERS_FILE_FILE: '/there/is/none' })
  t.strictSame(settings, { API_SECRET: value, USERS_FILE: '/there/is/none' })
})

t.test('text of more than a line may be in a file, and is checked', async t => {
  t.equal(loadFromFiles({ API_SECRET: value, AUTHORITIES_FILE: file(t, authority) }).AUTHORITIES, authority.trimEnd())
  const path = file(t, 'no certificate')
  t.strictSame(problemsOf({ API_SECRET: value, AUTHORITIES_FILE: path }), [
    `AUTHORITIES_FILE: what ${path} holds is malformed; it must be certificates in PEM`
  ])
})

t.test('a secret that is set in both ways is refused, since one of them is not what was meant', async t => {
  t.strictSame(problemsOf({ API_SECRET: value, API_SECRET_FILE: file(t, value) }), [
    'API_SECRET: is set, and so is API_SECRET_FILE; unset one of them'
  ])
})

t.test('a file that is missing, unreadable or empty is named', async t => {
  const folder = t.testdir({ empty: '', newline: '\n', closed: value })
  chmodSync(join(folder, 'closed'), 0)
  const problem = (name: string) => problemsOf({ API_SECRET_FILE: join(folder, name) })
  t.strictSame(problem('missing'), [`API_SECRET_FILE: ${join(folder, 'missing')} cannot be read: no such file or directory`])
  t.strictSame(problem('.'), [`API_SECRET_FILE: ${folder} cannot be read: illegal operation on a directory`])
  t.strictSame(problem('empty'), [`API_SECRET_FILE: ${join(folder, 'empty')} is empty`])
  t.strictSame(problem('newline'), [`API_SECRET_FILE: ${join(folder, 'newline')} is empty`])
  if (process.getuid?.() !== 0) {
    t.strictSame(problem('closed'), [`API_SECRET_FILE: ${join(folder, 'closed')} cannot be read: permission denied`])
  }
})

t.test('a value from a file that is malformed is not quoted, its file is', async t => {
  const path = file(t, 'too-short')
  t.strictSame(problemsOf({ API_SECRET_FILE: path }), [
    `API_SECRET_FILE: what ${path} holds is malformed; it must be a secret of at least 16 characters`
  ])
})

t.test('everything that is wrong is in one message, files among it', async t => {
  const path = file(t, 'no certificate')
  t.strictSame(problemsOf({ AUTHORITIES_FILE: path, API_SECRET_FILE: '/missing' }).sort(), [
    'API_SECRET_FILE: /missing cannot be read: no such file or directory',
    `AUTHORITIES_FILE: what ${path} holds is malformed; it must be certificates in PEM`
  ])
  t.strictSame(problemsOf({ AUTHORITIES_FILE: '/missing' }).sort(), [
    'API_SECRET: is missing; it must be a secret of at least 16 characters',
    'AUTHORITIES_FILE: /missing cannot be read: no such file or directory'
  ])
})

/** The lab's settings, some of them in files, as Compose hands out secrets. */
function withFiles (t: Test, values: Record<string, string>) {
  const folder = t.testdir(Object.fromEntries(Object.entries(values).map(([name, value]) => [name, `${value}\n`])))
  const settings = Object.keys(values).flatMap(name => [[name, ''], [`${name}_FILE`, join(folder, name)]])
  return labSettings(Object.fromEntries(settings) as Record<string, string>)
}

t.test('the identity provider knows its clients by secrets from files', async t => {
  const { clients } = loadIdpConfig(withFiles(t, { OIDC_CLIENT_SECRET: `${value}-1`, GENESYS_CLIENT_SECRET: `${value}-2` }))
  const secrets = new Map(clients.map(client => [client.client_id, client.client_secret]))
  t.equal(secrets.get('relying-party'), `${value}-1`)
  t.equal(secrets.get('genesys-messenger'), `${value}-2`)
})

t.test('the messaging stand-in has its secret from a file', async t => {
  t.equal(loadGenesysConfig(withFiles(t, { GENESYS_CLIENT_SECRET: value })).client.secret, value)
})

t.test('the relying party has its secrets from files', async t => {
  const key = 'ab'.repeat(32)
  const { session, oidc } = loadRelyingPartyConfig(withFiles(t, { SESSION_KEY: key, OIDC_CLIENT_SECRET: value }))
  t.equal(session.key.toString('hex'), key)
  t.match(oidc.authentication, { secret: value })
})

t.test('makes a secret once and gives the same ever after', async t => {
  const folder = t.testdir({})
  let made = 0
  const make = () => ({ key: `made ${++made}` })
  t.same(await keep(folder, 'key.json', make), { key: 'made 1' })
  t.same(await keep(folder, 'key.json', make), { key: 'made 1' })
  t.equal(made, 1)
})

t.test('gives the same to all who ask at once, and leaves no draft behind', async t => {
  const folder = t.testdir({})
  const kept = await Promise.all(Array.from({ length: 8 }, (_, n) => keep(folder, 'key.json', async () => ({ n }))))
  t.equal(new Set(kept.map(({ n }) => n)).size, 1)
  t.same(JSON.parse(readFileSync(join(folder, 'key.json'), 'utf8')), kept[0])
  t.same(readdirSync(folder), ['key.json'])
})

t.test('lets nobody but its own user read a secret or look into the folder', async t => {
  const folder = join(t.testdir({}), 'deep', 'down')
  await keep(folder, 'key.json', () => 'secret')
  t.equal(statSync(join(folder, 'key.json')).mode & 0o777, 0o600)
  t.equal(statSync(folder).mode & 0o777, 0o700)
})

t.test('leaves nothing behind when a secret cannot be made', async t => {
  const folder = t.testdir({})
  await t.rejects(keep(folder, 'key.json', async () => { throw new Error('out of entropy') }), { message: 'out of entropy' })
  t.same(readdirSync(folder), [])
})

t.test('opens a folder that is there already', async t => {
  const folder = join(t.testdir({}), 'state')
  mkdirSync(folder)
  t.equal(openStateFolder(folder), folder)
})

t.test('says which setting is to blame when the folder cannot be made', async t => {
  const folder = join(t.testdir({ taken: 'a file' }), 'taken', 'state')
  t.throws(() => openStateFolder(folder), { message: /^the state folder .*taken\/state cannot be made: set STATE_DIR to one that can/ })
})

const entries = Type.Array(Type.Object({
  name: Type.String({ minLength: 1 }),
  number: Type.Integer(),
  pets: Type.Array(Type.Object({ kind: Type.String() }, { additionalProperties: false }), { default: [] })
}, { additionalProperties: false }), { minItems: 1 })

function read (t: Test, yaml: string, settings: Record<string, string | number> = {}) {
  return readDataFile(join(t.testdir({ 'people.yaml': yaml }), 'people.yaml'), { entries, key: 'name', unique: ['name', 'number'], settings })
}

t.test('reads the entries in their order and fills in defaults', async t => {
  t.same(read(t, '- name: Ann\n  number: 1\n- name: Ben\n  number: 2\n  pets: [{ kind: cat }]'), [
    { name: 'Ann', number: 1, pets: [] },
    { name: 'Ben', number: 2, pets: [{ kind: 'cat' }] }
  ])
})

t.test('fills in settings, wherever a value refers to one', async t => {
  t.same(read(t, '- name: ${FIRST}-${LAST}\n  number: 1\n  pets: [{ kind: "a ${FIRST}" }]', { FIRST: 'Ann', LAST: 7 }), [
    { name: 'Ann-7', number: 1, pets: [{ kind: 'a Ann' }] }
  ])
})

const mistakes: [string, string, string[]][] = [
  ['a missing field', '- name: Ann', ['entry 1 (Ann), field number: is missing']],
  ['a value of the wrong type', '- name: Ann\n  number: one', ['entry 1 (Ann), field number: must be an integer, not a string']],
  ['an unknown field', '- name: Ann\n  number: 1\n  colour: red', ['entry 1 (Ann), field colour: there is no such name; there are name, number, pets']],
  ['a mistake deep inside an entry', '- name: Ann\n  number: 1\n  pets: [{ kind: cat }, { type: dog }]',
    ['entry 1 (Ann), field pets.1.kind: is missing', 'entry 1 (Ann), field pets.1.type: there is no such name; there is kind alone']],
  ['an entry without its name', '- number: 1', ['entry 1, field name: is missing']],
  ['an entry that is no object', '- Ann', ['entry 1: must be an object, not a string']],
  ['the same name twice', '- name: Ann\n  number: 1\n- name: Ann\n  number: 2', ['entry 2 (Ann), field name: is there twice']],
  ['another unique field twice', '- name: Ann\n  number: 1\n- name: Ben\n  number: 1', ['entry 2 (Ben), field number: is there twice']],
  ['a setting that there is not', '- name: ${NOWHERE}\n  number: 1', ['field name refers to the setting NOWHERE, which there is not']],
  ['a list with nothing in it', '[]', ['the list: must have at least 1 entry']],
  ['something that is no list', 'name: Ann', ['the list: must be an array, not an object']],
  ['an empty file', '', ['expected a document, but the input is empty']],
  ['a key that is there twice', '- name: Ann\n  name: Ben\n  number: 1', ['duplicated mapping key, at line 2, column 3']],
  ['YAML that does not parse', '- name: "Ann\n  number: 1', ['deficient indentation, at line 2, column 3']],
  ['several mistakes at once', '- name: Ann\n- name: Ben\n  number: x', [
    'entry 1 (Ann), field number: is missing', 'entry 2 (Ben), field number: must be an integer, not a string'
  ]]
]
for (const [label, yaml, lines] of mistakes) {
  t.test(`says where it finds ${label}`, async t => {
    try {
      read(t, yaml)
      t.fail('it was read without complaint')
    } catch (error) {
      if (!(error instanceof DataFileError)) throw error
      t.match(error.message, /^people\.yaml has (a mistake|\d+ mistakes):\n/, 'names the file')
      for (const line of lines) t.match(error.message, line)
      t.equal(error.message.split('\n').length, lines.length + 1, 'and says nothing else')
    }
  })
}

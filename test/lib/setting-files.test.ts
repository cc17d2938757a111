import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Type } from 'typebox'
import { loadSettings, secret, SettingsError, textOrFile } from '#lib/settings.ts'
import { loadGenesysConfig } from '../../services/genesys/config.ts'
import { loadIdpConfig } from '../../services/idp/config.ts'
import { loadRelyingPartyConfig } from '../../services/relying-party/config.ts'
import { labSettings } from '../helpers/lab.ts'
import { authority } from './tls.ts'

const properties = {
  API_SECRET: secret(),
  AUTHORITIES: Type.Optional(textOrFile({ format: 'certificates', description: 'certificates in PEM' })),
  USERS_FILE: Type.Optional(Type.String({ description: 'path of a file of users' }))
}
const value = 'a-secret-from-a-file'
const load = (env: NodeJS.ProcessEnv) => loadSettings('painter', properties, env)

/** Write a file that ends with the test. @returns its path */
function file (t: Test, content: string, name = 'secret'): string {
  const path = join(t.testdirName, name)
  t.testdir({ [name]: content })
  return path
}

function problemsOf (env: NodeJS.ProcessEnv): string[] {
  try {
    load(env)
  } catch (error) {
    if (error instanceof SettingsError) return error.message.split('\n').slice(1).map(line => line.trim())
    throw error
  }
  return []
}

t.test('a secret may be in a file, whose last newline is no part of it', async t => {
  for (const end of ['', '\n', '\r\n']) t.equal(load({ API_SECRET_FILE: file(t, value + end) }).API_SECRET, value)
  t.equal(load({ API_SECRET_FILE: file(t, `${value}\n\n`) }).API_SECRET, `${value}\n`, 'but only one')
  t.equal(load({ API_SECRET_FILE: file(t, ` ${value} `) }).API_SECRET, ` ${value} `, 'and spaces are')
})

t.test('a variable that is empty is not set, beside a file and for one', async t => {
  t.equal(load({ API_SECRET: '', API_SECRET_FILE: file(t, value) }).API_SECRET, value)
  t.equal(load({ API_SECRET: value, API_SECRET_FILE: '' }).API_SECRET, value)
})

t.test('only what was made for it is read from a file', async t => {
  const settings = load({ API_SECRET: value, USERS_FILE: '/there/is/none', USERS_FILE_FILE: '/there/is/none' })
  t.strictSame(settings, { API_SECRET: value, USERS_FILE: '/there/is/none' })
})

t.test('text of more than a line may be in a file, and is checked', async t => {
  t.equal(load({ API_SECRET: value, AUTHORITIES_FILE: file(t, authority) }).AUTHORITIES, authority.trimEnd())
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

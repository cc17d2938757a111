// One wording for one kind of mistake, at whichever door it is made.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { checkStrictly } from '#lib/control-api/strict-requests.ts'
import { processClockRoutes } from '#lib/control-api/process-clock-routes.ts'
import { buildServer } from '#lib/server/http-server.ts'
import { readDataDocument, readDataFile } from '#lib/settings/data-file.ts'
import { RevisionFollower } from '#lib/store/revision-follower.ts'
import { Type } from '#lib/validation/schema.ts'
import { mistakesIn, sentenceOf } from '#lib/validation/validator.ts'
import { ActiveFaults } from '../../services/idp/faults/active-faults.ts'
import { defineAction, type Call } from '../../services/genesys/guest/actions/action.ts'
import { newStore } from '../helpers/new-store.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { serverConfig } from './server-config.ts'

const strict = { additionalProperties: false }
const colour = Type.Union([Type.Literal('red'), Type.Literal('green')])
const fields = { size: Type.Number({ maximum: 60 }), colour: Type.Optional(colour), name: Type.Optional(Type.String({ maxLength: 5 })) }
const schema = Type.Object(fields, strict)

/** What each door is given for a mistake, and where it is. */
interface Mistaken { value: Record<string, unknown>, at: string }

const mistaken = {
  unknown: { value: { size: 1, sise: 1 }, at: 'sise' },
  type: { value: { size: 'many' }, at: 'size' },
  missing: { value: {}, at: 'size' },
  tooMuch: { value: { size: 61 }, at: 'size' },
  choice: { value: { size: 1, colour: 'grren' }, at: 'colour' },
  tooLong: { value: { size: 1, name: 'Magdalena' }, at: 'name' }
} satisfies Record<string, Mistaken>
type Kind = keyof typeof mistaken

/** The words, with what the right name and the maximum are at a door. */
const wordsOf = (kind: Kind, { name = 'size', maximum = 60 } = {}) => ({
  unknown: `there is no such name; did you mean ${name}?`,
  type: 'must be a number, not a string',
  missing: 'is missing',
  tooMuch: `must be at most ${maximum}`,
  choice: 'must be one of red, green; did you mean green?',
  tooLong: 'must have at most 5 characters'
})[kind]

const messageOf = async (act: () => unknown) => {
  try {
    await act()
  } catch (error) {
    return (error as Error).message
  }
  return 'nothing is wrong'
}

async function build (t: Test) {
  const app = buildServer(serverConfig())
  const store = await newStore(t)
  t.teardown(async () => {
    await app.close()
    await store.close()
  })
  await app.register(processClockRoutes, { url: 'http://127.0.0.1', store, revisions: new RevisionFollower(store) })
  await app.register(async lab => {
    checkStrictly(lab)
    lab.put('/lab/body', { schema: { body: schema } }, async () => 'nothing is wrong')
    lab.get('/lab/query', { schema: { querystring: schema } }, async () => 'nothing is wrong')
  })
  app.post('/page', { schema: { body: Type.Object(fields) } }, async () => 'nothing is wrong')
  const send = async (method: 'GET' | 'PUT' | 'POST', url: string, payload?: object) => {
    const response = await app.inject({ method, url, headers: { host: '127.0.0.1' }, ...(payload && { payload }) })
    const { message, error_description: description } = response.json<{ message?: string, error_description?: string }>()
    return description ?? message
  }
  return { app, send, faults: await ActiveFaults.open(store) }
}

const doors = await build(t)

for (const kind of Object.keys(mistaken) as Kind[]) {
  const { value, at } = mistaken[kind]
  t.test(`a mistake is worded alike at each door: ${kind}`, async t => {
    const file = join(temporaryFolder(t), 'people.yaml')
    writeFileSync(file, JSON.stringify([value]))
    const list = await messageOf(() => readDataFile(file, { entries: Type.Array(schema), key: 'name' }))
    t.equal(list.split('field ')[1], `${at}: ${wordsOf(kind)}`, 'a data file')
    writeFileSync(file, JSON.stringify(value))
    const document = await messageOf(() => readDataDocument(file, { schema, check: () => [] }))
    t.equal(document.split('\n  ')[1], `${at}: ${wordsOf(kind)}`, 'a data document')

    t.equal(await doors.send('PUT', '/lab/body', value), `body.${at}: ${wordsOf(kind)}`, 'a body for the control API')
    const query = new URLSearchParams(Object.entries(value).map(([name, value]): [string, string] => [name, String(value)]))
    t.equal(await doors.send('GET', `/lab/query?${query}`), `query.${at}: ${wordsOf(kind)}`, 'a query for the control API')
    // Fastify's own compiler leaves out what it does not know.
    if (kind !== 'unknown') t.equal(await doors.send('POST', '/page', value), `body.${at}: ${wordsOf(kind)}`, 'any other body')

    const act = defineAction({ thing: schema }, async () => {})
    const refusal = await messageOf(() => act({ token: '5a1b7c3e-8f20-4d6a-9b1e-3c4d5e6f7a80', thing: value }, {} as Call))
    const framed = kind === 'missing' ? `Missing parameter: thing.${at}` : `Request failed. thing.${at}: ${wordsOf(kind)}`
    t.equal(refusal, framed, 'a frame of a guest, within what the protocol says around it')
  })
}

const tenYears = 315_576_000
const atTheClock = { unknown: { offsetSecond: 1, offsetSeconds: 1 }, type: { offsetSeconds: 'many' }, missing: {}, tooMuch: { offsetSeconds: tenYears + 1 } }

for (const kind of Object.keys(atTheClock) as (keyof typeof atTheClock)[]) {
  t.test(`at the clock too: ${kind}`, async t => {
    const at = kind === 'unknown' ? 'offsetSecond' : 'offsetSeconds'
    t.equal(await doors.send('PUT', '/lab/clock', atTheClock[kind]), `body.${at}: ${wordsOf(kind, { name: 'offsetSeconds', maximum: tenYears })}`)
  })
}

const inFaults = { unknown: { delaySecond: 1 }, type: { delaySeconds: 'many' }, tooMuch: { delaySeconds: 61 } }

for (const kind of Object.keys(inFaults) as (keyof typeof inFaults)[]) {
  t.test(`in the parameters of a fault too: ${kind}`, async t => {
    const [at] = Object.keys(inFaults[kind])
    const message = await messageOf(() => doors.faults.switchOn({ fault: 'jwks-slow', parameters: inFaults[kind] }))
    t.equal(message, `jwks-slow: parameters.${at}: ${wordsOf(kind, { name: 'delaySeconds' })}`)
  })
}

const kinds = Type.Union([
  Type.Object({ kind: Type.Literal('circle'), radius: Type.Number() }),
  Type.Object({ kind: Type.Literal('square'), side: Type.Number() })
])
const shapes = Type.Object({ shapes: Type.Array(Type.Union([Type.String(), kinds])) })
const said = (value: unknown, schema: Parameters<typeof mistakesIn>[0] = shapes) => sentenceOf(mistakesIn(schema, value))

t.test('of a choice it says what is wrong by the one that was meant', async t => {
  t.equal(said({ shapes: ['any', { kind: 'square', side: 1 }] }), '')
  t.equal(said({ shapes: [{ kind: 'square', side: 'long' }] }), 'shapes.0.side: must be a number, not a string')
  t.equal(said({ shapes: [{ kind: 'sqare', side: 1 }] }), 'shapes.0.kind: must be one of circle, square; did you mean square?')
  t.equal(said({ shapes: [{ radius: 1 }] }), 'shapes.0.kind: is missing')
  t.equal(said({ shapes: [7] }), 'shapes.0: must be a string or an object, not a number')
})

t.test('it quotes no value, cuts long names, and does not say more than one can read', async t => {
  t.notMatch(said({ shapes: 'a-secret' }), 'a-secret')
  const names = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`${index}${'n'.repeat(500)}`, 1]))
  const sentence = said(names, Type.Object({}, strict))
  t.match(sentence, / and 80 more$/)
  t.ok(sentence.length < 4_000, String(sentence.length))
})

t.test('a list of nothing but mistakes takes no longer than its length', async t => {
  const before = process.cpuUsage()
  t.match(said({ shapes: Array(2_000).fill(7) }), /^shapes\.0: must be a string or an object, not a number; /)
  const { user, system } = process.cpuUsage(before)
  t.ok(user + system < 1_000_000, `${(user + system) / 1000} ms`)
})

t.test('a parameter that is there twice in a query is said to be', async t => {
  t.equal(await doors.send('GET', '/lab/query?size=1&size=2'), 'query.size: is given more than once')
})

import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createFetch } from '#lib/outbound/outbound.ts'
import { createControlApiClient } from '../../services/idp/control-api/control-api-client.ts'
import { glossary } from '../../services/console/lessons/glossary.ts'
import { lessons, rulesOfLessons, ruleTitles } from '../../services/console/lessons/lessons.ts'
import { Visitor } from '../../services/console/lessons/play/visitor.ts'
import { wordCountOf } from '../../services/console/lessons/classroom/words.ts'
import { startEmbeddedLab } from '../helpers/embedded-lab.ts'
import { root } from '../helpers/lab.ts'

interface Attempt {
  id: string
  realm: string
  issuer: string
  home: string
  lair: string
  broken: boolean
  loot: { what: string, value: string }[]
  steps: { name: string, done: boolean }[]
}

interface Outcome { ok: boolean, says: string }

interface Proof {
  proven: boolean
  honest: Outcome
  attack: Outcome
  variants: (Outcome & { fails: string })[]
  others: { lesson: number }[]
}

interface Mended { tried: Outcome, attempt: Attempt }

// A proof is answered when all of it was played.
const fetch = createFetch({ timeouts: { headers: 5 * 60_000 } })
const lab = await startEmbeddedLab(t)
const api = createControlApiClient(lab.issuer)

/** A browser of somebody who learns, as far as its cookie goes. */
class Learner {
  #cookie = ''

  async call<T> (method: string, path: string, body?: object): Promise<{ status: number, body: T }> {
    const response = await fetch(lab.console + path, {
      method,
      headers: { ...(this.#cookie && { cookie: this.#cookie }), ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) })
    })
    const [set] = response.headers.getSetCookie()
    if (set) this.#cookie = set.split(';')[0]!
    const text = await response.text()
    return { status: response.status, body: (text === '' ? undefined : JSON.parse(text)) as T }
  }

  begin = async (lesson: number) => (await this.call<Attempt>('POST', `/lessons/${lesson}/attempts`)).body
  attempt = (id: string) => this.call<Attempt>('GET', `/attempts/${id}`)
  break = (id: string) => this.call<Attempt>('PUT', `/attempts/${id}/broken`, { broken: true })
  attack = (id: string) => this.call<Attempt & { error_description?: string }>('POST', `/attempts/${id}/moves`)
  mend = (id: string, condition: { mended: string[], edits?: boolean }) => this.call<Mended>('PUT', `/attempts/${id}/mended`, condition)
  prove = (id: string) => this.call<{ proof: Proof, attempt: Attempt }>('POST', `/attempts/${id}/proof`)
  /** Play one move of the attack. */
  move = (id: string, name: string) => this.call<Attempt & { error_description?: string }>('POST', `/attempts/${id}/moves/${name}`)

  /** Try a mend of one's own, in place of the careless check of a lesson: a proof but for its last line. */
  async tryOwn (lesson: number, rewrite: (source: string) => string): Promise<Omit<Proof, 'others'>> {
    const { body: { file, source } } = await this.call<{ file: string, source: string }>('PUT', `/lessons/${lesson}/edited-file`)
    writeFileSync(file, rewrite(source))
    return (await this.call<Proof>('POST', `/lessons/${lesson}/trials`, { mended: [], edits: true })).body
  }
}

const doneIn = ({ steps }: Attempt) => steps.filter(({ done }) => done).map(({ name }) => name)

t.test('a lesson goes from the honest sign-in by break, attack and gain to mend and proof, and ticks nothing that has not happened', async t => {
  const learner = new Learner()
  const { id } = await learner.begin(5)
  t.strictSame(doneIn((await learner.attempt(id)).body), [])
  t.equal((await learner.prove(id)).body.attempt.steps.at(-1)!.done, false, 'a proof of what was never broken proves nothing')

  await learner.call('POST', `/attempts/${id}/see`)
  t.strictSame(doneIn((await learner.attempt(id)).body), ['see'])
  t.match(await learner.attack(id), { status: 409, body: { error_description: 'This answer belongs to a sign-in that another browser has begun.' } }, 'strict, it is refused')
  t.strictSame(doneIn((await learner.attempt(id)).body), ['see'], 'and counts for nothing')

  await learner.break(id)
  const { body: attacked } = await learner.attack(id)
  t.match(attacked.loot, [{ value: '4000 1234 5678 9010' }])
  t.strictSame(doneIn(attacked), ['see', 'break', 'keep-answer', 'open-link', 'read-account', 'gain'])

  const { tried, attempt: stillBroken } = (await learner.mend(id, { mended: ['compares-nonce'] })).body
  t.match(tried, { ok: false, says: 'The attack still works: A card number that I never entered' })
  t.notOk(doneIn(stillBroken).includes('mend'), 'a wrong choice is no mend')
  const { proof: wrong, attempt } = (await learner.prove(id)).body
  t.match(wrong, { proven: false, honest: { ok: true }, attack: { ok: false } }, 'another check does not help')
  t.notOk(doneIn(attempt).includes('prove'))

  t.ok(doneIn((await learner.mend(id, { mended: ['binds-state'] })).body.attempt).includes('mend'), 'the right one is')
  t.notOk(doneIn((await learner.mend(id, { mended: ['checks-exp'] })).body.attempt).includes('mend'), 'and no more once another is chosen in its place')
  await learner.mend(id, { mended: ['binds-state'] })
  const { proof, attempt: mended } = (await learner.prove(id)).body
  t.match(proof, { proven: true, honest: { ok: true, says: 'Alice Anders is signed in' }, attack: { ok: true } })
  t.ok(mended.steps.every(({ done }) => done))
  t.match((await learner.call('GET', '/learner')).body, { progress: [{ lesson: 5, provenAt: Number }] })
})

t.test('twenty attempts at once do not see each other, and the main lab notices none of them', async t => {
  const before = { users: await api.users.list(), clients: await api.clients.list(), faults: await api.faults.active(), entries: (await api.ledger.query()).count }
  const learners = Array.from({ length: 20 }, () => new Learner())
  const attempts = await Promise.all(learners.map(learner => learner.begin(5)))
  await Promise.all(attempts.map(({ id }, number) => number % 2 === 0 && learners[number]!.break(id)))
  await Promise.all(attempts.map(({ id }, number) => learners[number]!.attack(id)))
  const ended = await Promise.all(attempts.map(async ({ id }, number) => (await learners[number]!.attempt(id)).body))
  t.strictSame(ended.map(({ loot }) => loot.length), ended.map((_, number) => number % 2 === 0 ? 1 : 0), 'each gains what is to be had in its own shop')
  t.equal(new Set(ended.map(({ realm }) => realm)).size, 20)
  const after = { users: await api.users.list(), clients: await api.clients.list(), faults: await api.faults.active(), entries: (await api.ledger.query()).count }
  t.strictSame(after, before)
  await Promise.all(attempts.map(({ id }, number) => learners[number]!.call('DELETE', `/attempts/${id}`)))
})

t.test('whoever reads for some minutes between two moves finds the code of the first still good', async t => {
  for (const [lesson, moves] of [[1, ['open-bookmark', 'read-log', 'redeem']], [2, ['sign-in', 'read-log', 'send-again']]] as const) {
    const learner = new Learner()
    const { id, issuer } = await learner.begin(lesson)
    await learner.break(id)
    for (const move of moves) {
      await createControlApiClient(issuer).clock.advance(120)
      t.match(await learner.call('POST', `/attempts/${id}/moves/${move}`), { status: 200 }, `lesson ${lesson}, ${move}`)
    }
    t.not((await learner.attempt(id)).body.loot.length, 0, `lesson ${lesson}`)
    await learner.call('DELETE', `/attempts/${id}`)
  }
})

t.test('starting over leaves nothing behind', async t => {
  const learner = new Learner()
  const first = await learner.begin(5)
  await learner.break(first.id)
  await learner.attack(first.id)
  const second = await learner.begin(5)
  t.match(second, { broken: false, loot: [] })
  t.equal((await learner.attempt(first.id)).status, 404)
  t.equal((await fetch(first.home)).status, 404, 'its shop is gone')
  t.notOk((await api.realms.list()).some(({ name }) => name === first.realm), 'and its realm')
  t.match((await learner.call<{ journeys: unknown[] }>('GET', `/journeys?realm=${first.realm}`)).body, { journeys: [] }, 'and what was exchanged in it')
})

t.test('a learner has two attempts at most: whoever begins a third ends the one that was used least lately', async t => {
  const learner = new Learner()
  const [first, second] = [await learner.begin(3), await learner.begin(4)]
  await learner.attempt(first.id)
  const third = await learner.begin(5)
  t.strictSame(await Promise.all([first, second, third].map(async ({ id }) => (await learner.attempt(id)).status)), [200, 404, 200])
  t.notOk((await api.realms.list()).some(({ name }) => name === second.realm), 'and its realm')
})

t.test('an attempt that was idle for an hour is gone', async t => {
  const learner = new Learner()
  const { id } = await learner.begin(5)
  await api.clock.advance(3_500)
  t.equal((await learner.attempt(id)).status, 200)
  await api.clock.advance(3_700)
  t.equal((await learner.attempt(id)).status, 404)
  await api.clock.reset()
})

t.test('an attempt goes on after the console was killed in the middle of it', async t => {
  await lab.isolate('console')
  const learner = new Learner()
  const { id } = await learner.begin(5)
  await learner.call('POST', `/attempts/${id}/see`)
  await learner.break(id)
  await learner.call('POST', `/attempts/${id}/moves/keep-answer`)
  await lab.kill('console')
  await lab.start('console')
  t.strictSame(doneIn((await learner.attempt(id)).body), ['see', 'break', 'keep-answer'])
  await learner.call('POST', `/attempts/${id}/moves/open-link`)
  const { body } = await learner.call<Attempt>('POST', `/attempts/${id}/moves/read-account`)
  t.match(body.loot, [{ value: '4000 1234 5678 9010' }], 'what was begun before is of use after it')
})

t.test('any code that defeats the attack counts, and none that locks Alice out or cannot be loaded', async t => {
  const learner = new Learner()
  const { id } = await learner.begin(5)
  await learner.break(id)
  await learner.mend(id, { mended: [], edits: true })
  const { body: { file, source } } = await learner.call<{ file: string, source: string }>('PUT', '/lessons/5/edited-file')
  t.ok(existsSync(file))
  t.match((await learner.prove(id)).body.proof, { proven: false, attack: { ok: false } }, 'as it is put there, it is careless')

  const rewrite = (body: string) => writeFileSync(file, source.replace(/\{\}\s*$/, body).replaceAll('_transaction', 'transaction').replaceAll('_browserCookie', 'cookie'))
  rewrite('{ if (![transaction.browser].includes(cookie)) throw new Error("not yours") }')
  t.match((await learner.prove(id)).body.proof, { proven: true })
  rewrite('{ throw new Error("nobody") }')
  t.match((await learner.prove(id)).body.proof, { proven: false, honest: { ok: false, says: 'nobody' }, attack: { ok: true } })
  rewrite('{ this is no code }')
  t.match((await learner.prove(id)).body.proof, { proven: false, honest: { ok: false, says: /binds-state\.ts/ } })
})

t.test('whoever stops checking signatures when the provider’s keys change is told which attack that opens', async t => {
  const learner = new Learner()
  const { id } = await learner.begin(12)
  await learner.break(id)
  t.match((await learner.mend(id, { mended: ['signature-unchecked'] })).body.tried, { ok: false, says: /^The attack fails, but this does, too/ })
  const { proof, attempt } = (await learner.prove(id)).body
  t.match(proof, { proven: false, honest: { ok: true }, attack: { ok: true } })
  t.ok(proof.others.some(({ lesson }) => lesson === 8), 'and so can Mallory, by a key of his own')
  t.notOk(doneIn(attempt).includes('mend'), 'that is no mend')
})

t.test('whoever takes any key where the provider has none of that name is not proven to know its keys', async t => {
  const proof = await new Learner().tryOwn(12, source => source.replace(/\{\n[\s\S]*\}/, '{ return known.find(key => key.kid === kid) ?? (await fetchKeys())[0] }'))
  t.match(proof, { proven: false, honest: { ok: true }, attack: { ok: true }, variants: [{ ok: false, says: /it has checked the signature with another key/ }] })
})

t.test('whoever knows people by a verified address, or by their subject alone, is told whom that takes for Alice', async t => {
  const learner = new Learner()
  const keyedBy = (key: string) => learner.tryOwn(14, source => source.replace(/return .*/, `return ${key}`))
  const failed = ({ variants }: Pick<Proof, 'variants'>) => variants.filter(({ ok }) => !ok).map(({ fails }) => fails)

  const byAddress = await keyedBy('profile.email_verified ? profile.email : `${claims.iss} ${claims.sub}`')
  t.match(byAddress, { proven: false, honest: { ok: true }, attack: { ok: true } })
  t.match(failed(byAddress), ['Alice loses her account when she changes her address', 'Whoever is given Alice’s old address, and has it verified, is taken for her'])
  const bySubject = await keyedBy('claims.sub')
  t.match(bySubject, { proven: false, honest: { ok: true }, attack: { ok: true } })
  t.match(failed(bySubject), ['Somebody with her subject at another provider is taken for her'])
  t.match(await keyedBy('JSON.stringify([claims.sub, claims.iss])'), { proven: true })
})

t.test('what Alice does by hand is ticked after the mend, too, and only by what came after the attacker’s move', async t => {
  const seen = new Learner()
  const { id, home } = await seen.begin(2)
  await new Visitor().visit(`${home}login`, { as: 'alice' })
  await seen.break(id)
  t.strictSame(doneIn((await seen.attempt(id)).body), ['see', 'break'], 'what was done to see the honest sign-in is no move of an attack')

  for (const { lesson, mended, move, step, address } of [
    { lesson: 10, mended: 'compares-iss-parameter', move: 'write-link', step: 'follow-link', address: ({ home }: Attempt) => `${home}login?at=evil` },
    { lesson: 12, mended: 'refetches-keys', move: 'wait-for-rotation', step: 'sign-in', address: ({ home }: Attempt) => `${home}login` }
  ]) {
    const learner = new Learner()
    const attempt = await learner.begin(lesson)
    await new Visitor().visit(`${attempt.home}login`, { as: 'alice' })
    await learner.break(attempt.id)
    await learner.mend(attempt.id, { mended: [mended] })
    await learner.move(attempt.id, move)
    t.notOk(doneIn((await learner.attempt(attempt.id)).body).includes(step), `lesson ${lesson}: a sign-in from before shows nothing`)
    await new Visitor().visit(address(attempt), { as: 'alice' }).catch(() => {})
    t.ok(doneIn((await learner.attempt(attempt.id)).body).includes(step), `lesson ${lesson}`)
  }
})

t.test('a session that was planted before the mend is over with it', async t => {
  const learner = new Learner()
  const { id } = await learner.begin(16)
  await learner.break(id)
  t.match((await learner.attack(id)).body.loot, [{ value: 'Alice Anders, alice@example.com' }])
  await learner.mend(id, { mended: ['compares-nonce'] })
  t.equal((await learner.move(id, 'share-session')).status, 200, 'by a wrong choice it is not')
  await learner.mend(id, { mended: ['renews-session-id'] })
  t.match(await learner.move(id, 'share-session'), { status: 409, body: { error_description: 'Nobody is signed in.' } })
})

t.test('the relying party of the lab refuses the attacks of lessons 7 and 8, and it is said of each in words what it was', async t => {
  for (const lesson of [7, 8]) {
    const learner = new Learner()
    const { id } = await learner.begin(lesson)
    const { body: { refused } } = await learner.call<{ refused: string }>('POST', `/attempts/${id}/real-attack`)
    t.match(refused, /^An ID token \S+.*: .+\. One \S+.*: .+\.$/)
    t.notMatch(refused, /^By |id-token-[a-z0-9-]+: /, 'by no name of a fault alone')
  }
})

t.test('a class that plays the same attack on the relying party of the lab at once is refused, each of them', async t => {
  const learner = new Learner()
  const { id } = await learner.begin(8)
  const answers = await Promise.all(Array.from({ length: 40 }, () => learner.call<{ error_description?: string }>('POST', `/attempts/${id}/real-attack`)))
  t.strictSame(answers.filter(({ status }) => status !== 200).map(({ body }) => body.error_description), [])
})

t.test('progress is kept, taken along as a file, and forgotten', async t => {
  const [learner, elsewhere] = [new Learner(), new Learner()]
  await learner.begin(3)
  t.match((await learner.call('GET', '/learner')).body, { name: '', progress: [{ lesson: 3 }] })
  const { body: file } = await learner.call<object>('GET', '/progress')
  await elsewhere.call('PUT', '/progress', file)
  t.match((await elsewhere.call('GET', '/learner')).body, file)
  t.equal((await elsewhere.call('PUT', '/progress', { progress: [{ lesson: 'five' }] })).status, 400, 'another file is refused')
  t.match((await elsewhere.call('GET', '/learner')).body, file, 'and changes nothing')
  t.match((await learner.call('DELETE', '/progress')).body, { progress: [] })
})

t.test('the teacher sees who is at which lesson and which step, by the names that were typed', async t => {
  const learner = new Learner()
  await learner.call('PUT', '/learner', { name: 'Zoë <b>' })
  const { id } = await learner.begin(5)
  await learner.call('POST', `/attempts/${id}/see`)
  const { members } = (await learner.call<{ members: { name: string }[] }>('GET', '/class/members')).body
  t.match(members.find(({ name }) => name === 'Zoë <b>'), { lesson: 5, step: 'Break it', proven: [] })
})

t.test('pages of other sites can do nothing in the classroom', async t => {
  for (const headers of [{ origin: 'http://evil.localhost' }, { 'sec-fetch-site': 'cross-site' }] as Record<string, string>[]) {
    t.equal((await fetch(`${lab.console}/lessons/5/attempts`, { method: 'POST', headers })).status, 403)
  }
})

t.test('each lesson has 150 words at most, terms that the glossary explains, and builds on lessons before it', async t => {
  for (const { number, about, hints, solution, buildsOn, sources } of lessons) {
    t.ok(wordCountOf(about) <= 150, `lesson ${number}: ${wordCountOf(about)} words`)
    const terms = [...about, ...hints, solution].flatMap(text => [...text.matchAll(/\[\[([^\]]+)\]\]/g)].map(([, term]) => term!))
    const known = Object.keys(glossary).map(term => term.toLowerCase())
    t.strictSame(terms.filter(term => !known.includes(term.toLowerCase())), [], `lesson ${number}`)
    t.ok(buildsOn.every(before => before < number && lessons.some(lesson => lesson.number === before)), `lesson ${number} builds on ${buildsOn.join()}`)
    t.ok(sources.length > 0 && sources.every(({ url }) => url.startsWith('https://')), `lesson ${number}`)
  }
  t.strictSame(Object.keys(ruleTitles).sort(), rulesOfLessons.toSorted(), 'each rule says what it asks')
  t.ok(Object.keys(glossary).length >= 30)
})

t.test('the relying party of the lab has no switch: nothing of it knows of the lessons', async t => {
  const files = globSync('**/*.{ts,js,eta}', { cwd: join(root, 'services/relying-party') })
  t.ok(files.length > 20)
  t.strictSame(files.filter(file => /careless|\blessons?\b/i.test(readFileSync(join(root, 'services/relying-party', file), 'utf8'))), [])
})

import createError from '@fastify/error'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyError } from 'fastify'
import { answerJsonError } from '#lib/control-api/json-errors.ts'
import { Type } from '#lib/validation/schema.ts'
import { choicesOf, type Attempt } from '../attempts/attempt.ts'
import { tickFrom } from '../attempts/tick.ts'
import { RealmError } from '../attempts/realm-client.ts'
import { EditedCheckError } from '../careless/checks.ts'
import { lessons, rulesOfLessons } from '../lessons.ts'
import { playAttack, playMove } from '../play/play-move.ts'
import { Play } from '../play/play.ts'
import { NotRefused } from '../play/real-relying-party.ts'
import { MoveRefused } from '../play/visitor.ts'
import type { Proof } from '../prove.ts'
import { viewOf } from './attempt-view.ts'
import type { Classroom } from './classroom.ts'
import { putEditedFile } from './edited-file.ts'
import { learnerOf } from './learner-cookie.ts'
import { stepsOf } from './steps.ts'

const NoSuchLesson = createError('NO_SUCH_LESSON', 'There is no lesson %s.', 404)
const NoSuchAttempt = createError('NO_SUCH_ATTEMPT', 'There is no such attempt, or it was idle for an hour. Begin the lesson anew.', 404)
const DidNotWork = createError('DID_NOT_WORK', '%s', 409)

const retryMs = 1_000

const ofLesson = { params: Type.Object({ number: Type.Integer() }) }
const ofAttempt = { params: Type.Object({ id: Type.String({ maxLength: 32 }) }) }
const condition = Type.Object({ mended: Type.Array(Type.String({ maxLength: 80 }), { maxItems: 40 }), edits: Type.Optional(Type.Boolean()) }, { additionalProperties: false })

function wordsOfTrial ({ honest, attack, variants }: Omit<Proof, 'others'>): string {
  if (!attack.ok) return `The attack still works: ${attack.says}`
  if (!honest.ok) return `The attack fails, and so does the honest sign-in: ${honest.says}`
  const failed = variants.find(({ ok }) => !ok)
  return failed ? `The attack fails, but this does, too. ${failed.fails}: ${failed.says}` : `The attack fails now: ${attack.says}`
}

export const lessonOf = (number: number) => {
  const lesson = lessons.find(lesson => lesson.number === number)
  if (!lesson) throw new NoSuchLesson(number)
  return lesson
}

/** Attempts at lessons, as JSON: what the page of a lesson does, and scripts can do as well. */
export const attemptRoutes: FastifyPluginAsyncTypebox<{ classroom: Classroom, url: string }> = async (app, { classroom, url }) => {
  const { attempts, prover, learners } = classroom
  // What a browser without a window, the provider or somebody's own code says is for whoever has asked.
  const saidToLearner = [MoveRefused, RealmError, EditedCheckError, NotRefused]
  app.setErrorHandler<FastifyError>((error, request, reply) =>
    answerJsonError(saidToLearner.some(kind => error instanceof kind) ? new DidNotWork(error.message) : error, request, reply))

  async function find (id: string): Promise<Attempt> {
    const attempt = await attempts.find(id)
    if (!attempt) throw new NoSuchAttempt()
    return attempt
  }

  const shown = async (attempt: Attempt) => {
    tickFrom(attempt)
    await attempts.keep(attempt)
    const learner = stepsOf(attempt).every(({ done }) => done) && await learners.get(attempt.state.learner)
    if (learner) await learners.note(learner, attempt.lesson.number, true)
    return viewOf(attempt, url)
  }

  app.post('/lessons/:number/attempts', { schema: ofLesson }, async (request, reply) => {
    const lesson = lessonOf(request.params.number)
    const learner = await learnerOf(request, reply, learners)
    for (const { id, lesson: number } of await attempts.all(learner.id)) {
      const former = number === lesson.number && await attempts.find(id)
      if (former) await attempts.end(former)
    }
    const attempt = await attempts.begin(lesson, learner.id)
    await lesson.prepare?.(new Play(attempt))
    await learners.note(learner, lesson.number, false)
    return shown(attempt)
  })

  app.get('/lessons/:number/attempt', { schema: ofLesson }, async (request, reply) => {
    const learner = await learnerOf(request, reply, learners)
    const state = (await attempts.all(learner.id)).find(({ lesson }) => lesson === request.params.number)
    return { attempt: state ? await shown(await find(state.id)) : null }
  })

  app.get('/attempts/:id', { schema: ofAttempt }, async ({ params }) => shown(await find(params.id)))

  app.delete('/attempts/:id', { schema: ofAttempt }, async ({ params }, reply) => {
    await attempts.end(await find(params.id))
    return reply.code(204).send()
  })

  app.get('/attempts/:id/events', { schema: ofAttempt, config: { log: false }, sse: { kind: 'only' }, exposeHeadRoute: false }, async ({ params }, reply) => {
    const attempt = await find(params.id)
    let wake = () => {}
    const unsubscribe = attempts.subscribe(attempt.id, () => wake())
    reply.sse.onClose(() => {
      unsubscribe()
      wake()
    })
    await reply.sse.send(events())

    async function * events () {
      while (reply.sse.isConnected) {
        const changed = new Promise<void>(resolve => { wake = resolve })
        yield { event: 'attempt', data: viewOf(attempt, url), retry: retryMs }
        await changed
      }
    }
  })

  app.put('/attempts/:id/broken', { schema: { ...ofAttempt, body: Type.Object({ broken: Type.Boolean() }, { additionalProperties: false }) } }, async ({ params, body }) => {
    const attempt = await find(params.id)
    Object.assign(attempt.state, { broken: body.broken, mended: [], edits: false })
    if (body.broken) attempt.note('break')
    await attempt.applyRules()
    return shown(attempt)
  })

  app.put('/attempts/:id/mended', { schema: { ...ofAttempt, body: condition } }, async ({ params, body: { mended, edits = false } }) => {
    const attempt = await find(params.id)
    Object.assign(attempt.state, { mended, edits })
    await attempt.applyRules()
    const tried = await prover.mends(attempt.lesson, { mended, edits })
    if (tried.proven && attempt.state.broken) attempt.tick('mend')
    else if (!attempt.state.ticked.includes('prove')) attempt.untick('mend')
    if (tried.proven && attempt.lesson.mendEndsSessions) attempt.memory.sessions = {}
    return { tried: { ok: tried.proven, says: wordsOfTrial(tried) }, attempt: await shown(attempt) }
  })

  app.post('/attempts/:id/see', { schema: ofAttempt }, async ({ params }) => {
    const attempt = await find(params.id)
    const play = new Play(attempt)
    if (attempt.lesson.honest) await attempt.lesson.honest(play)
    else await play.signIn(play.alice, 'alice')
    attempt.tick('see')
    return shown(attempt)
  })

  app.post('/attempts/:id/moves', { schema: ofAttempt }, async ({ params }) => {
    const attempt = await find(params.id)
    attempt.state.loot = []
    await playAttack(attempt).finally(() => attempts.keep(attempt))
    return shown(attempt)
  })

  app.post('/attempts/:id/moves/:move', { schema: { params: Type.Object({ ...ofAttempt.params.properties, move: Type.String({ maxLength: 80 }) }) } }, async ({ params }) => {
    const attempt = await find(params.id)
    await playMove(attempt, params.move).finally(() => attempts.keep(attempt))
    return shown(attempt)
  })

  app.post('/attempts/:id/proof', { schema: ofAttempt }, async ({ params }) => {
    const attempt = await find(params.id)
    const { mended, edits } = attempt.state
    const proof = await prover.prove(attempt.lesson, { mended, edits })
    if (proof.proven && attempt.state.broken) for (const step of ['mend', 'prove']) attempt.tick(step)
    else if (!attempt.state.ticked.includes('prove')) attempt.untick('mend')
    return { proof, attempt: await shown(attempt) }
  })

  app.post('/attempts/:id/real-attack', { schema: ofAttempt }, async ({ params }) => {
    const attempt = await find(params.id)
    const { onRealRelyingParty: attack } = attempt.lesson
    if (!attack) throw new DidNotWork('This lesson breaks the provider, not the application.')
    return { refused: await attack(new Play(attempt)) }
  })

  app.put('/lessons/:number/edited-file', { schema: ofLesson }, async ({ params }) => {
    const put = await putEditedFile(classroom.editsFolder, lessonOf(params.number))
    if (!put) throw new DidNotWork('This lesson breaks the provider, whose code is not here to be edited.')
    return put
  })

  app.get('/lessons/list', async () => ({
    lessons: lessons.map(({ number, title, mends, mendedByAll = false, ...lesson }) => ({
      number, title, mends, mendedByAll, badMends: (lesson.badMends ?? []).map(({ name }) => name), choices: choicesOf(lesson, rulesOfLessons), attacks: lesson.moves.length > 0
    }))
  }))

  // Without an attempt of one's own: for scripts and tests.
  app.post('/lessons/:number/attacks', { schema: { ...ofLesson, body: condition } }, async ({ params, body: { mended, edits = false } }) =>
    prover.attack(lessonOf(params.number), { mended, edits }))

  app.post('/lessons/:number/trials', { schema: { ...ofLesson, body: condition } }, async ({ params, body: { mended, edits = false } }) =>
    prover.mends(lessonOf(params.number), { mended, edits }))

  app.post('/lessons/:number/proofs', { schema: { ...ofLesson, body: condition } }, async ({ params, body: { mended, edits = false } }) =>
    prover.prove(lessonOf(params.number), { mended, edits }))
}

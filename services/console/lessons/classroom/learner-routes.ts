import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '#lib/validation/schema.ts'
import { lessons } from '../lessons.ts'
import { learnerOf } from './learner-cookie.ts'
import type { Learner } from './learners.ts'
import type { Classroom } from './classroom.ts'
import { stepsOf } from './steps.ts'

const progress = Type.Object({
  progress: Type.Array(Type.Object({
    lesson: Type.Integer({ minimum: 0, maximum: 99 }), begunAt: Type.Integer({ minimum: 0 }), provenAt: Type.Optional(Type.Integer({ minimum: 0 }))
  }, { additionalProperties: false }), { maxItems: 100 })
}, { additionalProperties: false })

const shown = ({ name, progress }: Learner) => ({ name, progress })

/** Who learns in this browser, how far they have come, and how far the whole class has. */
export const learnerRoutes: FastifyPluginAsyncTypebox<{ classroom: Classroom }> = async (app, { classroom: { learners, attempts } }) => {
  app.get('/learner', async (request, reply) => shown(await learnerOf(request, reply, learners)))

  app.put('/learner', { schema: { body: Type.Object({ name: Type.String({ maxLength: 60 }) }, { additionalProperties: false }) } }, async (request, reply) =>
    shown(await learners.rename(await learnerOf(request, reply, learners), request.body.name)))

  app.get('/progress', async (request, reply) => {
    const { progress } = await learnerOf(request, reply, learners)
    return reply.header('content-disposition', 'attachment; filename="lessons.json"').send({ progress })
  })

  app.put('/progress', { schema: { body: progress } }, async (request, reply) =>
    shown(await learners.setProgress(await learnerOf(request, reply, learners), request.body.progress)))

  app.delete('/progress', async (request, reply) => shown(await learners.setProgress(await learnerOf(request, reply, learners), [])))

  app.get('/class/members', { config: { log: false } }, async () => {
    const members = (await learners.all()).filter(({ name, progress }) => name !== '' || progress.length > 0).sort((a, b) => b.seenAt - a.seenAt)
    return { members: await Promise.all(members.map(memberOf)) }
  })

  async function memberOf ({ id, name, seenAt, progress }: Learner) {
    const latest = (await attempts.all(id)).sort((a, b) => b.usedAt - a.usedAt)[0]
    const lesson = latest && lessons.find(({ number }) => number === latest.lesson)
    const step = lesson && stepsOf({ lesson, state: latest }).find(({ done }) => !done)
    return {
      name,
      seenAt: Math.max(seenAt, latest?.usedAt ?? 0),
      ...(lesson && { lesson: lesson.number, step: step?.says ?? 'proven' }),
      proven: progress.filter(({ provenAt }) => provenAt !== undefined).map(({ lesson }) => lesson)
    }
  }
}

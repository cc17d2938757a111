import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { unnoticed } from '#lib/server/route-config.ts'
import { Type } from '#lib/validation/schema.ts'
import { choicesOf } from '../attempts/attempt.ts'
import { checkTitles, sourceOf, type CheckName } from '../careless/checks.ts'
import { glossary } from '../glossary.ts'
import type { Lesson } from '../lesson.ts'
import { lessons, rulesOfLessons, ruleTitles } from '../lessons.ts'
import { anchorOf, toHtml } from './words.ts'

/** Pages of the lessons: the path through them, one for each, the capstone, the class, and the glossary. */
export const lessonPageRoutes: FastifyPluginAsyncTypebox = async app => {
  app.get('/lessons', { config: unnoticed }, async (_request, reply) => reply.viewAsync('lessons', { page: 'lessons', title: 'Lessons', lessons }))

  app.get('/lesson', { config: unnoticed, schema: { querystring: Type.Object({ n: Type.Integer() }) } }, async ({ query }, reply) => {
    const lesson = lessons.find(({ number }) => number === query.n)
    if (!lesson) return reply.code(404).viewAsync('no-lesson', { title: 'No such lesson', number: query.n })
    const seen = new Set<string>()
    return reply.viewAsync('lesson', {
      page: 'lesson',
      title: `${lesson.number}. ${lesson.title}`,
      lesson,
      lessons,
      html: (text: string) => toHtml(text, seen),
      weak: await codeOf(lesson, 'careless'),
      strong: await codeOf(lesson, 'careful'),
      choices: choicesOf(lesson, rulesOfLessons).map(name => ({ name, title: titleOf(name, lesson) }))
    })
  })

  app.get('/capstone', { config: unnoticed }, async (_request, reply) => reply.viewAsync('capstone', { page: 'capstone', title: 'Capstone', lessons }))

  app.get('/class', { config: unnoticed }, async (_request, reply) => reply.viewAsync('class', { page: 'class', title: 'Class', lessons }))

  app.get('/glossary', { config: unnoticed }, async (_request, reply) =>
    reply.viewAsync('glossary', { title: 'Glossary', terms: Object.entries(glossary).sort(([a], [b]) => a.localeCompare(b)), anchorOf }))
}

const codeOf = ({ weakness }: Lesson, variant: 'careful' | 'careless') =>
  Promise.all((weakness.checks ?? []).map(async name => ({ name, code: (await sourceOf(name, variant)).replaceAll(/^import .*\n+/gm, '') })))

const titleOf = (choice: string, { badMends = [] }: Lesson) =>
  checkTitles[choice as CheckName] ?? badMends.find(({ name }) => name === choice)?.title ?? ruleTitles[choice]

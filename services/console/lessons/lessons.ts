import type { Lesson } from './lesson.ts'
import { whereTheCodeMayGo } from './catalogue/03-where-the-code-may-go.ts'
import { state } from './catalogue/05-state.ts'

/** All lessons, in the order of the path through them. */
export const lessons: Lesson[] = [whereTheCodeMayGo, state]

/** The rules of the provider that lessons break, for whoever has to choose among them. */
export const rulesOfLessons: string[] = [...new Set(lessons.flatMap(({ weakness }) => weakness.rules ?? []))]

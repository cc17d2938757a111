import { randomBytes } from 'node:crypto'
import { emptyMemory, type Memory } from '../careless/memory.ts'

/** What the attacker has got hold of. */
export interface Loot {
  what: string
  value: string
}

/** What is kept of an attempt, so that it goes on after a restart. */
export interface AttemptState {
  id: string
  lesson: number
  /** who makes it; nobody for one that only tries something out */
  learner?: string
  /** in epoch milliseconds by the clock of the system */
  usedAt: number
  broken: boolean
  /** checks and rules that were chosen */
  mended: string[]
  /** whether the file that is edited stands in for the weak check */
  edits: boolean
  /** the names of what has ticked itself */
  ticked: string[]
  /** when it was broken (`break`), and each move of the attacker’s done last, in epoch milliseconds by the clock of the system */
  doneAt: Record<string, number>
  loot: Loot[]
  /** by how much the attempt's clock is ahead */
  offsetSeconds: number
  /** what the attacker’s page says has happened, oldest first */
  log: string[]
  /** what the moves of the attack hand on to each other */
  kept: Record<string, string>
  /** cookies of the attacker’s browser and of the other one, where a move has begun one */
  cookies: Record<string, unknown>
  memory: Memory
}

/** An attempt in which nothing has happened yet. */
export const freshState = (lesson: number, learner?: string): AttemptState => ({
  id: randomBytes(6).toString('hex'),
  lesson,
  ...(learner !== undefined && { learner }),
  usedAt: Date.now(),
  broken: false,
  mended: [],
  edits: false,
  ticked: [],
  doneAt: {},
  loot: [],
  offsetSeconds: 0,
  log: [],
  kept: {},
  cookies: {},
  memory: emptyMemory()
})

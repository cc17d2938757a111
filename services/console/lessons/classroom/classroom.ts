import { join } from 'node:path'
import type { Store } from '#lib/store/store.ts'
import type { Journeys } from '../../journeys/journeys.ts'
import type { Sites } from '../play/scene.ts'
import { Attempts } from '../attempts/attempts.ts'
import { lessons } from '../lessons.ts'
import { Prover } from '../prove.ts'
import { Learners } from './learners.ts'

/** What the lessons are made of, for those who answer requests. */
export interface Classroom {
  attempts: Attempts
  prover: Prover
  learners: Learners
  /** where the files lie that people edit */
  editsFolder: string
}

/** Open the classroom on what was kept of it. */
export function openClassroom ({ store, sites, journeys, stateFolder }: { store: Store, sites: Sites, journeys: Journeys, stateFolder: string }): Classroom {
  const editsFolder = join(stateFolder, 'lessons')
  const attempts = new Attempts({ store, lessons, sites, journeys, editsFolder })
  return { attempts, prover: new Prover(attempts, lessons), learners: new Learners(store), editsFolder }
}

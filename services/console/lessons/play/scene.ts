import type { AttemptState } from '../attempts/attempt-state.ts'
import type { RealmClient } from '../attempts/realm-client.ts'

/** Where the two sites of the lessons are, without a slash at the end. */
export interface Sites { careless: string, evil: string, issuer: string, app: string }

/** Where an attack takes place: one attempt, as those see it who play in it. */
export interface Scene {
  readonly state: AttemptState
  readonly sites: Sites
  readonly realm: RealmClient
  /** address of the careless site’s first page, with a slash at the end */
  readonly home: string
  /** address of the attacker’s page, with a slash at the end */
  readonly lair: string
  /** Let time go on for the provider and the site, and for nobody else. */
  advance (seconds: number): Promise<void>
}

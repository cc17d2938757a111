import { createHash, timingSafeEqual } from 'node:crypto'
import type { SeededDirectory } from '../state/seeded-directory.ts'
import { usernameKey, type User } from './users.ts'

/** The users as the provider asks for them. */
export class Accounts {
  readonly #users: SeededDirectory<User>
  #bySub = new Map<string, User>()
  #onChange = () => {}

  constructor (users: SeededDirectory<User>) {
    this.#users = users
    this.#index()
    users.onChange(() => {
      this.#index()
      this.#onChange()
    })
  }

  #index () {
    this.#bySub = new Map(this.all.map(user => [user.sub, user]))
  }

  get all (): readonly User[] {
    return this.#users.all
  }

  onChange (listener: () => void): void {
    this.#onChange = listener
  }

  /** The user of this name, disabled or not. */
  named (username: string): User | undefined {
    return this.#users.get(usernameKey(username))
  }

  /** The user of this `sub`, disabled or not. */
  ofSub (sub: string): User | undefined {
    return this.#bySub.get(sub)
  }

  /** The enabled user of this `sub`. Somebody who is disabled while signed in is thereby signed out. */
  find (sub: string): User | undefined {
    const user = this.ofSub(sub)
    return user?.disabled ? undefined : user
  }

  /** The user who may sign in with these, or nothing; which of the three was wrong is not told, nor by the time it takes. */
  authenticate (username: string, password: string): User | undefined {
    const user = this.named(username)
    const right = equals(password, user?.password ?? '')
    return right && user && !user.disabled ? user : undefined
  }

  /** Add a user, or replace the one of that name. */
  put (user: User): Promise<void> {
    return this.#users.put(user)
  }

  remove (username: string): Promise<boolean> {
    return this.#users.remove(usernameKey(username))
  }

  /** Read what other replicas have changed. */
  reload (): Promise<void> {
    return this.#users.reload()
  }

  /** Back to the users that the lab began with. */
  reset (): Promise<void> {
    return this.#users.reset()
  }
}

function equals (a: string, b: string): boolean {
  const digest = (value: string) => createHash('sha256').update(value).digest()
  return timingSafeEqual(digest(a), digest(b))
}

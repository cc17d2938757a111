import type { Store } from '#lib/store/store.ts'
import { codeOf, secondsToNextStep, stepAt, stepOf } from './totp.ts'
import type { User } from './users.ts'

/** How often in `triesSeconds` a code may be wrong, for each user: of a million codes, three are right at any time. */
const tries = 5
const triesSeconds = 300

// Longer than any code is taken.
const usedSeconds = 120

/** What came of a code that was typed in. */
export type Verdict = 'right' | 'wrong' | 'used' | 'too many tries'

const usedCodes = (store: Store) => store.collection<true>('UsedCode')
const keyOf = (user: User, step: number) => `${user.sub} ${step}`

/** Take a code of the user's authenticator app: each once, and after some that were wrong none for a while. */
export async function takeCode (store: Store, user: User, typed: string): Promise<Verdict> {
  const triesOf = store.collection<true>('SecondFactorTry')
  if (!await begin()) return 'too many tries'
  const step = stepOf(user.second_factor!.totp_secret, typed.replaceAll(/\s/g, ''))
  if (step === undefined) return 'wrong'
  if (!await usedCodes(store).add(keyOf(user, step), true, { ttl: usedSeconds })) return 'used'
  await triesOf.deleteTagged(user.sub)
  return 'right'

  // Counted before it is looked at, so that many at once are no more than these.
  async function begin (): Promise<boolean> {
    for (let number = 0; number < tries; number++) {
      if (await triesOf.add(`${user.sub} ${number}`, true, { ttl: triesSeconds, tags: [user.sub] })) return true
    }
    return false
  }
}

/** The code that would be taken now, as the user's app shows it, or else how many seconds it takes to the next. */
export async function codeToShow (store: Store, user: User): Promise<{ code: string } | { waitSeconds: number }> {
  const now = stepAt()
  // Whoever signs in again at once would have to wait, so the neighbours serve too.
  for (const step of [now, now + 1, now - 1]) {
    if (!await usedCodes(store).get(keyOf(user, step))) return { code: codeOf(user.second_factor!.totp_secret, step) }
  }
  return { waitSeconds: secondsToNextStep() }
}

import createError from '@fastify/error'
import { realNow, type Clock } from '../clock/clock.ts'
import { Type } from '../validation/schema.ts'
import { mistakesIn, sentenceOf } from '../validation/validator.ts'

/** Ten years of 365.25 days: further away than anything here lasts. */
const maxOffsetSeconds = 315_576_000

const seconds = (description: string) => Type.Number({ minimum: -maxOffsetSeconds, maximum: maxOffsetSeconds, description })
const example = (value: object) => ({ additionalProperties: false, examples: [value] })

/** Body of `PUT /lab/clock`. */
export const clockOffset = Type.Object({
  offsetSeconds: seconds('Seconds by which the clock is to be ahead of the time of the system, negative for the past.')
}, example({ offsetSeconds: 3600 }))

/** Body of `POST /lab/clock/advance`. */
export const clockAdvance = Type.Object({
  seconds: seconds('Seconds by which to move the clock on, negative for back.')
}, example({ seconds: 3600 }))

/** What every call answers. */
export const clockState = Type.Object({
  offsetSeconds: Type.Number({ description: 'Seconds by which the clock is ahead of the time of the system.' }),
  now: Type.String({ description: 'What the clock says, by ISO 8601.' })
})

const TooFar = createError('CLOCK_TOO_FAR', '%s', 400)

/**
 * What to move a clock by, in the milliseconds of `Clock`.
 *
 * @throws 400 where it is more than ten years
 */
export function offsetMsOf (offsetSeconds: number): number {
  const mistakes = mistakesIn(clockOffset, { offsetSeconds })
  if (mistakes.length > 0) throw new TooFar(sentenceOf(mistakes))
  return Math.round(offsetSeconds * 1000)
}

/** A clock as `clockState` describes it. */
export const stateOf = ({ offsetMs }: Clock) =>
  ({ offsetSeconds: offsetMs / 1000, now: new Date(realNow() + offsetMs).toISOString() })

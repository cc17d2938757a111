import type { Finding } from '../examiner/examine.ts'
import { lanes, others, type Lane } from '../journeys/lanes.ts'
import type { PresentedMessage } from '../journeys/present.ts'
import type { PresentedJourney } from './presented-journey.ts'

/** A message, as whoever draws or tells it needs it. */
export interface Step {
  /** from 1 */
  number: number
  message: PresentedMessage
  /** places of sender and receiver among the lanes */
  from: number
  to: number
  /** `front`: through the browser; `back`: from server to server */
  channel: 'front' | 'back'
  /** what it is, in a few words */
  label: string
  /** how it ended; '' where there is nothing to say */
  status: string
  isRefused: boolean
  /** names of what counts among the parameters of the request, and of the answer */
  asked: string[]
  answered: string[]
  /** how long nothing had happened before */
  silenceMs: number
  findings: Finding[]
}

const laneOf = (party: string): Lane => lanes.find(lane => lane.party === party) ?? others
// The attacker of the lessons has a browser, too, and does these without it.
const serverToServer = new Set(['token', 'userinfo', 'jwks', 'discovery', 'backchannel_logout'])

const placeOf = (party: string) => lanes.indexOf(laneOf(party))

/** A journey as a sequence of arrows between lanes: what all pictures of it have in common. */
export function sequenceOf ({ messages, findings }: Pick<PresentedJourney, 'messages' | 'findings'>): { lanes: Lane[], steps: Step[] } {
  const parties = [...new Set(messages.flatMap(({ from, to }) => [from, to]))].sort((a, b) => placeOf(a) - placeOf(b))
  let quietSince = Infinity
  const steps = messages.map((message, index): Step => {
    const { from, to, status, frame, at, end, key, isInferred } = message
    const silenceMs = at - quietSince
    quietSince = index === 0 ? end : Math.max(quietSince, end)
    const ends = [from, to]
    return {
      number: index + 1,
      message,
      from: parties.indexOf(ends[0]!),
      to: parties.indexOf(ends[1]!),
      channel: ends.includes('browser') || (from === 'evil' && !serverToServer.has(message.endpoint)) ? 'front' : 'back',
      label: labelOf(message),
      status: isInferred || (frame && status < 400) ? '' : status === 0 ? 'broke off' : String(status),
      isRefused: !isInferred && (status === 0 || status >= 400),
      asked: carried(message.parameters),
      answered: carried(message.answer),
      silenceMs,
      findings: findings.filter(finding => finding.message === key)
    }
  })
  return { lanes: parties.map(party => ({ party, name: laneOf(party).name || party })), steps }
}

/** An identifier in a path says nothing by its length, nor does which attempt at a lesson it is of. */
const labelOf = ({ frame, endpoint, method, path }: PresentedMessage) =>
  frame ? endpoint : `${method} ${path.replace(/^\/(?:a\/[0-9a-f]{12}|realms\/lesson-[0-9a-f]{12})(?=\/)/, '').replace(/[^/]{24,}/g, part => `${part.slice(0, 6)}…`)}`

// What is made at one place to be redeemed, compared or proved at another.
const telling = new Set([
  'state', 'nonce', 'codechallenge', 'codeverifier', 'code', 'authcode', 'iss', 'requesturi', 'idtokenhint', 'idtoken', 'accesstoken',
  'refreshtoken', 'logouttoken', 'jwt', 'clientassertion', 'dpop', 'error'
])

function carried (values: PresentedMessage['parameters']): string[] {
  return values.flatMap(({ name, value }) => {
    const own = name.slice(name.lastIndexOf('.') + 1)
    return typeof value === 'string' && telling.has(own.replaceAll('_', '').toLowerCase()) ? [own] : []
  })
}

/** The checks of a step that do not hold, each in a sentence. */
export const failuresOf = ({ findings }: Step): string[] => findings.filter(({ ok }) => !ok).map(inWords)

/** A check that does not hold, and what came of it. */
export function inWords (finding: Finding): string {
  const { name, expected, found } = finding
  return `${name.replaceAll('-', ' ')}: expected ${cut(expected)}, found ${cut(found)}${cameOf(finding)}`
}

/** What came of a check that does not hold. */
export function cameOf (finding: Finding): string {
  const { by, outcome, mayGoOn } = finding
  if (wentOn(finding)) return ', and the application went on'
  if (mayGoOn && by === 'relying party' && outcome === 'accepted') return '; the application went on, which it may'
  return outcome === 'refused' ? '; the application refused it' : ''
}

/** Whether an application went on although something does not hold that it must check: that is what everybody has to see. */
export const wentOn = ({ ok, by, outcome, mayGoOn }: Finding): boolean => !ok && by === 'relying party' && outcome === 'accepted' && !mayGoOn

const cut = (text: string) => text.length > 48 ? `${text.slice(0, 47)}…` : text

/** A time that means the same wherever it is read. */
export const timeInWords = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`

/** How long something took, as people say it. */
export function durationInWords (ms: number): string {
  const units = [['d', 86_400_000], ['h', 3_600_000], ['min', 60_000], ['s', 1_000]] as const
  const [unit, size] = units.find(([, size]) => ms >= size) ?? ['ms', 1]
  return `${Math.round(ms / size)} ${unit}`
}

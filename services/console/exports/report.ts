import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Eta } from 'eta'
import type { Finding } from '../examiner/examine.ts'
import type { PresentedMessage, PresentedValue } from '../journeys/present.ts'
import type { Lane } from '../journeys/lanes.ts'
import { pictureOf, pictureStyle } from './picture.ts'
import { titleOf, type PresentedJourney } from './presented-journey.ts'
import { cameOf, durationInWords, inWords, sequenceOf, timeInWords, wentOn, type Step } from './sequence.ts'

const eta = new Eta({ views: import.meta.dirname, cache: true })

// In hundreds of messages that have the same values, all of the links would be a hundred megabytes.
const maxOthers = 12

/**
 * A journey as one HTML file that opens anywhere, without a network and without a script: picture, story, every message with its values,
 * tokens and checks. Its own policy forbids everything but its style sheets.
 *
 * @param journey what `GET /journeys/:id` of the console answers
 */
export function reportOf (journey: PresentedJourney): string {
  const { lanes, steps } = sequenceOf(journey)
  const style = readFileSync(join(import.meta.dirname, 'report.css'), 'utf8')
  const numbers = new Map(steps.map(({ message, number }) => [message.key, number]))
  const told = (findings: Finding[]) => findings.map(finding => ({ number: numbers.get(finding.message)!, words: inWords(finding) }))
  const failed = journey.findings.filter(({ ok }) => !ok)
  const places = placesOf(steps)
  return eta.render('./report', {
    title: titleOf(journey),
    about: [journey.clients.join(', '), timeInWords(journey.from), durationInWords(journey.to - journey.from), `${steps.length} messages`].filter(text => text !== '').join(' · '),
    contentSecurityPolicy: `default-src 'none'; style-src ${[style, pictureStyle].map(sheet => `'sha256-${hash('sha256', sheet, 'base64')}'`).join(' ')}; base-uri 'none'; form-action 'none'`,
    style,
    faults: journey.faults,
    alarms: told(failed.filter(wentOn)),
    failures: told(failed.filter(finding => !wentOn(finding))),
    verdict: verdictOf(journey.findings.length, failed.length),
    picture: pictureOf(journey, ({ number }) => `#message-${number}`),
    messages: steps.map(step => messageOf(step, lanes, places)),
    secrecy: steps.some(({ message }) => [...message.parameters, ...message.answer].some(({ secret, value }) => secret && !String(value).includes('…')))
      ? 'With secrets in full: codes, tokens and keys that may still be worth something.'
      : 'Secrets are shortened.'
  })
}

function verdictOf (count: number, failed: number): string {
  if (count === 0) return 'There was nothing to check.'
  return failed === 0 ? `All ${count} hold.` : `${failed} of ${count} ${failed === 1 ? 'does' : 'do'} not hold.`
}

/** Numbers of the messages that a value appears in, by what is the same for it wherever that is. */
type Places = Map<string, number[]>

function placesOf (steps: Step[]): Places {
  const places: Places = new Map()
  for (const { message, number } of steps) {
    const values = [...message.parameters, ...message.answer, ...message.tokens.flatMap(({ header, payload }) => [...header, ...payload])]
    for (const same of new Set(values.map(({ same }) => same))) {
      if (same === undefined) continue
      const numbers = places.get(same)
      if (numbers) numbers.push(number)
      else places.set(same, [number])
    }
  }
  return places
}

function messageOf (step: Step, lanes: Lane[], places: Places) {
  const { number, label, status, isRefused, channel, message, findings } = step
  const checks = findings.map(finding => ({ ...finding, name: finding.name.replaceAll('-', ' '), verdict: inShort(finding) }))
  const valuesOf = (values: PresentedValue[]) => values.map(value => valueOf(value, step, places))
  return {
    number,
    label,
    status,
    isRefused,
    way: `${lanes[step.from]!.name} to ${lanes[step.to]!.name}, ${message.isInferred ? 'not seen, inferred from the redirect' : channel === 'front' ? 'through the browser' : 'from server to server'}`,
    faults: message.faults,
    violations: message.violations,
    story: message.story,
    timing: `At ${new Date(message.at).toISOString()}, took ${Math.round(message.end - message.at)} ms. The lab's clock said ${message.time}.`,
    isOpen: checks.some(({ ok }) => !ok),
    failed: checks.filter(({ ok }) => !ok),
    held: checks.filter(({ ok }) => ok),
    sections: [
      { heading: 'Asked', values: valuesOf(message.parameters) },
      { heading: `Answered ${status}`.trim(), values: valuesOf(message.answer) },
      ...message.tokens.flatMap(({ name, header, payload }) => [
        { heading: `${name}: header`, values: valuesOf(header) }, { heading: `${name}: payload`, values: valuesOf(payload) }
      ]),
      { heading: 'Headers of the request', values: headersOf(message.requestHeaders) },
      { heading: 'Headers of the answer', values: headersOf(message.answerHeaders) }
    ].filter(({ values }) => values.length > 0)
  }
}

function inShort (finding: Finding): string {
  if (finding.ok) return '✓ holds'
  return `✗ does not hold${cameOf(finding)}`
}

const times = new Set(['iat', 'nbf', 'auth_time', 'exp'])

function valueOf ({ name, value, same, hash }: PresentedValue, { number, message }: Step, places: Places) {
  const elsewhere = (same: string | undefined) => (places.get(same ?? '') ?? []).filter(other => other !== number)
  const noted = (note: string, others: number[]) => ({ name, value, note, others: others.slice(0, maxOthers), more: Math.max(0, others.length - maxOthers) })
  if (times.has(name) && typeof value === 'number') return noted(timeBeside(value * 1_000, message), [])
  const challenged = elsewhere(hash)
  if (challenged.length > 0) return noted('its SHA-256 is the code_challenge of', challenged)
  const others = elsewhere(same)
  return noted(others.length === 0 ? '' : others[0]! < number ? 'from' : 'made here, again in', others)
}

/** A time in a token, by the clock that its message was dated by. */
function timeBeside (ms: number, { time }: PresentedMessage): string {
  const difference = ms - Date.parse(time)
  return `${timeInWords(ms)}, ${durationInWords(Math.abs(difference))} ${difference < 0 ? 'before' : 'after'} this message`
}

const headersOf = (headers: PresentedMessage['requestHeaders']) => Object.entries(headers).flatMap(([name, values]) =>
  [values].flat().map(value => ({ name, value, note: '', others: [], more: 0 })))

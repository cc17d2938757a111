import { titleOf, type PresentedJourney } from './presented-journey.ts'
import { durationInWords, failuresOf, sequenceOf, timeInWords, type Step } from './sequence.ts'

// What Mermaid draws unless it is told otherwise, as at GitHub: https://mermaid.js.org/config/schema-docs/config.html#maxtextsize
const maxLength = 50_000
const roomForLastLine = 200

const shortestSilenceMs = 1_000

/**
 * A journey as a sequence diagram in Mermaid's language. Solid arrows go through the browser, dashed ones from server to server.
 *
 * @see https://mermaid.js.org/syntax/sequenceDiagram.html
 */
export function mermaidOf (journey: PresentedJourney): string {
  const { lanes, steps } = sequenceOf(journey)
  const all = `p0${lanes.length > 1 ? `,p${lanes.length - 1}` : ''}`
  const lines = [
    'sequenceDiagram',
    `title ${text(`${titleOf(journey)}, ${timeInWords(journey.from)}`)}`,
    'autonumber',
    ...lanes.map(({ name }, place) => `participant p${place} as ${text(name)}`),
    `Note over ${all}: solid = through the browser, dashed = from server to server`
  ]
  let length = lines.join('\n').length
  for (const step of steps) {
    const own = linesOf(step, all)
    length += own.join('\n').length + 1
    if (length > maxLength - roomForLastLine) {
      lines.push(`Note over ${all}: ${steps.length - step.number + 1} more messages`)
      break
    }
    lines.push(...own)
  }
  return `${lines.join('\n')}\n`
}

function linesOf (step: Step, all: string): string[] {
  const { from, to, channel, label, status, asked, answered, message, silenceMs } = step
  const head = message.isInferred ? ')' : message.status === 0 ? 'x' : '>>'
  const said = [`${label} ${message.isInferred ? '(not seen, inferred)' : status}`, asked.join(', '), answered.length > 0 ? `→ ${answered.join(', ')}` : '']
  const [left, right] = [Math.min(from, to), Math.max(from, to)]
  const over = left === right ? `p${left}` : `p${left},p${right}`
  return [
    ...(silenceMs >= shortestSilenceMs ? [`Note over ${all}: ${durationInWords(silenceMs)}`] : []),
    `p${from}${channel === 'front' ? '-' : '--'}${head}p${to}: ${said.filter(line => line !== '').map(text).join('<br/>')}`,
    ...message.faults.map(fault => `Note over ${over}: ⚡ ${text(fault)}`),
    ...failuresOf(step).map(failure => `Note over ${over}: ✗ ${text(failure)}`)
  ]
}

/**
 * Text that says nothing to the parser: whatever could be markup, an entity, a comment, a directive, a statement or a formula is
 * written as the number of its character, which is not read before all is drawn.
 *
 * @see https://mermaid.js.org/syntax/sequenceDiagram.html#entity-codes-to-escape-characters
 */
const text = (words: string) => words.toWellFormed().replace(/[\s\p{C}]+/gu, ' ').trim()
  .replace(/[^\p{L}\p{M}\p{N} .,_/()=…→'-]/gu, character => `#${character.codePointAt(0)};`)

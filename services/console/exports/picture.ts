import type { Lane } from '../journeys/lanes.ts'
import { titleOf, type PresentedJourney } from './presented-journey.ts'
import { durationInWords, inWords, sequenceOf, timeInWords, wentOn, type Step } from './sequence.ts'

/** Colours by what they are for: in the light, and in the dark. */
const paints = {
  ground: ['#ffffff', '#0e1614'],
  card: ['#f2f6f4', '#16211e'],
  line: ['#c3d0ca', '#3a4c46'],
  ink: ['#14231f', '#e6f0ed'],
  muted: ['#55655f', '#9fb2ab'],
  accent: ['#0f5257', '#7fd6cf'],
  alert: ['#a11d2d', '#ff9aa5']
} as const
type Paint = keyof typeof paints

const gutter = 48
const laneWidth = 224
const margin = 16
const headHeight = 46
const lineHeight = 15
const noteLineHeight = 16
// Letters of a text without a serif are about so wide, as parts of its size.
const letterWidth = 0.6

const shortestSilenceMs = 1_000

/**
 * A journey as one SVG: lanes and arrows, a single line where a message went through the browser, a double one from server to server. It
 * has no script and asks for nothing, and turns dark where that is preferred. Colours are attributes too, for programs that know no
 * style sheet.
 *
 * @param hrefOf where an arrow leads when it is clicked, for a page that tells the story itself; without it the picture is an image by itself,
 *   with its title, and its story as description
 */
export function pictureOf (journey: PresentedJourney, hrefOf?: (step: Step) => string): string {
  const { lanes, steps } = sequenceOf(journey)
  const width = margin * 2 + gutter + Math.max(lanes.length, 2) * laneWidth
  const head = hrefOf ? { marks: [], height: 0 } : titlesOf(journey, width - 2 * margin)
  const parts: string[] = [...head.marks]
  const top = margin + head.height
  let y = top + headHeight + 12
  const rows = steps.map(step => {
    const drawn = rowOf(step, y, lanes, width)
    const place = `<rect x="0" y="${y}" width="${width}" height="${drawn.height}" fill="none" pointer-events="all"/>`
    const marks = `<title>${escape(step.message.story)}</title>${place}${drawn.marks}`
    y += drawn.height
    return hrefOf ? `<a href="${escape(hrefOf(step))}" tabindex="-1">${marks}</a>` : `<g>${marks}</g>`
  })
  const bottom = y + 8
  const height = bottom + 40

  parts.push(...lanes.map((lane, place) => headOf(lane, place, top, bottom, journey)), ...rows, legend(margin + gutter, bottom + 22))
  const description = steps.map(step => `${step.number}. ${inFull(step, lanes)}`).join(' ')
  const [label, told] = hrefOf
    ? ['aria-hidden="true"', '']
    : ['role="img" aria-labelledby="title" aria-describedby="description"', `<title id="title">${escape(titleOf(journey))}</title><desc id="description">${escape(description)}</desc>`]
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, 'Segoe UI', Roboto, 'Liberation Sans', Arial, sans-serif" ${label}>${told}` +
    `<style>${pictureStyle}</style><rect width="${width}" height="${height}" ${fill('ground')}/>${parts.join('\n')}</svg>\n`
}

/** Whose journey it is, when it was, and what everybody has to see. */
function titlesOf (journey: PresentedJourney, width: number): { marks: string[], height: number } {
  const { clients, from, messages, findings } = journey
  const about = [clients.join(', '), timeInWords(from), `${messages.length} messages`].filter(text => text !== '').join(' · ')
  const marks = [
    text(margin, margin + 22, cut(titleOf(journey), width, 20), { size: 20, weight: 650 }),
    text(margin, margin + 44, cut(about, width, 13), { size: 13, fill: 'muted' })
  ]
  let height = 64
  for (const finding of findings.filter(wentOn)) {
    const drawn = noteOf(margin, margin + height - 6, width, `✗ ${inWords(finding)}`, true)
    marks.push(drawn.marks)
    height += drawn.height + 6
  }
  return { marks, height }
}

/** The style sheet that is in each picture. */
export const pictureStyle = `@media (prefers-color-scheme: dark) { ${Object.entries(paints).map(([name, [, dark]]) =>
  `.fill-${name} { fill: ${dark}; } .stroke-${name} { stroke: ${dark}; }`).join(' ')} }`

/** A step in a sentence, for whoever does not see the picture. */
export function inFull (step: Step, lanes: Lane[]): string {
  const { from, to, label, status, message, findings } = step
  return [
    `${lanes[from]!.name} to ${lanes[to]!.name}: ${label}${status === '' ? '' : `, ${status}`}.`,
    ...message.faults.map(fault => `Fault: ${fault}.`),
    ...findings.filter(({ ok }) => !ok).map(finding => `Check that does not hold: ${inWords(finding)}.`)
  ].join(' ')
}

const fill = (paint: Paint | 'none') => paint === 'none' ? 'fill="none"' : `class="fill-${paint}" fill="${paints[paint][0]}"`
const stroke = (paint: Paint, width = 1) => `class="stroke-${paint}" stroke="${paints[paint][0]}" stroke-width="${width}"`

const centreOf = (place: number) => margin + gutter + (place + 0.5) * laneWidth

function headOf ({ name, party }: Lane, place: number, top: number, bottom: number, { services }: PresentedJourney): string {
  const x = centreOf(place)
  const url = Object.entries(services).find(([service]) => service === party)?.[1]
  const where = url === undefined ? '' : new URL(url).host
  return `<path d="M${x} ${top + headHeight}V${bottom}" ${stroke('line')}/>` +
    `<rect x="${x - laneWidth / 2 + 8}" y="${top}" width="${laneWidth - 16}" height="${headHeight}" rx="9" class="fill-card stroke-line" fill="${paints.card[0]}" stroke="${paints.line[0]}"/>` +
    text(x, top + (where === '' ? 28 : 20), cut(name, laneWidth - 32, 14), { size: 14, weight: 650, anchor: 'middle', rim: 'card' }) +
    (where === '' ? '' : text(x, top + 36, cut(where, laneWidth - 32, 11), { size: 11, fill: 'muted', anchor: 'middle', rim: 'card' }))
}

/** A message from its number to what there is to say about it. */
function rowOf (step: Step, y: number, lanes: Lane[], width: number): { marks: string, height: number } {
  const { from, to, number, label, status, isRefused, asked, answered, message, findings, silenceMs } = step
  const marks: string[] = []
  const start = y
  if (silenceMs >= shortestSilenceMs) {
    const middle = margin + gutter + lanes.length * laneWidth / 2
    marks.push(text(middle, y + 14, `${durationInWords(silenceMs)} later`, { size: 11, fill: 'muted', anchor: 'middle', style: 'italic' }))
    y += 24
  }
  const [a, b] = [centreOf(from), centreOf(to)]
  const room = Math.max(Math.abs(b - a), laneWidth) + 40
  const middle = Math.min(Math.max((a + b) / 2, margin + gutter + room / 2 - 20), width - margin - room / 2 + 20)
  const ending = message.isInferred ? ' inferred' : status === '' ? '' : ` ${status}`
  marks.push(text(margin + gutter / 2 - 4, y + 23, String(number), { size: 11, fill: 'muted', anchor: 'middle' }))
  marks.push(text(middle, y + 12, cut(label, room - ending.length * 8, 13), {
    size: 13, weight: 600, anchor: 'middle', after: ending, ...(isRefused && { fillAfter: 'alert' })
  }))
  marks.push(arrowOf(step, a, b, y + 22))
  y += 38
  for (const line of [asked.join(', '), answered.length > 0 ? `→ ${answered.join(', ')}` : '']) {
    if (line === '') continue
    marks.push(text(middle, y, cut(line, room, 11), { size: 11, fill: 'muted', anchor: 'middle' }))
    y += lineHeight
  }
  const notes = [
    ...message.faults.map(fault => ({ words: `⚡ ${fault}`, isAlarm: false })),
    ...findings.filter(({ ok }) => !ok).map(finding => ({ words: `✗ ${inWords(finding)}`, isAlarm: wentOn(finding) }))
  ]
  y -= 6
  for (const { words, isAlarm } of notes) {
    const drawn = noteOf(margin + gutter, y, lanes.length * laneWidth, words, isAlarm)
    marks.push(drawn.marks)
    y += drawn.height + 4
  }
  return { marks: marks.join(''), height: y + 8 - start }
}

/** One line through the browser, two from server to server; dashed where it is inferred, crossed out where the connection broke. */
function arrowOf ({ channel, isRefused, message: { isInferred, status } }: Step, a: number, b: number, y: number): string {
  const paint = isRefused ? 'alert' : 'accent'
  if (a === b) return `<path d="M${a} ${y - 6}h30v12h-26" ${stroke(paint, 2)} fill="none" stroke-dasharray="2 3"/>`
  const forward = a < b ? 1 : -1
  const tip = b - forward * 2
  const lines = channel === 'front' ? [0] : [-2, 2]
  const shaft = `<path d="${lines.map(offset => `M${a} ${y + offset}H${tip - forward * 8}`).join('')}" ${stroke(paint, channel === 'front' ? 2 : 1.5)} fill="none"${isInferred ? ' stroke-dasharray="6 5"' : ''}/>`
  const head = status === 0 && !isInferred
    ? `<path d="M${tip - forward * 10} ${y - 6}l${forward * 10} 12m0 -12l${forward * -10} 12" ${stroke(paint, 2)} fill="none"/>`
    : `<path d="M${tip} ${y}l${forward * -11} -6v12z" ${fill(paint)}/>`
  return shaft + head
}

function noteOf (x: number, y: number, width: number, words: string, isAlarm: boolean): { marks: string, height: number } {
  const lines = wrapped(words, width - 20, 12)
  const height = lines.length * noteLineHeight + 8
  return {
    marks: `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="6" class="fill-card stroke-alert" fill="${paints.card[0]}" stroke="${paints.alert[0]}" stroke-width="${isAlarm ? 2 : 1}"/>` +
      lines.map((line, index) => text(x + 10, y + 16 + index * noteLineHeight, line, { size: 12, fill: 'alert', rim: 'card', weight: isAlarm ? 650 : 400 })).join(''),
    height
  }
}

function legend (x: number, y: number): string {
  const line = (from: number, offsets: number[], width: number) => `<path d="${offsets.map(offset => `M${from} ${y - 4 + offset}h28`).join('')}" ${stroke('accent', width)} fill="none"/>`
  const word = (from: number, words: string) => text(from, y, words, { size: 11, fill: 'muted' })
  return line(x, [0], 2) + word(x + 36, 'through the browser') + line(x + 160, [-2, 2], 1.5) + word(x + 196, 'from server to server')
}

interface Lettering {
  size: number
  weight?: number
  fill?: Paint
  anchor?: 'middle'
  style?: 'italic'
  /** what stands behind it in a lighter weight */
  after?: string
  fillAfter?: Paint
  /** what it stands on */
  rim?: Paint
}

/** With a rim of the colour that it stands on, so that it can be read where it crosses a line. */
function text (x: number, y: number, words: string, { size, weight = 400, fill: paint = 'ink', anchor, style, after, fillAfter = 'muted', rim = 'ground' }: Lettering): string {
  const rest = after === undefined || after === '' ? '' : `<tspan ${fill(fillAfter)} font-weight="400">${escape(after)}</tspan>`
  return `<text x="${x}" y="${y}" font-size="${size}" font-weight="${weight}"${anchor ? ` text-anchor="${anchor}"` : ''}${style ? ` font-style="${style}"` : ''} class="fill-${paint} stroke-${rim}" fill="${paints[paint][0]}" stroke="${paints[rim][0]}" stroke-width="4" stroke-linejoin="round" paint-order="stroke">${escape(words)}${rest}</text>`
}

const lettersIn = (width: number, size: number) => Math.floor(width / size / letterWidth)

function cut (words: string, width: number, size: number): string {
  const letters = lettersIn(width, size)
  return words.length > letters ? `${words.slice(0, letters - 1)}…` : words
}

/** Lines of no more than this width; where a word is longer, it is broken. */
const wrapped = (words: string, width: number, size: number): string[] =>
  words.match(new RegExp(`\\S.{0,${lettersIn(width, size) - 1}}(?= |$)|\\S{${lettersIn(width, size)}}`, 'gs')) ?? ['']

/** Text as XML has it; what XML cannot have at all is a sign for that. */
const escape = (words: string) => words.toWellFormed()
  // eslint-disable-next-line no-control-regex
  .replace(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g, '\uFFFD')
  .replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)

import { webAddress } from '../shared/content-parts.js'
import { button, element } from '../shared/elements.js'
import { appointment, dayName, timeOfDay } from '../shared/times.js'
import { choiceButton } from './cards.js'

/** @import { ButtonChoice, DatePicker } from '../shared/content-parts.js' */

const DAYS_AT_FIRST = 3

/**
 * The times to choose from, day by day.
 * @param {DatePicker} picker
 * @param {(choice: Pick<ButtonChoice, 'type' | 'message' | 'postback'>) => void} choose
 */
export function drawDatePicker ({ title, subtitle, imageUrl, availableTimes = [] }, choose) {
  const picture = webAddress(imageUrl)
  const drawn = element('div', { class: 'choices', role: 'group', 'aria-label': title || 'Choose a time' })
  if (picture) drawn.append(element('img', { src: picture, alt: '', loading: 'lazy', referrerpolicy: 'no-referrer' }))
  const words = element('div', { class: 'words' }, element('strong', { dir: 'auto' }, title || 'Choose a time'))
  if (subtitle) words.append(element('span', { dir: 'auto' }, subtitle))
  const days = [...byDay(availableTimes)].map(([day, times]) => drawDay(day, times, choose))
  const more = button('More times', 'choice', () => {
    for (const day of days) day.hidden = false
    days[DAYS_AT_FIRST]?.querySelector('button')?.focus()
    more.remove()
  })
  for (const day of days.slice(DAYS_AT_FIRST)) day.hidden = true
  drawn.append(words, ...days, ...(days.length > DAYS_AT_FIRST ? [more] : []))
  return drawn
}

/** @param {{ dateTime: string }[]} available */
function byDay (available) {
  const times = available.map(({ dateTime }) => ({ dateTime, time: new Date(dateTime) }))
    .filter(({ time }) => !Number.isNaN(time.getTime()))
    .sort((one, other) => one.time.getTime() - other.time.getTime())
  return Map.groupBy(times, ({ time }) => dayName(time))
}

/**
 * @param {string} day
 * @param {{ dateTime: string, time: Date }[]} times
 * @param {(choice: Pick<ButtonChoice, 'type' | 'message' | 'postback'>) => void} choose
 */
function drawDay (day, times, choose) {
  const buttons = times.map(({ dateTime, time }) => {
    const message = appointment(time)
    const press = () => choose({ type: 'DatePicker', message, postback: dateTime })
    const created = choiceButton(element('span', {}, timeOfDay(time)), dateTime, press)
    created.setAttribute('aria-label', message)
    return created
  })
  return element('div', { class: 'day-of-times', role: 'group', 'aria-label': day },
    element('span', { class: 'size' }, day), element('div', { class: 'times' }, ...buttons))
}

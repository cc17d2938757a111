import { element } from './elements.js'

const TIME = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' })
const DAY = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' })
const DAY_OF_YEAR = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', year: 'numeric' })
const APPOINTMENT = new Intl.DateTimeFormat(undefined, {
  weekday: 'short', day: 'numeric', month: 'long', hour: '2-digit', minute: '2-digit'
})

/** @param {Date} time */
export function clock (time) {
  return element('time', { dir: 'auto', datetime: time.toISOString(), title: APPOINTMENT.format(time) }, TIME.format(time))
}

/** @param {Date} time */
export function timeOfDay (time) {
  return TIME.format(time)
}

/** @param {Date} time */
export function appointment (time) {
  return APPOINTMENT.format(time)
}

/**
 * A day of the calendar, wherever one is.
 * @param {string} day As 2026-11-28.
 */
export function calendarDay (day) {
  const time = new Date(`${day}T00:00`)
  return Number.isNaN(time.getTime()) ? day : DAY_OF_YEAR.format(time)
}

/** @param {Date} time */
export function dayName (time) {
  const now = new Date()
  if (isSameDay(time, now)) return 'Today'
  if (isSameDay(time, new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1))) return 'Yesterday'
  return (time.getFullYear() === now.getFullYear() ? DAY : DAY_OF_YEAR).format(time)
}

/**
 * @param {Date} one
 * @param {Date} other
 */
export function isSameDay (one, other) {
  return one.toDateString() === other.toDateString()
}

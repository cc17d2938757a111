import { webAddress } from '../shared/content-parts.js'
import { element, externalLink, iconButton, ICONS } from '../shared/elements.js'

/** @import { ButtonChoice, Card, CardAction } from '../shared/content-parts.js' */

/**
 * One card as it is, several as a row that scrolls sideways.
 * @param {Card[]} cards
 * @param {(choice: Pick<ButtonChoice, 'type' | 'message' | 'postback'>) => void} choose
 */
export function drawCards (cards, choose) {
  const drawn = cards.map((card) => drawCard(card, choose))
  const [only] = drawn
  return only && drawn.length === 1 ? only : drawCarousel(drawn)
}

/**
 * @param {Card} card
 * @param {(choice: Pick<ButtonChoice, 'type' | 'message' | 'postback'>) => void} choose
 */
function drawCard ({ title = '', description, image, video, defaultAction, actions = [] }, choose) {
  const target = defaultAction?.type === 'Link' ? webAddress(defaultAction.url) : undefined
  const picture = webAddress(image)
  const drawn = element('div', { class: 'choices', role: 'group', 'aria-label': title || 'Card' })
  // What the image shows is said by the title beside it.
  if (picture) drawn.append(element('img', { src: picture, alt: '', loading: 'lazy', referrerpolicy: 'no-referrer' }))
  const film = webAddress(video)
  if (film) drawn.append(element('video', { src: film, controls: '', preload: 'metadata', 'aria-label': `Video: ${title}` }))
  const heading = target ? externalLink(target, {}, title) : defaultAction?.type === 'Postback' ? titleButton(title, defaultAction, choose) : title
  const words = element('div', { class: 'words' }, element('strong', { dir: 'auto' }, heading))
  if (description) words.append(element('span', { dir: 'auto' }, description))
  drawn.append(words, ...actions.flatMap((action) => drawAction(action, choose) ?? []))
  return drawn
}

/**
 * @param {CardAction} action
 * @param {(choice: Pick<ButtonChoice, 'type' | 'message' | 'postback'>) => void} choose
 */
function drawAction ({ type, text = '', url, payload = text }, choose) {
  if (type !== 'Link' && type !== 'Postback') return
  const label = element('span', { dir: 'auto' }, text)
  if (type === 'Link') {
    const target = webAddress(url)
    return target ? externalLink(target, { class: 'choice' }, label) : element('span', { class: 'choice' }, label, ` ${url ?? ''}`)
  }
  return choiceButton(label, payload, () => choose({ type: 'Button', message: text, postback: payload }))
}

/**
 * @param {string} title
 * @param {CardAction} action What choosing the card itself sends.
 * @param {(choice: Pick<ButtonChoice, 'type' | 'message' | 'postback'>) => void} choose
 */
function titleButton (title, { text = title, payload = text }, choose) {
  const created = choiceButton(element('span', { dir: 'auto' }, title), payload, () => choose({ type: 'Button', message: text, postback: payload }))
  created.classList.replace('choice', 'link')
  return created
}

/**
 * A button that answers the message it belongs to, once.
 * @param {HTMLElement} label
 * @param {string} payload
 * @param {() => void} press
 */
export function choiceButton (label, payload, press) {
  const created = element('button', { type: 'button', class: 'choice', 'data-payload': payload }, label)
  created.addEventListener('click', () => { if (created.getAttribute('aria-disabled') !== 'true') press() })
  return created
}

/** @param {HTMLElement[]} cards */
function drawCarousel (cards) {
  const items = cards.map((card) => element('li', {}, card))
  const track = element('div', { class: 'track', role: 'region', tabindex: '0', 'aria-label': `${cards.length} cards to choose from` },
    element('ul', {}, ...items))
  // Written from right to left, places are negative, and so is where to scroll.
  const placeOf = (/** @type {HTMLElement | undefined} */ item) => (item?.offsetLeft ?? 0) - (items[0]?.offsetLeft ?? 0)
  let current = 0
  /** @type {number | undefined} Where a turn under way leads. */
  let goal
  const turn = (/** @type {1 | -1} */ way) => {
    current = Math.min(Math.max(current + way, 0), items.length - 1)
    const furthest = track.scrollWidth - track.clientWidth
    const left = Math.min(Math.max(placeOf(items[current]), -furthest), furthest)
    if (Math.abs(left - track.scrollLeft) > 1) goal = left
    track.scrollTo({ left })
  }
  const back = iconButton('Previous card', 'turn back', ICONS.start, () => turn(-1))
  const on = iconButton('Next card', 'turn on', ICONS.end, () => turn(1))
  const update = () => {
    const place = Math.abs(track.scrollLeft)
    const focused = [back, on].find((arrow) => arrow.matches(':focus'))
    back.hidden = place < 4
    on.hidden = place > track.scrollWidth - track.clientWidth - 4
    if (focused?.hidden) track.focus()
  }
  track.addEventListener('scroll', update)
  for (const type of ['wheel', 'pointerdown', 'keydown']) track.addEventListener(type, () => { goal = undefined }, { passive: true })
  track.addEventListener('scrollend', () => {
    // That of a turn may come once the next has begun, which counts from where the first led.
    if (goal !== undefined && Math.abs(track.scrollLeft - goal) > 1) return
    goal = undefined
    const distances = items.map((item) => Math.abs(placeOf(item) - track.scrollLeft))
    current = distances.indexOf(Math.min(...distances))
  })
  new ResizeObserver(update).observe(track)
  return element('div', { class: 'carousel' }, track, back, on)
}

import { inAddress, keepInAddress } from './address.js'
import { element, find } from './elements.js'
import { HostPageSwitch } from './host-page.js'

/** This is the window beside the one that the shop has. */
const isBesideShop = inAddress('beside') === 'shop'
document.body.classList.toggle('beside-shop', isBesideShop)

// As in stage.css.
const isWide = matchMedia('(min-width: 1000px)')

const panes = find('.panes', HTMLElement)
const type = find('.type', HTMLSelectElement)
const fullScreen = find('.full-screen', HTMLButtonElement)
const frames = [...document.querySelectorAll('iframe')]

/** Not before there is room: what nobody sees need not run. */
function fill () {
  if (!isWide.matches && !isBesideShop) return
  for (const frame of frames) if (frame.src === '') frame.src = frame.dataset['url'] ?? ''
}
isWide.addEventListener('change', fill)
fill()

for (const frame of frames) frame.addEventListener('load', () => showPicture(frame.contentDocument))

/**
 * In a pane the live page is the picture and nothing around it.
 * @param {Document | null} live nothing of another origin
 */
function showPicture (live) {
  if (live?.querySelector('.messages')) live.head.append(element('link', { rel: 'stylesheet', href: 'assets/in-pane.css' }))
}

/** @param {HTMLElement | undefined} pane the one that has all the room, or none */
function enlarge (pane) {
  for (const other of panes.querySelectorAll('.pane')) {
    const isIt = other === pane
    other.classList.toggle('aside', pane !== undefined && !isIt)
    const button = other.querySelector('.enlarge')
    button?.setAttribute('aria-pressed', String(isIt))
  }
  panes.classList.toggle('one', pane !== undefined)
}

for (const pane of panes.querySelectorAll('.pane')) {
  if (!(pane instanceof HTMLElement)) continue
  const frame = pane.querySelector('iframe')
  const button = pane.querySelector('.enlarge')
  button?.addEventListener('click', () => enlarge(button.getAttribute('aria-pressed') === 'true' ? undefined : pane))
  const reload = pane.querySelector('.reload')
  if (frame) reload?.addEventListener('click', () => { frame.src = frame.dataset['url'] ?? '' })
  else reload?.remove()
}
document.addEventListener('keydown', ({ key }) => { if (key === 'Escape') enlarge(undefined) })

// As wide as its pane is in a window that has all of it.
const shopWidth = screen.availWidth * 0.4

/**
 * Next to the other one: of two that overlap, a click into the one would hide the other.
 * @param {string} url
 * @param {string} target
 * @param {{ left: number, width: number }} column of the screen
 * @param {string[]} features
 */
function openColumn (url, target, { left, width }, ...features) {
  const { availLeft = 0, availTop = 0 } = /** @type {Screen & { availLeft?: number, availTop?: number }} */ (screen)
  const place = { left: availLeft + left, top: availTop, width, height: screen.availHeight }
  window.open(url, target, ['popup', ...features, ...Object.entries(place).map(([name, value]) => `${name}=${Math.round(value)}`)].join())
}

const openShop = find('.open-shop', HTMLButtonElement)
// The shop's policy cuts the tie to whoever has opened it, so it is not held on to.
const showShop = () => openColumn(openShop.dataset['url'] ?? '', '_blank', { left: 0, width: shopWidth }, 'noopener')
openShop.addEventListener('click', showShop)
document.querySelector('.side-by-side')?.addEventListener('click', () => {
  // In this order, as a browser may open the first alone: the other is to be had from there.
  openColumn('stage?beside=shop', 'stage-beside-shop', { left: shopWidth, width: screen.availWidth - shopWidth })
  showShop()
})

const showType = () => panes.style.setProperty('--type', type.value)
type.value = inAddress('type') || type.value
if (type.value === '') type.value = '1'
type.addEventListener('change', () => {
  keepInAddress('type', type.value === '1' ? '' : type.value)
  showType()
})
showType()

fullScreen.hidden = !document.fullscreenEnabled
fullScreen.addEventListener('click', () => document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen())
document.addEventListener('fullscreenchange', () => {
  fullScreen.textContent = document.fullscreenElement ? 'Leave full screen' : 'Full screen'
})

new HostPageSwitch(find('.host-page', HTMLElement)).start()

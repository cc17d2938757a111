import { inAddress, keepInAddress } from './address.js'
import { Clients } from './controls/clients.js'
import { LabClock } from './controls/clock.js'
import { Faults } from './controls/faults.js'
import { Keys } from './controls/keys.js'
import { Lab } from './controls/lab.js'
import { OnNow } from './controls/on-now.js'
import { Users } from './controls/users.js'
import { find } from './elements.js'
import { HostPageSwitch } from './host-page.js'
import { chosenRealm } from './realm-chooser.js'
import { watchRunning } from './running.js'

// A fault that ends by itself is no change that anybody tells of.
const longestWaitMs = 24 * 60 * 60 * 1_000

const place = find('.sections', HTMLElement)
const problem = find('.problem', HTMLElement)
const status = find('.status', HTMLElement)
const tabs = [...document.querySelectorAll('[role=tab]')].filter(tab => tab instanceof HTMLButtonElement)

/** All that shows one realm: another realm is shown by others. */
class Controls {
  #lab
  #parts
  #onNow
  #keys
  #faults
  #clock
  /** @type {Promise<void> | undefined} */
  #loading
  #isLeft = false
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #ending
  /** Whether what is shown may not be what there is. */
  isOutOfDate = false

  constructor () {
    this.#lab = new Lab(place.dataset['issuer'] ?? '', chosenRealm(), status, () => this.refresh())
    this.#onNow = new OnNow(this.#lab)
    this.#faults = new Faults(this.#lab)
    this.#clock = new LabClock(this.#lab)
    this.#keys = new Keys(this.#lab)
    this.#parts = [this.#faults, new Users(this.#lab), new Clients(this.#lab), this.#clock, this.#keys]
  }

  leave () {
    this.#isLeft = true
    clearTimeout(this.#ending)
    this.#faults.leave()
    this.#clock.leave()
  }

  /** Show what there is now: what is under way may not have seen what was just changed. */
  async refresh () {
    await this.#loading
    this.#loading = this.#load()
    await this.#loading
  }

  async #load () {
    try {
      const state = await this.#lab.load()
      if (this.#isLeft) return
      for (const part of this.#parts) part.show(state)
      await this.#onNow.show(state)
      await this.#keys.offerAlgorithms()
      this.#lookAgainAtEndOf(state)
      this.isOutOfDate = false
      problem.hidden = true
    } catch (error) {
      if (this.#isLeft) return
      this.isOutOfDate = true
      problem.textContent = `This may be out of date. ${error instanceof Error ? error.message : error} Trying again.`
      problem.hidden = false
    }
  }

  /** @param {string} realm */
  sayThereIsNone (realm) {
    this.isOutOfDate = false
    problem.textContent = `There is no realm ${realm}: not any more, or not yet. Choose another at the top. Nothing below is so now.`
    problem.hidden = false
  }

  /** @param {import('./controls/lab.js').State} state */
  #lookAgainAtEndOf ({ active, clock }) {
    clearTimeout(this.#ending)
    const ends = active.flatMap(({ expiresAt }) => expiresAt === undefined ? [] : [Date.parse(expiresAt)])
    if (ends.length === 0) return
    const leftMs = Math.min(...ends) - Date.now() - clock.offsetSeconds * 1_000
    this.#ending = setTimeout(() => this.refresh(), Math.min(Math.max(leftMs, 0) + 250, longestWaitMs))
  }
}

let controls = new Controls()
// It is of the whole lab, whichever realm is chosen.
new HostPageSwitch(find('.host-page', HTMLElement)).start()

/** @type {string | undefined} */
let shown
// Changes are rare: all of it is asked for where there was one, or where it could not be had.
watchRunning(running => {
  const realm = chosenRealm()
  const now = JSON.stringify([running?.version, running?.services['idp'], realm])
  if (now === shown && !controls.isOutOfDate) return
  shown = now
  const isGone = realm !== '' && running?.services['idp'] === true && !running.realms.some(({ name }) => name === realm)
  if (isGone) controls.sayThereIsNone(realm)
  else controls.refresh()
})
document.addEventListener('realmchosen', () => {
  controls.leave()
  controls = new Controls()
  controls.refresh()
})

/** @param {HTMLButtonElement} chosen */
function choose (chosen) {
  for (const tab of tabs) {
    tab.setAttribute('aria-selected', String(tab === chosen))
    tab.tabIndex = tab === chosen ? 0 : -1
    find(`#${tab.getAttribute('aria-controls')}`, HTMLElement).hidden = tab !== chosen
  }
}

tabs.forEach((tab, index) => {
  tab.addEventListener('click', () => {
    choose(tab)
    keepInAddress('section', tab.getAttribute('aria-controls') ?? '')
  })
  tab.addEventListener('keydown', ({ key }) => {
    const step = key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : 0
    const next = step === 0 ? undefined : tabs.at((index + step) % tabs.length)
    next?.click()
    next?.focus()
  })
})
const wanted = tabs.find(tab => tab.getAttribute('aria-controls') === inAddress('section')) ?? tabs[0]
if (wanted) choose(wanted)

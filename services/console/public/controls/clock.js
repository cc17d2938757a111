import { aheadInWords } from '../clock-offset.js'
import { element, find } from '../elements.js'
import { commandOf, curlDisclosure } from './calls.js'

/** @import { Call } from './control-api.js' */
/** @import { Lab, State } from './lab.js' */

const hourSeconds = 3_600
const daySeconds = 24 * hourSeconds
const steps = /** @type {const} */ ([['−1 day', -daySeconds], ['−1 h', -hourSeconds], ['+1 h', hourSeconds], ['+1 day', daySeconds], ['+30 days', 30 * daySeconds]])
const tickMs = 1_000

/** The clock of the lab. */
export class LabClock {
  #lab
  #slider = find('#clock input[type=range]', HTMLInputElement)
  #said = find('#clock .ahead', HTMLElement)
  #now = find('#clock .lab-time', HTMLElement)
  #system = find('#clock .system-time', HTMLElement)
  #services = find('#clock .services', HTMLElement)
  #command = find('#clock .slider-command', HTMLElement)
  #at = find('#clock form input', HTMLInputElement)
  /** Nobody's hand is moved away. */
  #isHeld = false
  #offsetSeconds = 0
  #labMs = 0
  #heardMs = 0
  #abort = new AbortController()

  /** @param {Lab} lab */
  constructor (lab) {
    this.#lab = lab
    const { signal } = this.#abort
    const back = /** @returns {Call} */ () => ({ method: 'DELETE', path: '/clock' })
    const moves = steps.map(([label, seconds]) => ({ label, call: /** @returns {Call} */ () => ({ method: 'POST', path: '/clock/advance', body: { seconds } }) }))
    const { button, place } = curlDisclosure(lab, 'clock', () => [...moves.map(({ call }) => call()), back()])
    find('#clock .bar', HTMLElement).replaceChildren(...moves.map(({ label, call }) => this.#mover(label, call)), this.#mover('Back to now', back), button, place)
    find('#clock .whose', HTMLElement).textContent = lab.isRealm
      ? 'A realm has a clock of its own: the other services of the lab keep theirs.'
      : 'The provider, the relying party and genesys move together: lifetimes of tokens, sessions and codes at once. Browsers keep the time of the system.'
    this.#services.replaceChildren()
    this.#slider.addEventListener('input', () => {
      this.#isHeld = true
      this.#preview()
    }, { signal })
    this.#slider.addEventListener('change', async () => {
      await this.#move(setTo(this.#slider.valueAsNumber))
      this.#isHeld = false
    }, { signal })
    find('#clock form', HTMLFormElement).addEventListener('submit', event => {
      event.preventDefault()
      const at = new Date(this.#at.value).getTime()
      if (!Number.isNaN(at)) this.#move(setTo(Math.round((at - this.#systemMs()) / 1_000)))
    }, { signal })
    const ticking = setInterval(() => this.#tick(), tickMs)
    signal.addEventListener('abort', () => clearInterval(ticking))
  }

  leave () {
    this.#abort.abort()
  }

  /** @param {Pick<State, 'clock'>} state */
  show ({ clock: { offsetSeconds, now } }) {
    this.#labMs = Date.parse(now)
    this.#heardMs = performance.now()
    this.#offsetSeconds = offsetSeconds
    this.#said.textContent = offsetSeconds === 0 ? 'as the system' : aheadInWords(offsetSeconds)
    if (!this.#isHeld) {
      this.#slider.value = String(offsetSeconds)
      this.#preview()
    }
    this.#tick()
  }

  #systemMs () {
    return this.#labMs - this.#offsetSeconds * 1_000 + performance.now() - this.#heardMs
  }

  #tick () {
    const system = this.#systemMs()
    this.#now.textContent = new Date(system + this.#offsetSeconds * 1_000).toLocaleString(undefined, { dateStyle: 'full', timeStyle: 'medium' })
    this.#system.textContent = new Date(system).toLocaleString(undefined, { dateStyle: 'full', timeStyle: 'medium' })
  }

  #preview () {
    const offset = this.#slider.valueAsNumber
    this.#slider.setAttribute('aria-valuetext', offset === 0 ? 'as the system' : aheadInWords(offset))
    find('#clock output', HTMLOutputElement).value = offset === 0 ? 'as the system' : aheadInWords(offset)
    this.#command.replaceChildren(commandOf(this.#lab, setTo(offset)))
  }

  /**
   * @param {string} label
   * @param {() => Call} call
   */
  #mover (label, call) {
    const button = element('button', { type: 'button' }, label)
    button.addEventListener('click', () => this.#move(call()))
    return button
  }

  /** @param {Call} call */
  async #move (call) {
    const answer = await this.#lab.run(call)
    if (!answer) return
    const moved = Object.entries(/** @type {Record<string, string>} */ (answer.services ?? {}))
    this.#services.replaceChildren(...moved.map(([service, what]) => element('li', what === 'moved' ? {} : { class: 'fault' }, `${service}: ${what === 'moved' ? 'moved, too' : what}`)))
  }
}

/**
 * @param {number} offsetSeconds
 * @returns {Call}
 */
const setTo = offsetSeconds => ({ method: 'PUT', path: '/clock', body: { offsetSeconds } })

import { inAddress, keepInAddress } from './address.js'
import { find } from './elements.js'
import { showBanner } from './live/banner.js'
import { ChangeStream } from './live/change-stream.js'
import { clearLedgers, readFindings, readJourneys, readMessages } from './live/console-api.js'
import { lightIn, showDetails } from './live/details.js'
import { Filters } from './live/filters.js'
import { FollowedValue } from './live/followed-value.js'
import { isBackground, JourneyList, nameOf } from './live/journey-list.js'
import { Journey } from './live/journey.js'
import { listenToKeys } from './live/keyboard.js'
import { Picture } from './live/picture.js'
import { Replay } from './live/replay.js'
import { StateLine } from './live/state-line.js'

/** @import { Change, Changes } from './types.js' */
/** @import { StreamEvent } from './live/change-stream.js' */

const settledMs = 250

/**
 * Whether a journey turns out to be part of another, with all that it has.
 * @param {string | undefined} id of the other
 * @param {Change} change
 */
const bringsMessagesTo = (id, change) => change.kind === 'gone' && id !== undefined && change.into === id && !isBackground(change.id)

/** The page on which what is exchanged draws itself. */
class LivePage {
  #details = find('.details', HTMLElement)
  #heading = find('#picture-heading', HTMLElement)
  #secrets = find('.secrets input', HTMLInputElement)
  #pause = find('.pause', HTMLButtonElement)
  #empty = find('.empty', HTMLElement)
  #banner = find('.banner', HTMLElement)
  #exports = find('.exports', HTMLElement)

  #state = new StateLine(find('.state', HTMLElement))
  #filters = new Filters(() => this.#filter())
  #list = new JourneyList(find('.journey-list', HTMLElement), find('.count', HTMLElement), {
    isMeant: this.#filters.isMeant,
    none: find('.none-listed', HTMLElement),
    follow: inAddress('follow') === 'last-message' ? 'last message' : 'beginning',
    choose: id => {
      this.#follows = id === this.#list.latest
      keepInAddress('journey', id)
      this.#choose(id)
    }
  })

  #picture = new Picture(find('.messages', HTMLElement), find('.parties', HTMLElement), key => this.#open(key))
  #replay = new Replay((reached, message) => {
    this.#picture.reach(reached)
    if (!message) return
    this.#picture.bringInSight(message)
    if (!this.#details.hidden) this.#open(message.key)
  })

  #followed = new FollowedValue(() => this.#light())
  #stream = new ChangeStream(event => this.#take(event))

  #journey = new Journey()
  /** @type {string | undefined} */
  #current = inAddress('journey') || undefined
  /** Whoever has chosen a journey is not taken away from it. */
  #follows = this.#current === undefined
  #paused = false
  /** @type {string | undefined} */
  #opened
  /**
   * What the stream brings while an answer is under way, which may be older: it is put on top of that.
   * @type {Set<Changes[]>}
   */
  #onTop = new Set()
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #settling
  /** @type {number | undefined} the frame in which the last message is brought in sight */
  #following

  start () {
    this.#secrets.addEventListener('change', () => this.#stream.follow(this.#secrets.checked))
    this.#pause.addEventListener('click', () => {
      this.#paused = !this.#paused
      this.#pause.setAttribute('aria-pressed', String(this.#paused))
      if (!this.#paused) this.#load().catch(this.#fail)
    })
    find('.clear', HTMLButtonElement).addEventListener('click', () => {
      clearLedgers().then(cleared => this.#state.clear(cleared)).catch(this.#fail)
    })
    listenToKeys({
      step: by => this.#replay.step(by),
      move: by => this.#move(by),
      play: () => this.#replay.toggle(),
      pin: () => this.#pin(),
      close: () => this.#close()
    })
    this.#stream.follow(false)
  }

  #fail = (/** @type {unknown} */ error) => this.#state.fail(error)

  /** @param {StreamEvent} event */
  #take (event) {
    if (event.event === 'ready') this.#load().catch(this.#fail)
    else if (event.event === 'broken') this.#state.breakOff()
    else this.#change(event.data)
  }

  /** @param {Changes} changes */
  #change (changes) {
    for (const onTop of this.#onTop) onTop.push(changes)
    this.#list.put(changes.journeys)
    this.#filters.offer(changes.journeys)
    for (const change of changes.changes) if (change.kind === 'gone') this.#list.remove(change.id)
    this.#empty.hidden = this.#list.size > 0
    if (this.#paused) return
    if (!this.#chooseLatest()) this.#draw(changes.changes)
  }

  /**
   * An answer, with what has come by the stream meanwhile.
   * @template T
   * @param {Promise<T>} asked
   * @returns {Promise<[T, Changes[]]>}
   */
  async #withWhatCame (asked) {
    /** @type {Changes[]} */
    const came = []
    this.#onTop.add(came)
    try {
      return [await asked, came]
    } finally {
      this.#onTop.delete(came)
    }
  }

  async #load () {
    const [journeys, came] = await this.#withWhatCame(readJourneys())
    this.#state.goOn()
    const there = new Map(journeys.map(summary => [summary.id, summary]))
    for (const { journeys, changes } of came) {
      for (const summary of journeys) there.set(summary.id, summary)
      for (const change of changes) if (change.kind === 'gone') there.delete(change.id)
    }
    this.#filters.offer([...there.values()])
    this.#list.reset([...there.values()])
    this.#empty.hidden = this.#list.size > 0
    if (this.#current === undefined || !this.#list.find(this.#current)) this.#follows = true
    // The journey is asked for before the list is drawn, which may be long.
    const loaded = this.#chooseLatest() ? undefined : this.#loadJourney()
    this.#list.draw()
    await loaded
  }

  #filter () {
    this.#list.filter()
    this.#list.draw()
    // Of another realm nothing is shown that was chosen before.
    if (this.#current !== undefined && !this.#list.isListed(this.#current)) {
      keepInAddress('journey', '')
      this.#follows = true
    }
    this.#chooseLatest()
  }

  /** Go on to the latest journey, unless another was chosen. */
  #chooseLatest () {
    const { latest } = this.#list
    if (!this.#follows || latest === this.#current) return false
    this.#choose(latest)
    return true
  }

  /** @param {string | undefined} id */
  #choose (id) {
    this.#current = id
    this.#opened = undefined
    this.#details.hidden = true
    this.#list.mark(id)
    this.#announce()
    this.#loadJourney().catch(this.#fail)
  }

  /** Whatever else is on the page learns which journey is shown: by the event `journeychosen`, or by `data-journey` if it comes later. */
  #announce () {
    if (this.#exports.dataset['journey'] === (this.#current ?? '')) return
    this.#exports.dataset['journey'] = this.#current ?? ''
    document.dispatchEvent(new CustomEvent('journeychosen', { detail: this.#current }))
  }

  /** @returns {Promise<void>} */
  async #loadJourney () {
    const id = this.#current
    this.#announce()
    const [journey, came] = id === undefined ? [new Journey(), []] : await this.#withWhatCame(this.#read(id))
    // Meanwhile another may have been chosen.
    if (id !== this.#current) return
    const changes = came.flatMap(({ changes }) => changes)
    // What another had is perhaps not in the answer, and is not sent again.
    if (changes.some(change => bringsMessagesTo(id, change))) return this.#loadJourney()
    this.#journey = journey
    for (const change of changes) this.#put(change)
    this.#list.mark(id)
    this.#picture.mark(this.#opened)
    this.#picture.show(this.#journey)
    this.#replay.begin(this.#journey)
    this.#showFindings()
    this.#showName()
    this.#light()
    if (this.#opened !== undefined) this.#open(this.#opened)
    await this.#examine()
  }

  /**
   * A journey as it is there now, of which as much is drawn ahead as has come.
   * @param {string} id
   */
  async #read (id) {
    const journey = new Journey()
    for await (const messages of readMessages(id, this.#secrets.checked)) {
      for (const message of messages) journey.put(message)
      if (id === this.#current) this.#picture.prepare(journey)
    }
    return journey
  }

  /**
   * Put what belongs to the journey that is shown into it, and take out of it what does not any more.
   * @param {Change} change
   * @returns the key of what has gone, and the index of what has come, or -1
   */
  #put (change) {
    if (change.kind === 'gone') return { gone: undefined, index: -1 }
    const isShown = change.journey === this.#current
    const { message, replaced } = change
    const gone = [replaced, isShown ? undefined : message.key].find(key => key !== undefined && this.#journey.remove(key))
    return { gone, index: isShown ? this.#journey.put(message) : -1 }
  }

  /** @param {Change[]} changes */
  #draw (changes) {
    const merged = changes.findLast(change => change.kind === 'gone' && (change.id === this.#current || bringsMessagesTo(this.#current, change)))
    if (merged?.kind === 'gone') {
      this.#current = merged.into
      if (!this.#follows) keepInAddress('journey', merged.into ?? '')
      this.#loadJourney().catch(this.#fail)
      return
    }
    let isOther = false
    // Whoever reads a message, or has turned back to earlier ones, is left where they are.
    const follows = this.#details.hidden && this.#replay.isAtEnd && (this.#following !== undefined || this.#picture.isLastInSight)
    for (const change of changes) {
      const wasAtEnd = this.#replay.isAtEnd
      const { gone, index } = this.#put(change)
      if (gone !== undefined) this.#picture.remove(gone)
      if (index >= 0 && change.kind === 'message') this.#picture.add(change.message, index)
      if (gone === undefined && index < 0) continue
      isOther = true
      this.#replay.follow(wasAtEnd)
    }
    if (!isOther) return
    if (follows) this.#followEnd()
    this.#showName()
    // Debounce: what is checked is checked once, when a burst of messages is over.
    clearTimeout(this.#settling)
    this.#settling = setTimeout(() => { this.#examine().catch(this.#fail) }, settledMs)
  }

  /** Rows have their height when they are to be seen, and none while the page is not: so once more in the frame after that. */
  #followEnd (again = true) {
    cancelAnimationFrame(this.#following ?? 0)
    this.#following = requestAnimationFrame(() => {
      this.#following = undefined
      this.#picture.bringInSight(this.#journey.messages.at(-1))
      if (again) this.#followEnd(false)
    })
  }

  async #examine () {
    const id = this.#current
    const findings = id === undefined ? [] : await readFindings(id)
    if (id !== this.#current) return
    this.#journey.findings = findings
    this.#showFindings()
  }

  #showName () {
    const summary = this.#list.find(this.#current ?? '')
    this.#heading.textContent = summary ? nameOf(summary) : 'Messages'
  }

  #showFindings () {
    const { findings } = this.#journey
    this.#picture.markBroken(findings.filter(({ ok }) => !ok).map(({ message }) => message))
    showBanner(this.#banner, findings, key => this.#open(key))
  }

  /** @param {string} key */
  #open (key) {
    const message = this.#journey.find(key)
    if (!message) return
    const isAnother = key !== this.#opened
    this.#opened = key
    this.#picture.mark(key)
    showDetails(this.#details, message, this.#journey, {
      pointAt: value => this.#followed.pointAt(value),
      pin: value => this.#followed.pin(value),
      open: key => this.#open(key),
      close: () => this.#close(),
      onShown: () => this.#light()
    })
    // What is said of it may take the room in which it stood.
    if (isAnother) this.#picture.bringInSight(message)
  }

  #close () {
    if (this.#details.hidden) return
    this.#details.hidden = true
    this.#picture.mark(undefined)
    this.#picture.rowOf(this.#opened ?? '')?.focus()
    this.#opened = undefined
    this.#followed.pointAt(undefined)
  }

  /**
   * Open the next message, or the one before.
   * @param {1 | -1} by
   */
  #move (by) {
    const { messages } = this.#journey
    const opened = this.#journey.find(this.#opened ?? '')
    const next = messages[opened ? Math.min(Math.max(messages.indexOf(opened) + by, 0), messages.length - 1) : 0]
    if (!next) return
    this.#open(next.key)
    this.#picture.rowOf(next.key)?.focus()
  }

  /** Follow the value that has the focus, or none any more. */
  #pin () {
    const { activeElement } = document
    const { same, name } = activeElement instanceof HTMLElement ? activeElement.dataset : {}
    this.#followed.pin(same === undefined || name === undefined ? undefined : { same, name })
  }

  #light () {
    const { same } = this.#followed
    this.#picture.light(same === undefined ? [] : this.#journey.having(same).map(({ key }) => key))
    lightIn(this.#details, same)
  }
}

new LivePage().start()

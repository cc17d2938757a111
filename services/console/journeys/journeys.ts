import { linkOf } from '#lib/ledger/links.ts'
import { isDuring, type Message } from './message.ts'

/** What one browser session has brought about, at all services: its sign-in, the second code, the exchange of tokens, the chat. */
export interface Journey {
  readonly id: string
  /** in the order in which they began */
  readonly messages: readonly Message[]
  /** grows with each change: what was worked out for one revision holds as long as that is the same */
  readonly revision: number
}

/** What has become of the journeys. */
export type Change =
  /**
   * @param replaced key of the message that it stands for from now on
   * @param left the journey that it belonged to before
   */
  | { kind: 'message', journey: Journey, message: Message, replaced?: string, left?: Journey }
  /** @param into the journey that it has become a part of; nothing where it has made room */
  | { kind: 'gone', id: string, into?: string }
  /** a ledger has been cleared: what was told before may not be there any more */
  | { kind: 'forgotten' }

type Listener = (change: Change) => void

interface Group extends Journey { messages: Message[], revision: number, keys: Set<string> }

const background = 'background'

/** As many messages are kept, and as many characters of them; what was first goes first, a journey at a time. */
const maxMessages = 6_000
const maxLength = 24 * 1024 * 1024

/**
 * Joins messages to journeys: those that have a single-use value in common (`links`), or a flow of the provider, belong together.
 * What a service fetches for itself has neither, such as keys: it belongs to the journey on whose request the service was at work.
 */
export class Journeys {
  readonly #groups = new Map<string, Group>()
  readonly #ofKey = new Map<string, Group>()
  readonly #ofState = new Map<string, string>()
  readonly #listeners = new Set<Listener>()
  /** What belongs to no browser, such as what services fetch when they start, by realm. */
  readonly #backgrounds = new Map<string, Group>()
  #count = 0
  #length = 0
  #lastId = 0

  get all (): Journey[] {
    return [...this.#everywhere].filter(({ messages }) => messages.length > 0)
  }

  find (id: string): Journey | undefined {
    return this.#groups.get(id) ?? [...this.#backgrounds.values()].find(group => group.id === id)
  }

  get #everywhere (): Group[] {
    return [...this.#backgrounds.values(), ...this.#groups.values()]
  }

  #backgroundOf (realm: string): Group {
    const group = this.#backgrounds.get(realm) ?? { id: realm === '' ? background : `${background}-${realm}`, messages: [], revision: 0, keys: new Set() }
    this.#backgrounds.set(realm, group)
    return group
  }

  subscribe (listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => { this.#listeners.delete(listener) }
  }

  add (message: Message): void {
    this.#tally(message, 1)
    const keys = keysOf(message)
    const states = statesOf(message)
    const group = this.#groupOf(keys, states, message) ?? this.#atWork(message)
    if (!group) this.#insert(this.#backgroundOf(message.realm), message)
    else {
      for (const key of keys) this.#hold(key, group)
      for (const state of states) this.#ofState.set(state, group.id)
      this.#insert(group, message)
      // What was fetched for this one was over before it was.
      for (const alone of this.#backgrounds.values()) {
        const fetched = alone.messages.filter(other => isFetchedFor(other, message))
        if (fetched.length > 0) this.#keep(alone, other => !fetched.includes(other))
        for (const other of fetched) this.#insert(group, other, alone)
        if (fetched.length > 0 && alone.messages.length === 0) this.#tell({ kind: 'gone', id: alone.id, into: group.id })
      }
    }
    this.#makeRoom()
  }

  /** Forget what a service's ledger has forgotten. */
  forget (isMeant: (message: Message) => boolean): void {
    for (const group of this.#everywhere) {
      this.#keep(group, message => !isMeant(message))
      if (group.messages.length === 0) this.#remove(group)
    }
    this.#count = 0
    this.#length = 0
    for (const { messages } of this.all) for (const message of messages) this.#tally(message, 1)
    this.#tell({ kind: 'forgotten' })
  }

  #tell (change: Change): void {
    for (const listener of [...this.#listeners]) listener(change)
  }

  #keep (group: Group, isKept: (message: Message) => boolean): void {
    group.messages = group.messages.filter(isKept)
    group.revision++
  }

  #tally (message: Message, times: 1 | -1): void {
    this.#count += times
    this.#length += times * lengthOf(message)
  }

  #insert (group: Group, message: Message, left?: Group): void {
    // The receiver's own is nearer to what was sent than the sender's.
    const sent = group.messages.find(other => isSameRequest(other, message))
    if (sent) {
      const [sender, receiver] = sent.service === 'idp' ? [sent, message] : [message, sent]
      group.messages.splice(group.messages.indexOf(sent), 1)
      this.#tally(sender, -1)
      message = { ...receiver, faults: [...new Set([...sender.faults, ...receiver.faults])] }
    }
    const place = group.messages.findLastIndex(other => other.at <= message.at) + 1
    group.messages.splice(place, 0, message)
    group.revision++
    this.#tell({ kind: 'message', journey: group, message, ...(sent && { replaced: sent.key }), ...(left && { left }) })
  }

  /** Union-find: what one message has in common with several groups makes them one, the eldest. */
  #groupOf (keys: string[], states: string[], message: Message): Group | undefined {
    const known = keys.map(key => this.#ofKey.get(key)).filter(group => group !== undefined)
    const found = [...new Set([...known, ...states.map(state => this.#awaiting(state, known.length > 0, message)).filter(group => group !== undefined)])]
    if (found.length === 0 && keys.length === 0 && states.length === 0) return undefined
    const [first = this.#begin(), ...others] = found.sort((a, b) => Number(a.id) - Number(b.id))
    for (const other of others) {
      for (const key of other.keys) this.#hold(key, first)
      for (const [state, id] of this.#ofState) if (id === other.id) this.#ofState.set(state, first.id)
      first.messages = [...first.messages, ...other.messages].sort((a, b) => a.at - b.at)
      first.revision++
      this.#groups.delete(other.id)
      this.#tell({ kind: 'gone', id: other.id, into: first.id })
    }
    return first
  }

  /**
   * The journey that a state leads to. It is a value of the client's, and some clients always send the same: so it counts where
   * nothing else leads anywhere, for the latest that has it, and begins no second authorization request.
   */
  #awaiting (state: string, isKnown: boolean, { endpoint, method }: Message): Group | undefined {
    const group = this.#groups.get(this.#ofState.get(state) ?? '')
    const begins = endpoint === 'authorization' && method === 'GET'
    if (!group || (isKnown && !begins)) return undefined
    return begins && group.messages.some(other => other.endpoint === 'authorization' && statesOf(other).includes(state)) ? undefined : group
  }

  #begin (): Group {
    const group = { id: String(++this.#lastId), messages: [], revision: 0, keys: new Set<string>() }
    this.#groups.set(group.id, group)
    return group
  }

  #hold (key: string, group: Group): void {
    this.#ofKey.set(key, group)
    group.keys.add(key)
  }

  #atWork (message: Message): Group | undefined {
    return [...this.#groups.values()].findLast(({ messages }) => messages.some(other => isFetchedFor(message, other)))
  }

  #makeRoom (): void {
    while (this.#count > maxMessages || this.#length > maxLength) {
      const [eldest] = this.#groups.values()
      const alone = [...this.#backgrounds.values()].sort((a, b) => b.messages.length - a.messages.length)[0]
      if (alone && (alone.messages.length > maxMessages / 2 || !eldest)) {
        this.#tally(alone.messages.shift()!, -1)
        alone.revision++
      } else if (eldest) {
        for (const message of eldest.messages) this.#tally(message, -1)
        this.#remove(eldest)
        this.#tell({ kind: 'gone', id: eldest.id })
      }
    }
  }

  #remove (group: Group): void {
    for (const key of group.keys) this.#ofKey.delete(key)
    for (const [state, id] of this.#ofState) if (id === group.id) this.#ofState.delete(state)
    this.#groups.delete(group.id)
    for (const [realm, { id }] of this.#backgrounds) if (id === group.id) this.#backgrounds.delete(realm)
  }
}

function keysOf (message: Message): string[] {
  const { links, flow, service, realm } = message
  const states = statesOf(message)
  return [...links.filter(link => !states.includes(link)), ...(flow === undefined ? [] : [`${service}/${realm}/${flow}`])]
}

/** How many characters it holds, about. */
const lengthOf = ({ parameters, answer, requestHeaders, answerHeaders }: Message) =>
  [parameters, answer, requestHeaders, answerHeaders].flatMap(values => Object.values(values)).reduce<number>((sum, value) => sum + String(value).length, 500)

const statesOf = ({ parameters, answer }: Message) =>
  [parameters['state'], answer['state']].filter(state => typeof state === 'string' && state !== '').map(state => linkOf(state as string))

/** Whether a service has made one request while it was at work on another. */
const isFetchedFor = (fetched: Message, other: Message) =>
  fetched.from === other.service && isDuring(fetched, other)

/** Whether two services have the same request in their ledgers, the one that sent it and the one that got it. */
const isSameRequest = (a: Message, b: Message) =>
  a.service !== b.service && (a.from === a.service || a.from === b.service) &&
  a.endpoint === b.endpoint && a.from === b.from && a.links.some(link => b.links.includes(link))

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import type { Readable } from 'node:stream'
import type { Test } from 'tap'
import { until } from '../helpers/until.ts'
import { findProgram, type Role, type StartBrowser, type Tab } from './tab.ts'

/** What of HTML has a role by itself. */
const elementsOf: Record<Role, string> = {
  banner: 'header, [role=banner]',
  button: 'button, summary, [role=button]',
  dialog: 'dialog, [role=dialog]',
  heading: 'h1, h2, h3, [role=heading]',
  link: 'a[href], [role=link]',
  log: '[role=log]',
  status: '[role=status]',
  textbox: 'input, textarea, [role=textbox]'
}

// WebDriver section 17.4.2, "Keyboard actions"
const keys = { Enter: '\uE007', Escape: '\uE00C', Tab: '\uE004' }

/** Functions of the page: elements that a selector finds, in open shadow roots too. */
const everywhere = `const everywhere = (root, selector) => [...root.querySelectorAll('*')].flatMap(element =>
  [...(element.matches(selector) ? [element] : []), ...(element.shadowRoot ? everywhere(element.shadowRoot, selector) : [])])`

/** Function of the page: the middle of an element, where nothing covers it. */
const clickable = `const [element] = arguments
  element.scrollIntoView({ block: 'nearest', behavior: 'instant' })
  const { x, y, width, height } = element.getBoundingClientRect()
  const point = { x: Math.round(x + width / 2), y: Math.round(y + height / 2) }
  return element.contains(element.getRootNode().elementFromPoint(point.x, point.y)) && point`

const patienceMs = 5_000
const mostTries = 5
/** The first one on a machine reads all of WebKit from the disk. */
const startMs = 60_000

type Element = Record<string, string>

class WebDriverError extends Error {}

/** A command whose page goes away meanwhile is sometimes never answered. */
class Unanswered extends Error {}

/**
 * WebKitGTK's MiniBrowser, under Xvfb, by its WebDriver.
 *
 * @returns how to start a browser of somebody's own in it, or nothing where there is none
 * @see https://www.w3.org/TR/webdriver2/#endpoints
 */
export async function startWebKitGtk (t: Test): Promise<StartBrowser | undefined> {
  const [driver, xvfb] = [findProgram('WEBKIT_WEBDRIVER_PATH', 'WebKitWebDriver'), findProgram('XVFB_PATH', 'Xvfb')]
  if (!driver || !xvfb) return undefined
  const screen = spawn(xvfb, ['-displayfd', '3', '-screen', '0', '1280x900x24', '-nolisten', 'tcp'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] })
  endWith(t, screen)
  const [display] = await once(screen.stdio[3] as Readable, 'data')

  // Its sandbox refuses to run as root.
  const sandbox = process.getuid?.() === 0 ? { WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1' } : {}
  const env = { ...process.env, ...sandbox, DISPLAY: `:${String(display).trim()}`, LANG: 'C.UTF-8' }

  // A driver of its own for each: one that hangs takes nothing but its own browser along.
  return async t => {
    const port = await freePort()
    endWith(t, spawn(driver, [`--port=${port}`], { env, stdio: 'ignore' }))
    const service = `http://127.0.0.1:${port}`
    await until('the driver answers', async () => (await fetch(`${service}/status`)).ok)
    // Where a page that has come back reloads itself, the driver waits in vain for the end of that; we look for what is to be there.
    const capabilities = { alwaysMatch: { pageLoadStrategy: 'none' } }
    const { sessionId } = await call('POST', `${service}/session`, { capabilities }, startMs) as { sessionId: string }
    const session = new Session(`${service}/session/${sessionId}`)
    t.teardown(() => call('DELETE', session.url).catch(() => {}))
    const handle = await session.ask('GET', '/window') as string
    await session.ask('POST', '/window/rect', { x: 0, y: 0, width: 1280, height: 900 })
    return new WebKitTab(session, handle)
  }
}

async function call (method: string, url: string, body?: object, waitMs = patienceMs): Promise<unknown> {
  const signal = AbortSignal.timeout(waitMs)
  const response = await fetch(url, { method, signal, ...(body && { body: JSON.stringify(body) }) }).catch((error: Error) => {
    throw error.name === 'TimeoutError' ? new Unanswered(`${method} ${new URL(url).pathname}`) : error
  })
  const { value } = await response.json() as { value: unknown }
  if (!response.ok) throw new WebDriverError((value as { error: string }).error, { cause: value })
  return value
}

/** Commands go to the window that was switched to last, so one waits for another. */
class Session {
  readonly url: string
  #current: string | undefined
  #turn: Promise<unknown> = Promise.resolve()

  constructor (url: string) {
    this.url = url
  }

  ask (method: string, path: string, body?: object, handle?: string): Promise<unknown> {
    const answer = this.#turn.then(async () => {
      if (handle !== undefined && handle !== this.#current) {
        await call('POST', `${this.url}/window`, { handle })
        this.#current = handle
      }
      return await call(method, this.url + path, body)
    })
    this.#turn = answer.catch(() => {})
    return answer
  }
}

class WebKitTab implements Tab {
  readonly #session: Session
  readonly #handle: string

  constructor (session: Session, handle: string) {
    this.#session = session
    this.#handle = handle
  }

  #ask (method: string, path: string, body?: object) {
    return this.#session.ask(method, path, body, this.#handle)
  }

  #run (script: string, ...args: unknown[]) {
    return this.#ask('POST', '/execute/sync', { script, args })
  }

  /** What it was to do it may have done all the same: we look for what is to be there. */
  async #do (path: string, body: object) {
    await this.#ask('POST', path, body).catch((error: unknown) => {
      if (!(error instanceof Unanswered)) throw error
    })
  }

  /** A question can be asked again, where it was not answered or the page has changed under it. */
  async #askAgain<T> (question: () => Promise<T>): Promise<T> {
    for (let left = mostTries - 1; ; left--) {
      try {
        return await question()
      } catch (error) {
        if (left === 0 || !(error instanceof Unanswered || (error as Error).message === 'stale element reference')) throw error
      }
    }
  }

  async #all (selector: string, which = 'slice()'): Promise<Element[]> {
    return await this.#run(`${everywhere}; return everywhere(document, arguments[0]).${which}`, selector) as Element[]
  }

  async #find (role: Role, name = ''): Promise<Element[]> {
    const found: Element[] = []
    const visible = 'filter(element => element.checkVisibility({ visibilityProperty: true }))'
    for (const element of await this.#all(elementsOf[role], visible)) {
      const path = `/element/${Object.values(element)[0]}`
      if (await this.#ask('GET', `${path}/computedrole`) !== role) continue
      const label = await this.#ask('GET', `${path}/computedlabel`) as string
      if (label.startsWith(name)) found.push(element)
    }
    return found
  }

  goTo (url: string) { return this.#do('/url', { url }) }

  address () { return this.#askAgain(async () => await this.#ask('GET', '/url') as string) }

  /** By the pointer: the driver's own click takes a field in a shadow root for covered. */
  async click (role: Role, name: string) {
    let point: unknown
    await until(`the ${role} “${name}” can be clicked`, async () => {
      const [element] = await this.#find(role, name)
      point = element && await this.#run(clickable, element)
      return Boolean(point)
    })
    const press = { type: 'pointerDown', button: 0 }
    await this.#act({ type: 'pointer', id: 'mouse' }, [{ type: 'pointerMove', ...point as object }, press, { ...press, type: 'pointerUp' }])
  }

  async type (text: string) {
    const strokes = Array.from(text, value => [{ type: 'keyDown', value }, { type: 'keyUp', value }])
    await this.#act({ type: 'key', id: 'keyboard' }, strokes.flat())
  }

  #act (device: object, actions: object[]) {
    return this.#do('/actions', { actions: [{ ...device, actions }] })
  }

  press (key: keyof typeof keys) { return this.type(keys[key]) }

  async choose (path: string) {
    const [input] = await this.#all('input[type=file]')
    await this.#ask('POST', `/element/${Object.values(input!)[0]}/value`, { text: path })
  }

  has (role: Role, name: string) { return this.#askAgain(async () => (await this.#find(role, name)).length > 0) }

  read (role: Role) {
    return this.#askAgain(async () => {
      const texts = (await this.#find(role)).map(element => this.#run('return arguments[0].innerText', element))
      return (await Promise.all(texts)).join('\n')
    })
  }

  goBack () { return this.#do('/back', {}) }

  reload () { return this.#do('/refresh', {}) }

  async open () {
    const { handle } = await this.#ask('POST', '/window/new', { type: 'window' }) as { handle: string }
    return new WebKitTab(this.#session, handle)
  }

  async openedBy (action: () => Promise<unknown>) {
    const handles = async () => await this.#ask('GET', '/window/handles') as string[]
    const before = await handles()
    await action()
    let opened: string | undefined
    await until('a window has opened', async () => {
      opened = (await handles()).find(handle => !before.includes(handle))
      return opened !== undefined
    })
    return new WebKitTab(this.#session, opened!)
  }

  evaluate (expression: string) { return this.#run(`return ${expression}`) }

  async picture () { return Buffer.from(await this.#ask('GET', '/screenshot') as string, 'base64') }
}

function endWith (t: Test, child: ChildProcess) {
  t.teardown(async () => {
    const ended = once(child, 'exit')
    if (child.kill()) await ended
  })
}

async function freePort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

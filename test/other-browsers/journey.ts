import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { User } from '../../services/idp/accounts/users.ts'
import { startEmbeddedLab } from '../helpers/embedded-lab.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { until } from '../helpers/until.ts'
import type { Role, StartBrowser, Tab } from './tab.ts'

const stepUp = '7e3a9d18-2c6f-4b05-a1d4-5f8b9c0e6d72'

// Far longer than the way to the provider takes.
const linkMs = 10_000
// A driver may leave five commands without an answer in the meantime.
const patienceMs = 60_000

/** The names of the Messenger's tokens that the browser keeps for the page. */
const tokens = 'Object.keys(localStorage).filter(key => /gcatkn|gcartkn/.test(key)).join()'

/** What everybody does, from the sign-in to the sign-out. */
export async function journey (t: Test, name: string, start: StartBrowser) {
  const lab = await startEmbeddedLab(t)

  /** Keep what a stage looks like, where `SCREENSHOTS` names a folder for it. */
  async function look (tab: Tab, stage: string) {
    const folder = process.env['SCREENSHOTS']
    if (folder === undefined) return
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, `${name}-${stage}.png`), await tab.picture())
  }

  await t.test('a person signs in by keyboard, chats in two tabs and with an agent, sends a file and signs out', async t => {
    const tab = await start(t)
    await signIn(tab, 'alice')
    t.equal(await tab.address(), `${lab.app}/`)
    await look(tab, 'signed-in')

    await openMessenger(tab)
    await reads(tab, 'log', 'Hello Alice')
    await write(tab, 'Who am I?')
    await reads(tab, 'log', 'You are Alice Anders')
    await look(tab, 'chat')
    await tab.press('Escape')
    await isThere(tab, 'button', 'Open messenger')
    t.equal(await tab.has('dialog', 'Messenger'), false, 'Escape closes the window')

    const other = await tab.open()
    await other.goTo(lab.app)
    await openMessenger(other)
    await reads(other, 'log', 'You are Alice Anders')
    await write(other, 'from the other tab')
    await openMessenger(tab)
    await reads(tab, 'log', 'from the other tab')
    t.equal((await tab.read('log')).split('Who am I?').length, 2, 'nothing is there twice')

    const desk = await tab.open()
    await desk.goTo(`${lab.genesys}/desk`)
    await desk.click('button', 'Alice Anders')
    await desk.click('button', 'Take conversation')
    await reads(tab, 'log', 'I am handing you over to')
    await desk.click('textbox', 'Reply')
    await desk.type('For you, always.')
    await desk.click('button', 'Send')
    await reads(tab, 'log', 'For you, always.')
    await look(desk, 'desk')

    const file = join(temporaryFolder(t), 'tide table.txt')
    writeFileSync(file, 'high at noon')
    await tab.choose(file)
    await isThere(tab, 'button', 'Remove tide table.txt')
    await tab.click('button', 'Send message')
    await reads(other, 'log', 'tide table.txt')
    await look(tab, 'file')

    await tab.click('button', 'Sign out')
    await isThere(tab, 'link', 'Sign in')
    t.equal(await tab.address(), `${lab.app}/`)
    await isThere(other, 'link', 'Sign in')
    t.notMatch(await other.read('log'), 'Hello Alice')
    await look(other, 'signed-out')
    t.equal(await tab.evaluate(tokens), '')
    await toSignIn(tab)
    t.match(await tab.address(), lab.issuer, 'the provider does not know them any more')
  })

  await t.test('a page that comes back by the browser\'s button shows nobody who has signed out', async t => {
    const tab = await start(t)
    await signIn(tab, 'alice')
    const other = await tab.open()
    await other.goTo(lab.app)
    await reads(other, 'banner', 'Alice Anders')
    await other.goTo(`${lab.genesys}/desk`)
    await isThere(other, 'textbox', 'Your name')
    await tab.click('button', 'Sign out')
    await isThere(tab, 'link', 'Sign in')
    await other.goBack()
    await isThere(other, 'link', 'Sign in')
    t.notMatch(await other.read('banner'), 'Alice Anders')
    await tab.goBack()
    await isThere(tab, 'link', 'Sign in')
    t.notMatch(await tab.read('banner'), 'Alice Anders')
  })

  await t.test('a guest signs in during the conversation, in a window, and goes on in it under their name', async t => {
    const { app, user } = await startEmbeddedLab(t, { GENESYS_DEPLOYMENT_ID: stepUp })
    const tab = await start(t)
    await tab.goTo(app)
    await openMessenger(tab)
    await write(tab, 'before I sign in')
    await reads(tab, 'log', 'before I sign in')
    await look(tab, 'anonymous')
    const popup = await tab.openedBy(() => tab.click('button', 'Sign in'))
    await fillIn(popup, user('bob'))
    await reads(tab, 'banner', 'Bob Brandt')
    await reads(tab, 'dialog', 'Signed in as Bob Brandt')
    await write(tab, 'Who am I?')
    await reads(tab, 'log', 'You are Bob Brandt')
    t.match(await tab.read('log'), 'before I sign in')
    await look(tab, 'stepped-up')
  })

  await t.test('the live view draws a sign-in while it happens', async t => {
    const tab = await start(t)
    await tab.goTo(`${lab.console}/live`)
    await reads(tab, 'status', 'Live')
    await signIn(await tab.open(), 'bob')
    await isThere(tab, 'heading', 'bob')
    const drawn = () => tab.evaluate('[...document.querySelectorAll(".messages button")].map(({ textContent }) => textContent).join("|")')
    await until('it has come to the tokens', async () => /Application to Provider, back channel: POST \/token/.test(String(await drawn())))
    await look(tab, 'live-view')
  })

  /** At the page of the provider, by keyboard alone. */
  async function fillIn (tab: Tab, { username, password }: User) {
    await isThere(tab, 'textbox', 'User name')
    await hasFocus(tab, 'username')
    await look(tab, 'sign-in')
    await tab.type(username)
    await tab.press('Tab')
    await hasFocus(tab, 'password')
    await tab.type(password)
    await tab.press('Enter')
  }

  /** A page has its focus with the first frame that is drawn: what is typed before that is lost. */
  async function hasFocus (tab: Tab, id: string) {
    await until(`the field ${id} has the focus`, async () => await tab.evaluate('document.activeElement?.id') === id)
  }

  async function signIn (tab: Tab, username: string) {
    await tab.goTo(lab.app)
    await toSignIn(tab)
    await fillIn(tab, lab.user(username))
    await reads(tab, 'banner', lab.user(username).claims.name as string)
    // The page leaves for the Messenger's code and comes back; what is clicked meanwhile is lost, and WebKitGTK's driver with it.
    await until('the Messenger has its tokens', async () => await tab.evaluate(tokens) !== '')
  }

  /** A page that has just come may load itself anew, and what was clicked meanwhile is lost: whoever sees that clicks again. */
  async function toSignIn (tab: Tab) {
    await until('the provider asks who it is', async () => {
      if (await tab.has('textbox', 'User name')) return true
      if (!await tab.has('link', 'Sign in')) return false
      await tab.click('link', 'Sign in')
      await until('the link leads there', () => tab.has('textbox', 'User name'), linkMs)
      return true
    }, 4 * linkMs)
  }

  async function isThere (tab: Tab, role: Role, name: string) {
    await until(`the ${role} “${name}” is there`, () => tab.has(role, name), patienceMs)
  }

  async function reads (tab: Tab, role: Role, text: string) {
    let found = ''
    await until(`the ${role} reads “${text}”`, async () => {
      found = await tab.read(role)
      return found.includes(text)
    }, patienceMs).catch((error: Error) => { throw new Error(`${error.message}, and not “${found}”`, { cause: error.cause }) })
  }

  async function openMessenger (tab: Tab) {
    await until('the window is open', async () => await tab.has('button', 'Open messenger') || await tab.has('dialog', 'Messenger'))
    if (!await tab.has('dialog', 'Messenger')) await tab.click('button', 'Open messenger')
  }

  async function write (tab: Tab, text: string) {
    await tab.click('textbox', 'Message')
    await tab.type(text)
    await tab.press('Enter')
  }
}

import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { chromium, type Browser, type Page } from 'playwright-core'
import { fetch } from '#lib/outbound/outbound.ts'
import { Browser as ScriptlessBrowser } from '../../../test/helpers/browser.ts'
import { findChromium, sandboxArgs } from '../../../test/helpers/find-chromium.ts'
import { GenesysApi } from '../../../test/helpers/genesys-api.ts'
import { describeLab, freePorts, labSettings, root } from '../../../test/helpers/lab.ts'
import { until } from '../../../test/helpers/until.ts'
import { readOptions, type Benchmark } from '../benchmark.ts'
import { environment } from '../shared/environment.ts'
import { startServer } from '../shared/server-process.ts'
import { table, withSpread } from '../shared/statistics.ts'
import { makeStateFolder } from '../shared/temporary-state-folder.ts'
import { inTurns } from '../shared/turns.ts'
import { LedgerServers, readLedgers, type RecordedJourney } from './recorded-journey.ts'

const options = {
  rounds: { about: 'visits of each kind', default: '5' },
  entries: { about: 'journeys in the list, and messages in a journey', default: '2000' },
  messages: { about: 'messages that come while the page is open', default: '200' }
}

const everyMs = 40
/** Ten screens a second. */
const scrolling = { milliseconds: 2_000, pixelsPerMs: 9 }

/** Frames a second, and the milliseconds of the longest without one. */
interface Scrolled { fps: number, longest: number }

interface Contestant {
  label: string
  checkout: string
  /** milliseconds until everything is drawn */
  list: number[]
  journey: number[]
  listScrolled: Scrolled[]
  journeyScrolled: Scrolled[]
  /** milliseconds from the end of a message until its row is in the document */
  shown: number[]
}

/** The live view of the console: how long until a lot is shown, how it scrolls, and how late a message is. */
export const liveView: Benchmark = {
  about: 'the live view with thousands of journeys and messages: time until shown, frames while scrolling, delay of a message',

  async run (args) {
    const { rounds: [rounds], entries: [entries], messages: [messages], beside } = readOptions(args, options)
    const executablePath = findChromium()
    if (executablePath === undefined) throw new Error('This machine has no Chromium (CHROMIUM_PATH may name one).')
    const browser = await chromium.launch({ executablePath, args: sandboxArgs })
    console.log(`${environment('playwright-core', 'fastify')}, Chromium ${browser.version()}\n` +
      `The console in a process of its own. Ledgers with ${entries} journeys, then one journey of ${entries} messages, as recorded of a real sign-in with a chat. ` +
      `${rounds} visits; ${messages} messages, one each ${everyMs} ms.\n`)
    const contestants = [{ label: 'the lab', checkout: root }, ...(beside === undefined ? [] : [{ label: `the lab of ${beside}`, checkout: beside }])]
      .map(contestant => ({ ...contestant, list: [], journey: [], listScrolled: [], journeyScrolled: [], shown: [] } satisfies Contestant as Contestant))
    try {
      const recorded = await recordJourney()
      for (let round = 0; round < rounds!; round++) {
        for (const contestant of inTurns(contestants, round)) await visit(browser, contestant, recorded, entries!, Math.ceil(messages! / rounds!))
      }
      console.log(compare(contestants))
    } finally {
      await browser.close()
    }
  }
}

/** What the services record of one sign-in with a chat. */
async function recordJourney (): Promise<RecordedJourney> {
  const stateFolder = makeStateFolder()
  const settings = labSettings({ LOG_FORMAT: 'json', STATE_DIR: stateFolder, PATH: process.env['PATH'] ?? '', ...await freePorts() })
  const lab = describeLab(settings)
  const server = await startServer(join(root, 'services', 'embedded', 'server.ts'), Number(settings['APP_PORT']), settings)
  try {
    const browser = new ScriptlessBrowser(lab)
    await browser.signIn('alice')
    const api = new GenesysApi(lab)
    const { jwt } = await api.signIn(browser)
    const guest = await api.connect()
    await api.configure(guest, jwt)
    await guest.close()
    return await readLedgers({ 'relying-party': lab.app, idp: lab.issuer, genesys: lab.genesys })
  } finally {
    await server.stop()
    rmSync(stateFolder, { recursive: true })
  }
}

async function visit (browser: Browser, contestant: Contestant, recorded: RecordedJourney, entries: number, messages: number): Promise<void> {
  const ports = await freePorts()
  const settings = labSettings({ LOG_FORMAT: 'json', LOG_LEVEL: 'error', PATH: process.env['PATH'] ?? '', ...ports })
  const { console: url } = describeLab(settings)
  const ledgers = new LedgerServers(recorded)
  await ledgers.listen({ 'relying-party': Number(ports.APP_PORT), idp: Number(ports.IDP_PORT), genesys: Number(ports.GENESYS_PORT) })
  const server = await startServer(join(contestant.checkout, 'services', 'console', 'server.ts'), Number(ports.CONSOLE_PORT), settings)
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 } })
  const readJourneys = async () => (await (await fetch(`${url}/journeys`)).json() as { journeys: { messages: number }[] }).journeys
  try {
    ledgers.beginJourneys(entries)
    await until('the console has read the ledgers', async () => (await readJourneys()).length >= entries)
    const page = await context.newPage()
    contestant.list.push(await timeUntilShown(page, url, '.journey-list button', entries))
    contestant.listScrolled.push(await scroll(page, '.journey-list button'))

    await page.close()
    const link = randomUUID()
    ledgers.fillJourney(entries, link)
    await until('the console has read the journey', async () => (await readJourneys()).some(journey => journey.messages >= entries))
    // It is the latest, and so the one that is shown.
    const second = await context.newPage()
    contestant.journey.push(await timeUntilShown(second, url, '.messages button', entries))
    contestant.journeyScrolled.push(await scroll(second, '.messages button'))
    contestant.shown.push(...await delaysOf(second, messages, () => ledgers.addMessage(link)))
  } finally {
    await context.close()
    await server.stop()
    await ledgers.close()
  }
}

async function timeUntilShown (page: Page, url: string, selector: string, count: number): Promise<number> {
  await page.addInitScript({ path: join(import.meta.dirname, 'page-probes.js') })
  await page.goto(`${url}/live`)
  return await page.evaluate<number>(`probes.timeUntilShown('${selector}', ${count})`)
}

const scroll = (page: Page, selector: string) => page.evaluate<Scrolled>(`probes.scroll('${selector}', ${JSON.stringify(scrolling)})`)

async function delaysOf (page: Page, count: number, add: () => void): Promise<number[]> {
  await page.evaluate('probes.watch()')
  const ended: number[] = []
  for (let number = 0; number < count; number++) {
    ended.push(performance.timeOrigin + performance.now())
    add()
    await pause(everyMs)
  }
  const seen = () => page.evaluate<number[]>('probes.seen')
  await until('all of them are shown', async () => (await seen()).length >= count)
  return (await seen()).map((time, index) => time - ended[index]!)
}

function compare (contestants: Contestant[]): string {
  const fps = (scrolled: Scrolled[]) => withSpread(scrolled.map(({ fps }) => fps), 0)
  const longest = (scrolled: Scrolled[]) => Math.max(...scrolled.map(({ longest }) => longest)).toFixed(0)
  const rows = contestants.flatMap(({ label, list, journey, listScrolled, journeyScrolled, shown }) => [
    [`${label}, list`, withSpread(list, 0), fps(listScrolled), longest(listScrolled), ''],
    [`${label}, journey`, withSpread(journey, 0), fps(journeyScrolled), longest(journeyScrolled), withSpread(shown, 0)]
  ])
  return table([['', 'drawn after, ms', 'frames/s', 'longest frame, ms', 'message late by, ms'], ...rows]) +
    '\nMedian (lowest–highest) of the visits: from the start of the navigation until all of it is drawn; while it is scrolled by ten screens a\n' +
    'second. Of the messages: from the end of one until its row is in the document.'
}

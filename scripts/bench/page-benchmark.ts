import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { chromium, type Browser } from 'playwright-core'
import { findChromium, sandboxArgs } from '../../test/helpers/find-chromium.ts'
import { describeLab, freePorts, labSettings, root } from '../../test/helpers/lab.ts'
import { seeLauncher, slowDown, watchLauncher, type LauncherSeen } from '../../test/helpers/slow-network.ts'
import { readOptions, type Benchmark } from './benchmark.ts'
import { environment } from './shared/environment.ts'
import { startServer, type ServerProcess } from './shared/server-process.ts'
import { makeStateFolder } from './shared/temporary-state-folder.ts'
import { table, withSpread } from './shared/statistics.ts'
import { inTurns } from './shared/turns.ts'

const options = {
  rounds: { about: 'browsers that know nothing yet, one after the other; each comes twice', default: '9' }
}

interface Contestant {
  label: string
  url: string
  server: ServerProcess
  first: LauncherSeen[]
  again: LauncherSeen[]
}

/** The host page with the Messenger over slow 3G: requests, and time until the launcher can be seen. */
export const page: Benchmark = {
  about: 'requests and time until the launcher can be seen, over slow 3G in Chromium, at first and again',

  async run (args) {
    const { rounds: [rounds], beside } = readOptions(args, options)
    const executablePath = findChromium()
    if (executablePath === undefined) throw new Error('This machine has no Chromium (CHROMIUM_PATH may name one).')
    const browser = await chromium.launch({ executablePath, args: sandboxArgs })
    console.log(`${environment('playwright-core', 'esbuild')}, Chromium ${browser.version()}\n` +
      `Latency 400 ms, 400 kbit/s both ways. ${rounds} browsers; each comes to the page twice. From the start of the navigation.\n`)

    const stateFolder = makeStateFolder()
    const contestants = [
      await startContestant('the lab', root, join(stateFolder, 'own')),
      ...(beside === undefined ? [] : [await startContestant(`the lab of ${beside}`, beside, join(stateFolder, 'beside'))])
    ]
    try {
      // The very first request has the scripts bundled, where nobody has before.
      for (const contestant of contestants) await visit(browser, contestant)
      for (const contestant of contestants) contestant.first = contestant.again = []
      for (let round = 0; round < rounds!; round++) {
        for (const contestant of inTurns(contestants, round)) await visit(browser, contestant)
      }
      console.log(compare(contestants))
    } finally {
      await browser.close()
      await Promise.all(contestants.map(({ server }) => server.stop()))
      rmSync(stateFolder, { recursive: true })
    }
  }
}

async function startContestant (label: string, checkout: string, stateFolder: string): Promise<Contestant> {
  const settings = labSettings({ LOG_FORMAT: 'json', STATE_DIR: stateFolder, PATH: process.env['PATH'] ?? '', ...await freePorts() })
  const server = await startServer(join(checkout, 'services', 'embedded', 'server.ts'), Number(settings['APP_PORT']), settings)
  return { label, url: describeLab(settings).app, server, first: [], again: [] }
}

async function visit (browser: Browser, contestant: Contestant): Promise<void> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 } })
  try {
    const page = await context.newPage()
    await watchLauncher(page)
    await slowDown(page)
    contestant.first = [...contestant.first, await seeLauncher(page, contestant.url)]
    await page.waitForLoadState('networkidle')
    contestant.again = [...contestant.again, await seeLauncher(page, contestant.url)]
  } finally {
    await context.close()
  }
}

function compare (contestants: Contestant[]): string {
  const rows = contestants.flatMap(({ label, first, again }) => ([['at first', first], ['again', again]] as const).map(([when, seen]) => [
    `${label}, ${when}`,
    withSpread(seen.map(({ requests }) => requests.length), 0),
    withSpread(seen.map(({ milliseconds }) => milliseconds), 0)
  ]))
  return table([['', 'requests', 'milliseconds'], ...rows]) + '\nMedian (lowest–highest) of the browsers.'
}

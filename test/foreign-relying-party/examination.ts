import type { Test } from 'tap'
import { startLab, type ExamineOptions, type FaultName, type Page, type ScriptlessBrowser } from '../kit/index.ts'
import { isThere, register } from './application.ts'
import { optionsOf, unaskedFor, type RelyingParty } from './trial.ts'

type Application = Pick<RelyingParty, 'callbackPath' | 'metadata' | 'host'>

const isSignedIn = (page: Page) => page.status === 200 && JSON.parse(page.text).signedIn === true

/** A lab whose kit examines applications, each in a realm of its own; it ends with the file. */
export async function startExaminations (t: Test) {
  const lab = await startLab()
  t.teardown(() => lab.stop())
  t.jobs = 4
  const faults = await lab.root.faults.catalogue()
  const parameters = Object.fromEntries(faults.map(({ name }) => [name, optionsOf(name).parameters ?? {}]))

  /** An application with an issuer of its own, and how it is examined. */
  async function start (t: Test, application: Application) {
    const realm = await lab.realm({ users: { ada: { claims: { name: 'Ada Lovelace', email: 'ada@example.com' } } }, clients: {} })
    t.teardown(() => realm.remove())
    const { origin, serve } = await (await application.host(t, lab))(realm.name)
    const registration = await register(realm, { issuer: realm.issuer, origin, ...application })
    const restart = () => serve(registration)
    await restart()
    const options = { start: `${origin}/login`, session: `${origin}/`, isSignedIn, parameters } satisfies ExamineOptions
    return { realm, origin, options, restart }
  }

  /**
   * What an examination finds is what this folder has found by itself, fault by fault: whether the application takes it.
   *
   * @param options.begin how a person begins to sign in, where that is not by a link to `/login`
   * @param options.asksAgain the faults that have it ask once more by itself
   */
  function findsWhatIsKnown (
    { needs, ...application }: RelyingParty,
    { begin, asksAgain = [] }: { begin?: (origin: string, browser: ScriptlessBrowser) => Promise<Page>, asksAgain?: FaultName[] } = {}
  ): void {
    const { name, meets: only, otherwise, endsTheProcess = [], hasUserinfoAtSignIn = false } = application
    if (needs && !isThere(t, needs.command, needs.packages)) return
    t.test(`an examination finds what is known of ${name}, and nothing else`, async t => {
      const { realm, origin, options, restart } = await start(t, application)
      const report = await realm.examine({
        ...options,
        ...(begin && { start: browser => begin(origin, browser) }),
        ...(!hasUserinfoAtSignIn && { userinfo: `${origin}/userinfo` }),
        restart,
        refresh: `${origin}/refresh`,
        signOut: `${origin}/logout`,
        only,
        except: endsTheProcess as FaultName[]
      })
      const known = faults.filter(({ name, group }) => only.includes(group) && !endsTheProcess.includes(name)).map(({ name, outcome }) => {
        if (name in unaskedFor) return [name, 'not tried']
        if (asksAgain.includes(name as FaultName)) return [name, 'retry']
        const isTaken = (outcome === 'succeed') !== name in otherwise
        return [name, isTaken ? 'succeed' : outcome === 'retry' ? 'retry' : 'refuse']
      })
      t.strictSame(report.rows.map(({ fault, did, result }) => [fault, did ?? result]), known)
    })
  }

  return { lab, parameters, start, findsWhatIsKnown }
}

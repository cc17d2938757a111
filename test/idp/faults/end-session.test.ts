import t, { type Test } from 'tap'
import { proveGroup, SignedIn, startFaultyIdp, type FaultyIdp } from './helper.ts'

const home = 'http://app.localhost:3000/'

async function endSession ({ visitor }: SignedIn, idToken: string, state = 'the-state') {
  const page = await visitor.open(`/session/end?${new URLSearchParams({
    id_token_hint: idToken, post_logout_redirect_uri: home, ...(state && { state })
  })}`)
  return page.status === 500 ? page : await visitor.submit(page, {}, 'Sign out')
}

const wayBack = (url: string) => async (t: Test, { idp, lab }: FaultyIdp, fault: string) => {
  const alice = await SignedIn.as(idp)
  const idToken = await alice.idToken()
  await lab.faults.switchOn(fault, { count: 1 })

  const { location, status } = await endSession(alice, idToken)
  t.equal(status, 303)
  t.equal(location?.href, url)
  t.equal(await alice.visitor.isKnown(), false, 'she is signed out')

  await alice.visitor.signIn('alice')
  t.equal((await endSession(alice, idToken)).location?.href, `${home}?state=the-state`, 'the next one is as it was')
}

const rows: Record<string, (t: Test, faulty: FaultyIdp, fault: string) => Promise<void>> = {
  'end-session-missing-state': wayBack(home),
  'end-session-invalid-state': wayBack(`${home}?state=state-of-another-request`),
  'end-session-server-error': async (t, { idp, lab }, fault) => {
    const alice = await SignedIn.as(idp)
    const idToken = await alice.idToken()
    await lab.faults.switchOn(fault, { count: 1 })
    const { status, headers, text } = await endSession(alice, idToken)
    t.equal(status, 500)
    t.match(headers.get('content-type'), 'text/plain')
    t.equal(text, 'Internal Server Error\n')
    t.equal(await alice.visitor.isKnown(), true, 'she is still signed in')
    t.equal((await endSession(alice, idToken)).location?.href, `${home}?state=the-state`, 'the next one is as it was')
  }
}

proveGroup(t, 'end-session', rows, async (t, fault, prove) => await prove(t, await startFaultyIdp(t), fault))

t.test('does not count a sign-out without a state as one whose state was spoilt', async t => {
  const { idp, lab } = await startFaultyIdp(t)
  const alice = await SignedIn.as(idp)
  const idToken = await alice.idToken()
  await lab.faults.switchOn('end-session-invalid-state', { count: 1 })
  t.equal((await endSession(alice, idToken, '')).location?.href, home)
  t.equal((await lab.faults.active()).length, 1, 'still on')
})

import { fetch } from '../outbound/outbound.ts'

const moveTimeoutMs = 2_000
const resetTimeoutMs = 5_000

/** What came of telling another service: `refused` by a service that is no lab, or knows itself by another URL. */
export type Moved = 'moved' | 'not reachable' | 'refused'

/**
 * Move the clocks of other services, all at once; each has two seconds.
 *
 * @param urls their origins
 */
export async function moveOtherClocks (urls: string[], offsetSeconds: number): Promise<Record<string, Moved>> {
  return Object.fromEntries(await Promise.all(urls.map(async url => [url, await moveOtherClock(url, offsetSeconds)] as const)))
}

async function moveOtherClock (url: string, offsetSeconds: number): Promise<Moved> {
  try {
    const response = await fetch(`${url}/lab/clock`, {
      method: 'PUT',
      redirect: 'manual',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ offsetSeconds }),
      signal: AbortSignal.timeout(moveTimeoutMs)
    })
    await response.text()
    return response.ok ? 'moved' : 'refused'
  } catch {
    return 'not reachable'
  }
}

/**
 * Have other services put everything back, all at once; each has five seconds.
 *
 * @param urls their origins
 * @returns what each has put back, in words
 */
export async function resetOthers (urls: string[]): Promise<Record<string, string>> {
  return Object.fromEntries(await Promise.all(urls.map(async url => [url, await resetOther(url)] as const)))
}

async function resetOther (url: string): Promise<string> {
  try {
    const response = await fetch(`${url}/lab`, { method: 'DELETE', redirect: 'manual', signal: AbortSignal.timeout(resetTimeoutMs) })
    const text = await response.text()
    return response.ok ? (JSON.parse(text) as { done: string }).done : 'refused'
  } catch {
    return 'not reachable'
  }
}

import type { Test } from 'tap'
import { fetch } from '#lib/outbound/outbound.ts'
import type { Lab } from '../helpers/lab.ts'

/** That the lessons’ two sites are reached wherever the lab runs: by browsers without a window in the console, and by the provider. */
export async function lessonsAnywhere (t: Test, lab: Lab) {
  async function tried (lesson: number, mended: string[]) {
    const response = await fetch(`${lab.console}/lessons/${lesson}/trials`, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ mended })
    })
    return await response.json() as { attack: { gained: boolean }, honest: { ok: boolean } }
  }

  await t.test('an attack on the careless shop gains something, and nothing once it is mended', async t => {
    t.match(await tried(5, []), { attack: { gained: true }, honest: { ok: true } })
    t.match(await tried(5, ['binds-state']), { attack: { gained: false }, honest: { ok: true } })
  })

  await t.test('the provider signs people out at the shop, too', async t => {
    t.match(await tried(18, ['checks-logout-token']), { attack: { gained: false }, honest: { ok: true } })
  })
}

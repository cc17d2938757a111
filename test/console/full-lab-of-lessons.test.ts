import t from 'tap'
import { fetch } from '#lib/outbound/outbound.ts'
import { startEmbeddedLab } from '../helpers/embedded-lab.ts'

const lab = await startEmbeddedLab(t, { MAX_REALMS: '1' })
const post = async (path: string, body?: object) => {
  const response = await fetch(lab.console + path, { method: 'POST', ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }) })
  return { status: response.status, body: await response.json() as { id?: string, error_description?: string } }
}

t.test('whoever begins a lesson in a lab that is full is told so in words, and begins once there is room', async t => {
  const { body: { id } } = await post('/lessons/5/attempts')
  const full = { status: 409, body: { error_description: /^The lab is full: .+ Try again in a while/ } }
  t.match(await post('/lessons/5/attempts'), full)
  t.match(await post('/lessons/5/proofs', { mended: [] }), full, 'whoever proves is told, too')
  await fetch(`${lab.console}/attempts/${id}`, { method: 'DELETE' })
  t.equal((await post('/lessons/5/attempts')).status, 200)
})

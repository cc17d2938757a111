// Several replicas of the relying party on one store.
import t from 'tap'
import { noValkey, startValkey } from '../helpers/valkey.ts'
import { buildAlone } from './helper.ts'

const reason = await noValkey()
t.test('replicas limit sign-ins together, and refuse them in words while the store is away', { skip: reason ?? false }, async t => {
  const server = await startValkey(t)
  const settings = { STORE_URL: server.url, SIGN_IN_RATE_LIMIT: '3', LAB: 'false' }
  const replicas = [await buildAlone(t, settings), await buildAlone(t, settings)]
  const codes: string[] = []
  for (let n = 0; n < 5; n++) {
    const { status, $ } = await replicas[n % 2]!.tab().get('/login')
    codes.push(`${status} ${$('dl code').text()}`)
  }
  t.strictSame(codes, [...Array<string>(3).fill('503 provider_unavailable'), ...Array<string>(2).fill('429 rate_limited')])

  await server.kill()
  const { status, headers, $ } = await replicas[0]!.tab().get('/login')
  t.strictSame([status, $('dl code').text(), headers.get('retry-after')], [503, 'cannot_keep', '2'])
})

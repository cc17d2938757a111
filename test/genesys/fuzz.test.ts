// What no client of Genesys' API would ever ask: malformed, forged, and meant for somebody else's session. A failure
// prints its seed and the smallest request that shows it; FUZZ_SEED repeats a run, FUZZ_RUNS=10 makes it ten times longer.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import type { GuestFrame } from '../helpers/guest.ts'
import { sendRaw, type RawRequest } from '../helpers/raw-http.ts'
import { startAttackedService, type Attacker } from './attacked-service.ts'
import { damaged, forged, mutated, nonsense } from './hostile.ts'
import { startIdp } from './identity-provider.ts'
import { frameTemplates, restTemplates } from './templates.ts'

const { issuer } = await startIdp(t)
const unlimited = await startAttackedService(t, issuer, { rateLimits: false })
const limited = await startAttackedService(t, issuer, { rateLimits: true })

type Service = Awaited<ReturnType<typeof startAttackedService>>

const { FUZZ_SEED, FUZZ_RUNS = '1' } = process.env
const runs = (usual: number) => ({
  numRuns: usual * Number(FUZZ_RUNS), ...(FUZZ_SEED !== undefined && { seed: Number(FUZZ_SEED) })
})

const maxFrameBytes = 128 * 1024

for (const authenticated of [true, false]) {
  t.test(`every frame of ${authenticated ? 'a signed-in' : 'an anonymous'} attacker gets one answer, and none is another guest's`, async t => {
    const service = unlimited
    const attacker = await service.attacker({ authenticated })
    await whileTheVictimChats(t, service, 20, () => fc.assert(fc.asyncProperty(frames(service, attacker), async frame => {
      const { frames, closed } = await attacker.send(frame)
      checkAnswers(frame, frames, closed, service)
    }), runs(500)))
  })
}

t.test('every frame gets one answer also where there are too many of them', async t => {
  const service = limited
  const attacker = await service.attacker({ authenticated: true })
  const classes = new Set<string>()
  let sent = 0
  await whileTheVictimChats(t, service, 1_100, () => fc.assert(fc.asyncProperty(frames(service, attacker), async frame => {
    // A frame and a good one each, of which 40 are refused then; who goes on to 60 is closed.
    if (++sent % 50 === 0) await attacker.leave()
    const { frames, closed } = await attacker.send(frame)
    checkAnswers(frame, frames, closed, service)
    for (const frame of frames) classes.add(frame.class)
  }), runs(150)))
  t.ok(classes.has('TooManyRequestsErrorMessage'), 'there were too many')
})

t.test('a text frame that is no UTF-8 ends its own socket only', async t => {
  const service = unlimited
  const attacker = await service.attacker({ authenticated: true })
  await whileTheVictimChats(t, service, 5, async () => {
    t.match(await attacker.send(Buffer.from('{"action":"echo\xff"}', 'latin1'), { binary: false }), { frames: [], closed: true })
    t.match(await attacker.send('{}'), { closed: false })
  })
})

for (const [rateLimits, service] of Object.entries({ off: unlimited, on: limited })) {
  t.test(`every REST request is met or refused in the platform's words, with rate limits ${rateLimits}`, async t => {
    const attacker = await service.attacker({ authenticated: true })
    const own = await attacker.collect()
    await whileTheVictimChats(t, service, rateLimits === 'on' ? 1_100 : 20, () =>
      fc.assert(fc.asyncProperty(requests(service, attacker, own), async request => {
        const response = await sendRaw(service.port, request)
        checkSilence(response.headers + response.body, service)
        assert.ok(response.status < 500, `${response.status} ${response.body}`)
        if (response.status < 400 || request.method === 'HEAD') return
        const { code, message, status, contextId, details, errors } = JSON.parse(response.body)
        assert.equal(status, response.status)
        for (const text of [code, message, contextId]) assert.equal(typeof text, 'string')
        assert.deepEqual([details, errors], [[], []])
      }), runs(rateLimits === 'on' ? 150 : 500)))
  })
}

t.test('no route of the service is left out here', async t => {
  const service = unlimited
  const attacker = await service.attacker({ authenticated: true })
  const known = new Set(restTemplates(attacker, await attacker.collect()).map(({ route }) => route))
  for (const route of routesOf(service.app.printRoutes({ commonPrefix: false }))) t.ok(known.has(route), route)
})

/** Frames in the shape of requests, and others. */
const frames = (service: Service, attacker: Attacker): fc.Arbitrary<string | Buffer> => {
  const valid = frameTemplates(attacker, service.victim.guesses)
  return fc.oneof(
    { arbitrary: mutated(valid, Object.values(service.victim.guesses)), weight: 8 },
    { arbitrary: damaged(valid), weight: 2 },
    { arbitrary: nonsense, weight: 1 },
    { arbitrary: fc.uint8Array({ maxLength: 300 }).map(bytes => Buffer.from(bytes)), weight: 1 }
  )
}

function checkAnswers (frame: string | Buffer, frames: GuestFrame[], closed: boolean, service: Service) {
  checkSilence(JSON.stringify(frames), service)
  if (Buffer.byteLength(frame) > maxFrameBytes) return assert.ok(closed, 'what is too large ends the socket')
  const answers = frames.filter(frame => !isPush(frame))
  assert.equal(answers.length, 1, `answers: ${JSON.stringify(answers)}`)
  const [{ type, class: className, code, body, tracingId }] = answers as [GuestFrame]
  assert.match(type, /^(response|message)$/)
  if (className === 'string') assert.ok(code >= 400 && code < 5000 && typeof body === 'string', `${code} ${JSON.stringify(body)}`)
  else assert.equal(code, className === 'TooManyRequestsErrorMessage' ? 429 : 200)
  assert.equal(tracingId, tracingIdOf(frame))
  assert.equal(closed, frames.some(frame => frame.class === 'ConnectionClosedEvent'), 'the socket stays, unless it was told to close')
}

const pushes = new Set(['ConnectionClosedEvent', 'SessionClearedEvent', 'SessionExpiredEvent', 'LogoutEvent'])

const isPush = (frame: GuestFrame) => pushes.has(frame.class) ||
  (frame.class === 'StructuredMessage' && (frame.body as { direction: string }).direction === 'Outbound')

// One that is longer is refused, and not repeated.
const longestTracingId = 256

function tracingIdOf (frame: string | Buffer): string | undefined {
  if (typeof frame !== 'string') return undefined
  try {
    const { tracingId } = JSON.parse(Buffer.from(frame).toString()) as { tracingId?: unknown }
    return typeof tracingId === 'string' && tracingId.length <= longestTracingId ? tracingId : undefined
  } catch {
    return undefined
  }
}

/** Requests to every route, with what is wrong in their method, target, headers or body. */
const requests = (service: Service, attacker: Attacker, own: Awaited<ReturnType<Attacker['collect']>>) =>
  fc.constantFrom(own.attachment, service.victim.guesses.attachment).chain(attachment =>
    fc.constantFrom(...restTemplates(attacker, { ...own, attachment }))
  ).chain(({ method, path, body, query }): fc.Arbitrary<RawRequest> => fc.record({
    method: fc.oneof(
      { arbitrary: fc.constant(method), weight: 6 },
      { arbitrary: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'get', 'NONE'), weight: 1 }
    ),
    target: fc.tuple(
      fc.oneof({ arbitrary: fc.constant(path), weight: 6 }, { arbitrary: oddPath(path), weight: 1 }),
      fc.oneof(
        fc.constant(query ?? ''),
        oddQuery(Object.values(service.victim.guesses)),
        forged(own.genuine, [service.victim.guesses]).map(token => `?token=${encodeURIComponent(token.toWellFormed())}`)
      )
    ).map(parts => parts.join('')),
    headers: fc.tuple(
      fc.oneof(fc.constant('application/json'), fc.constantFrom(...contentTypes)).map(type => ['content-type', type] as const),
      fc.oneof(
        fc.constantFrom('', 'Bearer', 'bearer ', 'Basic YTpi', `Bearer ${'x'.repeat(9_000)}`, 'Bearer \xff\xfe'),
        forged(own.genuine, [service.victim.guesses]).map(token => `bearer ${onOneLine(token)}`)
      ).map(value => ['authorization', value] as const),
      fc.constantFrom(['accept', '*/*'], ['content-encoding', 'gzip'], ['origin', 'null'], ['range', 'bytes=0-1,5-'],
        ['if-none-match', '\xff'], ['x-forwarded-for', '1'.repeat(2_000)], ['content-type', 'text/plain'])
    ),
    body: body === undefined
      ? fc.constantFrom('', '', '{}')
      : fc.oneof(
        { arbitrary: mutated([body], Object.values(service.victim.guesses)), weight: 5 },
        { arbitrary: damaged([body]), weight: 1 },
        { arbitrary: nonsense, weight: 1 },
        { arbitrary: fc.uint8Array({ maxLength: 200 }).map(bytes => Buffer.from(bytes).toString('latin1')), weight: 1 }
      ).map(text => Buffer.from(text).toString('latin1'))
  }))

const contentTypes = [
  '', 'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'application/json; charset=utf-16', 'application/json;;;', '/',
  'application/vnd.api+json', 'a'.repeat(2_000), '\xff/\xfe', '__proto__'
]

const oddPath = (path: string) => fc.oneof(
  fc.constantFrom(
    '//', '/%', '/%zz', '/%ff%fe', '/%00', '/.', '/..%2f..%2fetc%2fpasswd', `/${'a'.repeat(9_000)}`, '/\xff', '*',
    'http://elsewhere.example/', '/__proto__'
  ),
  fc.tuple(fc.nat(), fc.constantFrom('%', '/', '%2f', '%00', '..', '\xe9', 'A', ';', '%25')).map(([where, part]) => {
    const at = 1 + where % path.length
    return path.slice(0, at) + part + path.slice(at)
  })
)

const oddQuery = (guesses: readonly string[]) => fc.array(fc.tuple(
  fc.constantFrom('pageNumber', 'pageSize', 'deploymentId', 'conversationId', '__proto__', 'pageNumber[]', 'constructor[prototype]', '%zz', ''),
  fc.constantFrom('1', '0', '-1', '1e3', '9007199254740993', '9'.repeat(400), 'NaN', '', '%00', '%ff', '[]', ...guesses)
), { maxLength: 4 }).map(parameters => parameters.map(([name, value], index) => `${index === 0 ? '?' : '&'}${name}=${value}`).join(''))

// eslint-disable-next-line no-control-regex -- they are what must not get into a header
const onOneLine = (text: string) => Buffer.from(text).toString('latin1').replaceAll(/[\x00-\x1f\x7f]/g, '')

function checkSilence (answer: string, { victim }: Service) {
  for (const secret of victim.secrets) assert.ok(!answer.includes(secret), `another guest's ${secret} in ${answer}`)
}

/** The service has to stay up for others all along, and has nothing to complain about. */
async function whileTheVictimChats (t: Test, { victim, complaints }: Service, interval: number, attack: () => Promise<void>) {
  let over = false
  const chat = victim.chatUntil(() => over, interval)
  try {
    await attack()
  } finally {
    over = true
  }
  const { echoes, wrong } = await chat
  t.ok(echoes > 0, `${echoes} messages of somebody else went round meanwhile`)
  t.strictSame(wrong, [])
  t.strictSame(complaints, [], 'the log has no errors')
}

/** The routes that Fastify prints as a tree, four columns a level. */
function routesOf (tree: string): string[] {
  const routes: string[] = []
  const path: string[] = []
  for (const [, indent, part, methods] of tree.matchAll(/^([│ ]*)[├└]── (\S+)(?: \((.+)\))?$/gm)) {
    path.splice(indent!.length / 4, Infinity, part === '*' && indent !== '' ? '/*' : part!)
    for (const method of methods?.split(', ') ?? []) if (method !== 'HEAD') routes.push(`${method} ${path.join('')}`)
  }
  return routes
}

// Whether the lab runs in a process or in a container, and what is said of an engine that is not there: none of this needs one.
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { startLab } from './index.ts'

const idpAlone = { services: ['idp' as const] }

t.beforeEach(t => {
  const { LAB_URL, LAB_HOW, LAB_IMAGE, DOCKER_HOST, ...others } = process.env
  t.context.env = process.env
  process.env = { ...others }
})
t.afterEach(t => { process.env = t.context.env })

t.test('the lab is a process where nobody says otherwise, or somebody says so; no engine is then asked for', async t => {
  const { host, connections } = await engine(t, () => {})
  process.env['DOCKER_HOST'] = host
  const byItself = await startLab(idpAlone)
  t.match(byItself, { how: 'process', why: /needs no Docker/ })
  await byItself.stop()
  process.env['LAB_HOW'] = 'process'
  const asked = await startLab(idpAlone)
  t.match(asked, { how: 'process', why: 'LAB_HOW is process' })
  await asked.stop()
  process.env['LAB_HOW'] = 'container'
  const askedInCode = await startLab({ ...idpAlone, how: 'process' })
  t.match(askedInCode, { how: 'process', why: 'how is process' }, 'whoever calls has the last word')
  await askedInCode.stop()
  t.equal(connections(), 0)
})

t.test('where no engine answers, auto is a process and says why, and a container is refused within a second', async t => {
  process.env['DOCKER_HOST'] = 'tcp://127.0.0.1:1'
  const lab = await startLab({ ...idpAlone, how: 'auto' })
  t.match(lab, { how: 'process', why: /^how is auto, and no container engine answers at tcp:\/\/127\.0\.0\.1:1, as DOCKER_HOST has it: connect ECONNREFUSED/ })
  await lab.stop()
  await refused(t, /^The lab cannot run in a container: no container engine answers at tcp:\/\/127\.0\.0\.1:1, as DOCKER_HOST has it: connect ECONNREFUSED/)
})

t.test('an engine that takes connections and answers nothing delays nobody by more than a second', async t => {
  const { host } = await engine(t, () => {})
  process.env['DOCKER_HOST'] = host
  await refused(t, /no container engine answers at tcp:\/\/127\.0\.0\.1:\d+, as DOCKER_HOST has it: nothing came in 0\.7 s\.$/)
})

t.test('what answers and is no engine is called that', async t => {
  const { host } = await engine(t, socket => { socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n') })
  process.env['DOCKER_HOST'] = host
  await refused(t, /what answers at tcp:\/\/127\.0\.0\.1:\d+, as DOCKER_HOST has it is no container engine: it says 404/)
})

t.test('an image that is not there is told with the command that makes it', async t => {
  const { host } = await engine(t, socket => socket.once('data', request => {
    socket.end(`HTTP/1.1 ${/^GET \/_ping /.test(String(request)) ? '200 OK' : '404 Not Found'}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`)
  }))
  process.env['DOCKER_HOST'] = host
  await refused(t, /has no image oidc-messenger-lab:\d+\.\d+\.\d+, .*`docker build -f services\/Dockerfile -t oidc-messenger-lab:\d+\.\d+\.\d+ \.` .*LAB_IMAGE/)
  process.env['LAB_HOW'] = 'auto'
  process.env['LAB_IMAGE'] = 'registry.example/lab:1'
  const lab = await startLab(idpAlone)
  t.match(lab, { how: 'process', why: /has no image registry\.example\/lab:1$/ })
  await lab.stop()
})

t.test('a way that there is not is told with those that there are', async t => {
  process.env['LAB_HOW'] = 'docker'
  await t.rejects(startLab(), new Error('LAB_HOW is docker; it must be one of process, container, auto.'))
})

/** What a container engine is taken for, and how many have connected to it. */
async function engine (t: Test, answer: (socket: Socket) => unknown) {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    answer(socket)
  }).listen(0, '127.0.0.1')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  await once(server, 'listening')
  return { host: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`, connections: () => sockets.size }
}

async function refused (t: Test, words: RegExp) {
  const since = performance.now()
  await t.rejects(startLab({ how: 'container' }), { message: words })
  t.ok(performance.now() - since < 1_000, `after ${performance.now() - since} ms`)
}

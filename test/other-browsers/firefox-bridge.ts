// Starts Firefox, and passes on what Playwright and Firefox say to each other by WebDriver BiDi. Playwright is ahead of the
// Firefox that Debian ships: a setting of the media features, which Firefox does not know yet, would end each start.
import { spawn } from 'node:child_process'
import { WebSocket, WebSocketServer } from 'ws'

const [executable = '', ...args] = process.argv.slice(2)
const firefox = spawn(executable, args, { stdio: ['ignore', 'inherit', 'pipe'] })
firefox.once('exit', code => process.exit(code ?? 1))
process.once('SIGTERM', () => firefox.kill())

let said = ''
firefox.stderr.setEncoding('utf8').on('data', (part: string) => {
  said += part
  const [announcement, address] = /WebDriver BiDi listening on (ws:\S+)\n/.exec(said) ?? []
  if (announcement === undefined || address === undefined) return
  firefox.stderr.removeAllListeners('data').pipe(process.stderr)
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 }, () => {
    const { port } = server.address() as { port: number }
    process.stderr.write(announcement.replace(address, `ws://127.0.0.1:${port}`))
  })
  server.on('connection', (client, { url = '' }) => connect(client, address + url))
})

function connect (client: WebSocket, address: string) {
  const service = new WebSocket(address)
  const waiting: string[] = []
  const settings = new Set<number>()
  service.once('open', () => { for (const message of waiting.splice(0)) service.send(message) })
  client.on('message', data => {
    const message = String(data)
    const { id, method } = JSON.parse(message)
    if (method.startsWith('emulation.')) settings.add(id)
    if (service.readyState === WebSocket.OPEN) service.send(message)
    else waiting.push(message)
  })
  service.on('message', data => {
    const message = String(data)
    const { id, error } = JSON.parse(message)
    const isUnknown = settings.delete(id) && error === 'unknown command'
    client.send(isUnknown ? JSON.stringify({ type: 'success', id, result: {} }) : message)
  })
  service.once('close', () => client.close())
  client.once('close', () => service.close())
}

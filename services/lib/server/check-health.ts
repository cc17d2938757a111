// The containers' health check: exits with 0 when the services on the ports of the named settings are ready. By node:http, as
// fetch takes longer to load than the answer takes, and a start asks often.
import { get } from 'node:http'

const ports = process.argv.slice(2).map(name => process.env[name])
let waitedFor = ports.length
for (const port of ports) {
  get(`http://127.0.0.1:${port}/readyz`, ({ statusCode }) => {
    if (statusCode !== 200) process.exit(1)
    if (--waitedFor === 0) process.exit(0)
  }).on('error', () => process.exit(1))
}

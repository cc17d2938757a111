// The containers' health check where the services have TLS, which check-health.sh leaves to this. By node:https, as fetch takes longer
// to load than the answer takes.
import { get } from 'node:https'

const ports = process.argv.slice(2).map(name => process.env[name])
let waitedFor = ports.length
for (const port of ports) {
  get({ host: '127.0.0.1', port, path: '/readyz', rejectUnauthorized: false }, ({ statusCode }) => {
    if (statusCode !== 200) process.exit(1)
    if (--waitedFor === 0) process.exit(0)
  }).on('error', () => process.exit(1))
}

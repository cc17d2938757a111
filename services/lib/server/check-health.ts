// The containers' health check: exits with 0 when the services on the ports of the named settings are ready. By node:http, as
// fetch takes longer to load than the answer takes, and a start asks often.
import http from 'node:http'
import https from 'node:https'

const ports = process.argv.slice(2).map(name => process.env[name])
const scheme = process.env['TLS'] === 'on' ? https : http
let waitedFor = ports.length
for (const port of ports) {
  scheme.get({ host: '127.0.0.1', port, path: '/readyz', rejectUnauthorized: false }, ({ statusCode }) => {
    if (statusCode !== 200) process.exit(1)
    if (--waitedFor === 0) process.exit(0)
  }).on('error', () => process.exit(1))
}

// The containers' health check: exits with 0 when the service on the port of the named setting is ready. By node:http, as
// fetch takes longer to load than the answer takes, and a start asks often.
import { get } from 'node:http'

const port = process.env[process.argv[2] ?? '']
get(`http://127.0.0.1:${port}/readyz`, ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1))
  .on('error', () => process.exit(1))

// The containers' health check: exits with 0 when the service on the port of the named setting is ready.
const port = process.env[process.argv[2] ?? '']
const response = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined)
process.exit(response?.ok ? 0 : 1)

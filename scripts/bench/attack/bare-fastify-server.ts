// Fastify and nothing else, answering everything with `LENGTH` characters: what our services are compared with under attack.
import Fastify from 'fastify'

const { PORT, LENGTH } = process.env as Record<string, string>
const app = Fastify()
const body = 'x'.repeat(Number(LENGTH))
app.get('/*', async () => body)
await app.listen({ host: '127.0.0.1', port: Number(PORT) })

// Fastify and nothing else, answering everything with so many characters: what an attack is compared by.
import Fastify from 'fastify'

const { PORT, LENGTH } = process.env as Record<string, string>
const app = Fastify()
const body = 'x'.repeat(Number(LENGTH))
app.get('/*', async () => body)
await app.listen({ host: '127.0.0.1', port: Number(PORT) })

// A bare `ws` server that commits each message to SQLite, as durably as the services' store does, before it sends it back: what
// a message costs that is not lost with the process.
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { WebSocketServer } from 'ws'
import { pragmas } from '#lib/store/sqlite/tables.ts'

const { PORT, STATE_DIR } = process.env as Record<string, string>
const database = new DatabaseSync(join(STATE_DIR!, 'echo.sqlite'))
database.exec(`${pragmas} CREATE TABLE message (sequence INTEGER PRIMARY KEY, value TEXT NOT NULL);`)
const keep = database.prepare('INSERT INTO message (value) VALUES (?)')

const server = new WebSocketServer({ host: '127.0.0.1', port: Number(PORT) })
server.on('connection', socket => {
  socket.on('message', (data: Buffer, isBinary) => {
    keep.run(data.toString())
    socket.send(data, { binary: isBinary })
  })
})

import { once } from 'node:events'
import { connect } from 'node:net'

/** A request as it goes over the line: nothing in it is checked or put right. */
export interface RawRequest {
  method: string
  /** path and query */
  target: string
  headers: readonly (readonly [name: string, value: string])[]
  body: string
}

/** What came back. */
export interface RawResponse {
  status: number
  headers: string
  body: string
}

/**
 * Send a request byte by byte, on a connection of its own.
 *
 * Strings are Latin-1 on the line: one byte a character, so that bytes that are no UTF-8 can be sent.
 *
 * @throws {Error} where the connection ends without a response
 */
export async function sendRaw (port: number, { method, target, headers, body }: RawRequest): Promise<RawResponse> {
  const lines = [
    `${method} ${target} HTTP/1.1`, 'host: genesys.localhost', 'connection: close', `content-length: ${Buffer.byteLength(body, 'latin1')}`,
    ...headers.map(([name, value]) => `${name}: ${value}`)
  ]
  return sendBytes(port, `${lines.join('\r\n')}\r\n\r\n${body}`)
}

/**
 * Send whatever may or may not be a request, on a connection of its own, and read until the other side closes it.
 *
 * @param bytes one character each
 * @throws {Error} where the connection ends without a response
 */
export async function sendBytes (port: number, bytes: string): Promise<RawResponse> {
  const socket = connect(port, '127.0.0.1')
  socket.write(bytes, 'latin1')
  let response = ''
  socket.setEncoding('utf8').on('data', text => { response += text })
  // Who is refused before all was read gets the answer and then a reset, as HTTP has it: RFC 9112 section 9.6.
  socket.on('error', () => {})
  await once(socket, 'close')
  const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(response) ?? []
  if (status === undefined) throw new Error(`no response: “${response}”`)
  const end = response.indexOf('\r\n\r\n')
  return { status: Number(status), headers: response.slice(0, end), body: response.slice(end + 4) }
}

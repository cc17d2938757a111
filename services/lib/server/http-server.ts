import { createServer, type IncomingMessage } from 'node:http'
import { createServer as createTlsServer, Server as TlsServer } from 'node:https'
import { createRequire } from 'node:module'
import Fastify, { LogController, type FastifyBaseLogger, type FastifyServerOptions } from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { graceOf, gracePeriodMs } from './graceful-close.ts'
import { basePathOf, pathBelow } from './request-target.ts'
import { holdBackPipelined } from './pipelining-backpressure.ts'
import type { ServerConfig } from '../settings/settings.ts'
import { boundUnread } from './unread-answers.ts'
import { ajvOptions, lazyCompilers } from '../validation/compile.ts'
import { describeRequest } from '../validation/validator.ts'

// Loaded where it is used: a service in production logs JSON.
const loadPretty = () => createRequire(import.meta.url)('pino-pretty') as typeof import('pino-pretty').PinoPretty

/**
 * The Fastify instance that every service is built on: one line of log a request, and no secret in it; `request.ip` is the
 * client's behind trusted proxies, while `request.host` and `request.protocol` are always those of the connection. Of each
 * connection one request at a time is worked on, and what is under way when it closes has `gracePeriodMs` to end. Who does not
 * read what they have asked for is cut off. With a folder of certificates in `config`, it speaks TLS by these.
 */
export function buildServer (
  config: ServerConfig,
  earlyErrors: Pick<FastifyServerOptions, 'frameworkErrors' | 'clientErrorHandler'> = {}
) {
  const { destination, format } = config.log
  const basePath = basePathOf(config.url)
  const isTls = config.certificates !== undefined
  const app = Fastify({
    logger: {
      name: config.name,
      level: config.log.level,
      serializers: { err: describeError },
      ...(format === 'pretty' && {
        stream: loadPretty()({ ignore: 'pid,hostname,reqId', translateTime: 'SYS:HH:MM:ss.l', singleLine: true, sync: true })
      }),
      ...(destination && { stream: destination })
    },
    // Its two lines a request carry the whole URL, and with it codes and states.
    logController: new LogController({ disableRequestLogging: true }),
    // A user name of 254 characters, each of four bytes, percent-encoded.
    routerOptions: { maxParamLength: 254 * 4 * 3 },
    rewriteUrl: request => pathBelow(basePath, request),
    serverFactory: handler => (isTls ? createTlsServer(tlsOptions, handler) : createServer(connectionOptions, handler)).setTimeout(stallMs),
    trustProxy: config.trustedProxies,
    schemaController: { compilersFactory: lazyCompilers },
    ajv: { customOptions: ajvOptions },
    schemaErrorFormatter: describeRequest,
    ...earlyErrors
  }).withTypeProvider<TypeBoxTypeProvider>()

  if (app.server instanceof TlsServer) app.addHook('onReady', certify(app.server, config.certificates!))
  holdBackPipelined(app.server)
  const beginGrace = graceOf(app.server, requests => app.log.warn(
    `cut after ${gracePeriodMs / 1000} s, as this service ends: ${requests.map(nameOf).join(', ')}`))
  app.addHook('preClose', async () => beginGrace())

  // Every URL is made from the settings. Fastify would believe a trusted proxy in this as well, and with it whoever sends
  // through one that passes on what it is given.
  app.addHook('onRequest', ({ raw: { headers } }, _reply, done) => {
    for (const name of ['x-forwarded-host', 'x-forwarded-proto']) if (name in headers) delete headers[name]
    done()
  })
  const noteUnread = boundUnread(maxUnreadBytes)
  app.addHook('onSend', (_request, reply, payload, done) => {
    noteUnread(reply.raw, unreadBytesOf(payload))
    done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    if (request.routeOptions.config.log !== false) {
      request.log.info(`${request.method} ${withoutValues(request.originalUrl)} ${reply.statusCode} ${Math.round(reply.elapsedTime)} ms`)
    }
    done()
  })
  return app
}

const connectionOptions = {
  // Of its own, Fastify waits for ever for the rest of a body, and a connection costs whoever sends it nothing.
  requestTimeout: 120_000,
  // Longer than proxies keep a connection as a rule, so that they do not send into one that is being closed.
  keepAliveTimeout: 72_000
}

// A handshake is over in moments, and a server that is to close waits for it.
const tlsOptions = { ...connectionOptions, handshakeTimeout: 5_000 }

function certify (server: TlsServer, folder: string) {
  return async () => {
    // Loaded where it is used: in production a proxy has the certificate.
    const { labCertificates } = await import('../tls/lab-certificates.ts')
    const { key, certificate } = await labCertificates(folder)
    server.setSecureContext({ key, cert: certificate })
  }
}

// A connection on which nothing has moved for so long has nobody at its other end, or nobody who reads. Streams of events have a
// sign of life twice a minute.
const stallMs = 120_000

// Many of the longest answers, and few enough for a container of 256 MB.
const maxUnreadBytes = 16 * 1024 * 1024

// What is held of a file: a part that was read from the disk, and one that was handed to the connection.
const unreadBytesOfStream = 128 * 1024

const unreadBytesOf = (payload: unknown) =>
  typeof payload === 'string' || Buffer.isBuffer(payload) ? payload.length : payload == null ? 0 : unreadBytesOfStream

/** A Fastify instance as `buildServer` makes it. */
export type Server = ReturnType<typeof buildServer>

/**
 * The path with the names of its parameters: the values may be codes, states and tokens. The names are encoded, since a line
 * feed in one would begin another line where the log is no JSON.
 */
function withoutValues (url: string): string {
  const [path, query] = url.split('?', 2)
  if (query === undefined) return path!
  const names = [...new Set(new URLSearchParams(query).keys())]
  return names.length === 0 ? path! : `${path}?${names.map(name => `${encodeURIComponent(name)}=…`).join('&')}`
}

const nameOf = ({ method, url = '' }: IncomingMessage) => `${method} ${withoutValues(url)}`

/** An error without its `cause` and other properties: those of an OAuth client can hold a whole token response. */
function describeError (error: Error & { code?: string }) {
  return { type: error.name, code: error.code, message: error.message, stack: error.stack ?? '' }
}

/** A logger, for what has no request. */
export type Logger = FastifyBaseLogger

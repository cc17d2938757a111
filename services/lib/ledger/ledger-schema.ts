import { Type } from '../validation/schema.ts'

const text = Type.String({ maxLength: 200 })
const filled = Type.String({ minLength: 1, maxLength: 300 })

const value = Type.Unknown({
  type: ['string', 'number', 'boolean', 'null'], description: 'of the type that it was sent with; objects and lists are their JSON'
})

const headers = Type.Record(Type.String(), Type.Unknown({ type: ['string', 'array'], items: { type: 'string' } }), {
  description: 'some of them: of credentials their scheme, of cookies their names, of addresses no values'
})

export const entry = Type.Object({
  id: Type.Integer({ description: 'in the order in which requests arrived' }),
  time: Type.String({ description: 'when the request arrived, by the clock of the lab' }),
  at: Type.Number({ description: 'the same in epoch milliseconds by the clock of the system: the order over all services' }),
  from: Type.String({ description: '`browser`, a client_id, the name of a service, or `unknown`' }),
  to: Type.String(),
  method: Type.String(),
  endpoint: Type.String(),
  path: Type.String({ description: 'without the query' }),
  parameters: Type.Record(Type.String(), value, {
    description: 'of query and form, and what the client authenticated with; secrets as their first characters and their ' +
      'length, unless they are asked for; passwords never. A value is cut at 8,192 characters, which it then says'
  }),
  status: Type.Integer({ description: '0 where the connection broke before there was an answer' }),
  answer: Type.Record(Type.String(), value, {
    description: 'parameters of the location of a redirect, or members of a JSON object'
  }),
  requestHeaders: headers,
  answerHeaders: headers,
  links: Type.Array(Type.String(), {
    description: 'of each single-use value that came or went (state, code, tokens, session cookie) 16 characters of its SHA-256: what ' +
      'has one in common belongs together, at any service'
  }),
  frame: Type.Optional(Type.Object({
    direction: Type.Enum(['in', 'out'], { description: 'as the service sees it' }),
    name: Type.String({ description: 'action or class' }),
    connection: Type.String({ description: 'the same for all messages of one socket' })
  }, { description: 'of a message on a WebSocket' })),
  client_id: Type.Optional(Type.String({ description: 'as claimed, where the client failed to authenticate' })),
  username: Type.Optional(Type.String({ description: 'whom it is about' })),
  session: Type.Optional(Type.String({ description: 'the same for all clients that a browser was signed in to at once' })),
  faults: Type.Array(Type.String(), { description: 'names of the faults that were applied' }),
  violations: Type.Array(Type.Object({
    rule: Type.String(), what: Type.String(), specification: Type.String({ description: 'URL of the section that it broke' })
  }), { description: 'what was let pass in permissive mode' }),
  flow: Type.Optional(Type.String({ description: 'the same for everything that belongs to one authorization request' })),
  durationMs: Type.Number()
})

const pageFields = {
  entries: Type.Array(entry, { description: 'in the order in which the requests arrived, or the reverse' }),
  count: Type.Integer({ description: 'how many match, those beyond the limit included' }),
  last: Type.Integer({ description: 'the `since` that asks for what comes next' }),
  forgotten: Type.Integer({
    description: 'how many HTTP exchanges after `since` are not in memory any more, whether or not they matched'
  })
}

export const page = Type.Object(pageFields)
export const timedOut = Type.Object({
  error: Type.String(),
  error_description: Type.String(),
  ...pageFields,
  nearest: Type.Array(Type.Object({ entry, differs: Type.Array(Type.String()) }), {
    description: 'what was exchanged and matches all but the filters of `differs`, the latest first'
  })
})
export const refusal = Type.Object({ error: Type.String(), error_description: Type.String() })

export const filter = {
  endpoint: Type.Optional({ ...filled, description: 'e.g. `authorization`, `token`, `userinfo`' }),
  client_id: Type.Optional(filled),
  username: Type.Optional(filled),
  flow: Type.Optional(filled),
  session: Type.Optional({
    ...filled, description: 'as entries have it, or the `sid` of any client: for both, everything of that session'
  }),
  state: Type.Optional({ ...text, description: '`state` of an authorization request: everything that belongs to that' }),
  fault: Type.Optional({ ...filled, description: 'name of a fault that was applied' }),
  rule: Type.Optional({ ...filled, description: 'name of a rule of permissive mode that was broken' }),
  status: Type.Optional(Type.Integer({ minimum: 0, maximum: 599 })),
  from: Type.Optional(filled),
  to: Type.Optional(filled),
  secrets: Type.Optional(Type.Enum(['show'], { description: '`show` does not shorten secrets' }))
}

export const since = Type.Integer({ minimum: 0, description: '`last` of a former answer: only what has ended since then' })

export const paging = {
  since: Type.Optional(since),
  limit: Type.Integer({ minimum: 1, maximum: 1_000, default: 100 }),
  order: Type.Enum(['asc', 'desc'], {
    default: 'asc', description: '`desc`: the latest, in reverse order'
  })
}

// For tests alone: has the `Date` of an application follow the clock of its realm. Timers go on as they are.
//
//   ISSUER=http://127.0.0.1:3001/realms/… node --import ./follow-clock.js shop.js
const everyMs = 100
const System = Date
let offsetMs = 0

async function look () {
  const response = await fetch(`${process.env.ISSUER}/lab/clock`)
  const { offsetSeconds } = await response.json()
  offsetMs = offsetSeconds * 1_000
}

const now = () => System.now() + offsetMs
globalThis.Date = new Proxy(System, {
  construct: (target, parameters, newTarget) => Reflect.construct(target, parameters.length === 0 ? [now()] : parameters, newTarget),
  apply: () => new System(now()).toString(),
  get: (target, name) => name === 'now' ? now : Reflect.get(target, name)
})

await look()
// The realm may be gone before the application is.
setInterval(() => look().catch(() => {}), everyMs).unref()

// Where the sign-in window ends: it tells the page that has opened it, and does what the page says.

const id = new URLSearchParams(location.search).get('id')
const channel = new BroadcastChannel(`sign-in:${id}`)

channel.addEventListener('message', (event) => {
  const { goTo, close } = /** @type {{ goTo?: string, close?: boolean }} */ (event.data)
  if (goTo) location.replace(goTo)
  if (close) window.close()
})
channel.postMessage('returned')

// Run in a page: what the benchmark of the live view measures there.
/* global document, getComputedStyle, MutationObserver, requestAnimationFrame */
globalThis.probes = {
  /** From the start of the navigation to the frame in which so many are there. */
  timeUntilShown: (selector, count) => new Promise(resolve => {
    const look = () => {
      if (document.querySelectorAll(selector).length < count) setTimeout(look, 5)
      else requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now())))
    }
    look()
  }),

  /** Down, a piece a frame: frames a second, and the longest without a frame. */
  scroll: (selector, { milliseconds, pixelsPerMs }) => new Promise(resolve => {
    let area = document.querySelector(selector).parentElement
    while (area.scrollHeight <= area.clientHeight || getComputedStyle(area).overflowY === 'visible') area = area.parentElement
    area.scrollTop = 0
    const begin = performance.now()
    let [frames, last, longest] = [0, begin, 0]
    const frame = now => {
      longest = Math.max(longest, now - last)
      last = now
      frames++
      area.scrollTop = pixelsPerMs * (now - begin)
      if (now - begin < milliseconds) requestAnimationFrame(frame)
      else resolve({ fps: (frames - 1) / (now - begin) * 1_000, longest })
    }
    requestAnimationFrame(frame)
  }),

  /** When each message was drawn that has come since this was called, in epoch milliseconds. */
  seen: [],
  watch () {
    const keyOf = row => row.getAttribute('data-key')
    const known = new Set([...document.querySelectorAll('.messages [data-key]')].map(keyOf))
    new MutationObserver(() => {
      for (const row of document.querySelectorAll('.messages [data-key]')) {
        if (known.has(keyOf(row))) continue
        known.add(keyOf(row))
        this.seen.push(performance.timeOrigin + performance.now())
      }
    }).observe(document.querySelector('.messages'), { childList: true, subtree: true })
  }
}

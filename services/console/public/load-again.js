// No module: it is there before any of those that it watches. One that does not arrive, such as when the computer's network changes meanwhile,
// leaves a page without any of its scripts, and no browser asks for it again. So the page is loaded once more, and then again and again.
addEventListener('error', ({ target }) => {
  if (!(target instanceof HTMLScriptElement)) return
  const retryMs = 2_000
  const [navigation] = performance.getEntriesByType('navigation')
  if (!(navigation instanceof PerformanceNavigationTiming) || navigation.type !== 'reload') return location.reload()
  setTimeout(() => location.reload(), retryMs)
  const say = () => {
    const said = document.createElement('p')
    said.setAttribute('role', 'alert')
    said.textContent = 'A part of this page did not arrive; trying again.'
    document.querySelector('header')?.append(said)
  }
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', say)
  else say()
}, true)

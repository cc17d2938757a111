import { find } from '../elements.js'

const place = find('.exports', HTMLElement)
const menu = find('.exports details', HTMLDetailsElement)
const summary = find('.exports summary', HTMLElement)
const secrets = find('.exports input', HTMLInputElement)
const warning = find('.exports .warning', HTMLElement)
const done = find('.exports .done', HTMLElement)
const png = find('.exports .png', HTMLButtonElement)
const copy = find('.exports .copy', HTMLButtonElement)
const links = /** @type {HTMLAnchorElement[]} */ ([...place.querySelectorAll('a')])

// What all browsers draw: some have an end at so many pixels along a side, others at so many in all.
const maxSide = 16_384
const maxPixels = 64_000_000

/** @param {string} format */
const addressOf = format => `journeys/${place.dataset['journey']}/export.${format}${secrets.checked ? '?secrets=show' : ''}`

function offer () {
  menu.hidden = place.dataset['journey'] === ''
  warning.hidden = !secrets.checked
  done.textContent = ''
  for (const link of links) link.href = addressOf(link.dataset['format'] ?? '')
}

/** @param {string} format */
async function fetchExport (format) {
  const response = await fetch(addressOf(format))
  if (!response.ok) throw new Error((await response.json()).error_description)
  return response
}

/** The picture in pixels: twice as many as it has points, so that it is sharp, or as many as can be drawn. */
async function savePng () {
  const response = await fetchExport('svg')
  const name = /filename="?([^";]+)\.svg/.exec(response.headers.get('content-disposition') ?? '')?.[1] ?? 'journey'
  const source = URL.createObjectURL(await response.blob())
  try {
    const image = new Image()
    image.src = source
    await image.decode()
    const { naturalWidth: width, naturalHeight: height } = image
    const scale = Math.min(2, maxSide / width, maxSide / height, Math.sqrt(maxPixels / width / height))
    const canvas = document.createElement('canvas')
    canvas.width = Math.floor(width * scale)
    canvas.height = Math.floor(height * scale)
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height)
    const pixels = await new Promise(resolve => canvas.toBlob(resolve, 'image/png'))
    if (!(pixels instanceof Blob)) throw new Error('this browser cannot draw a picture of this size')
    save(pixels, `${name}.png`)
  } finally {
    URL.revokeObjectURL(source)
  }
}

/**
 * @param {Blob} file
 * @param {string} name
 */
function save (file, name) {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(file)
  link.download = name
  link.click()
  // The download has its own hold of the file once it has begun.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}

async function copyMermaid () {
  const text = document.createElement('textarea')
  text.value = await (await fetchExport('mmd')).text()
  text.setAttribute('aria-label', 'Mermaid')
  copy.after(text)
  text.select()
  // The clipboard's own interface is for secure contexts alone; this works at http://192.168.… too.
  const isCopied = document.execCommand('copy')
  text.remove()
  copy.focus()
  if (!isCopied) throw new Error('the browser does not let it be copied; download it')
  done.textContent = 'Copied.'
}

/** @param {() => Promise<void>} act */
const whenClicked = act => async () => {
  done.textContent = ''
  try {
    await act()
  } catch (error) {
    done.textContent = `That did not work: ${error instanceof Error ? error.message : error}.`
  }
}

/** Secrets are asked for each time: nobody passes on what was chosen before. */
function forgetSecrets () {
  secrets.checked = false
  offer()
}

png.addEventListener('click', whenClicked(savePng))
copy.addEventListener('click', whenClicked(copyMermaid))
secrets.addEventListener('change', offer)
document.addEventListener('journeychosen', offer)
// Of a menu that is closed and opened at once, one event tells, and that it is open.
menu.addEventListener('toggle', forgetSecrets)
menu.addEventListener('keydown', event => {
  if (event.key !== 'Escape' || !menu.open) return
  event.stopPropagation()
  menu.open = false
  forgetSecrets()
  summary.focus()
})
document.addEventListener('pointerdown', ({ target }) => {
  if (target instanceof Node && !menu.contains(target)) menu.open = false
})
offer()

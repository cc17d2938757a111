// Stands in for https://apps.<region>/genesys-bootstrap/genesys.min.js, which the vendor's snippet loads: this and all that it
// imports are served as that one classic script.
import { start } from './start.js'

const NAME = 'genesys.min.js'

// A module, and what a loader has fetched and evaluates, are not the current script.
const element = /** @type {HTMLScriptElement | null} */ (document.currentScript ?? document.querySelector(`script[src*="/${NAME}"]`))
if (element) start(new URL(element.src).origin)
else console.error(`${NAME} must be loaded by a script element that names it`)

import { copyButton } from './copy-button.js'
import { find } from './elements.js'

const form = find('form.addresses', HTMLFormElement)
const command = find('.command', HTMLElement)

/** Whatever a shell would read otherwise is put into quotes. @param {string} word */
const quoted = word => /^[\w./:@-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`

function show () {
  const options = [...new FormData(form)].filter(([, value]) => value !== '').flatMap(([name, value]) => [`--${name}`, quoted(String(value))])
  command.textContent = ['npx', 'oidc-messenger-lab', 'examine', ...options, '--report', 'lab-report', '--', 'npm', 'start'].join(' ')
}

form.addEventListener('input', show)
form.addEventListener('submit', event => event.preventDefault())
find('.copying', HTMLElement).append(copyButton(command, 'Copy'))
show()

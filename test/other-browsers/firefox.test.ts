import t from 'tap'
import { startFirefox } from './firefox.ts'
import { journey } from './journey.ts'

const start = await startFirefox(t)
if (start) await journey(t, 'firefox', start)
else t.test('the journey', { skip: 'this machine does not have Debian\'s firefox-esr' }, async () => {})

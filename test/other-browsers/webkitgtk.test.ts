import t from 'tap'
import { startWebKitGtk } from './webkitgtk.ts'
import { journey } from './journey.ts'

const start = await startWebKitGtk(t)
if (start) await journey(t, 'webkitgtk', start)
else t.test('the journey', { skip: 'this machine does not have Debian\'s webkit2gtk-driver and xvfb' }, async () => {})

import t from 'tap'
import { startLabBelowPaths } from '../helpers/lab-below-paths.ts'
import { inChromium } from './in-chromium.ts'

const lab = await startLabBelowPaths(t)

t.test('a person at services that are below paths, in Chromium', t => inChromium(t, lab))

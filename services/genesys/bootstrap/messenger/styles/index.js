import composer from './composer.js'
import content from './content.js'
import frame from './frame.js'
import log from './log.js'
import preferences from './preferences.js'
import theme from './theme.js'

// What the person has asked of their system comes last and wins.
export default [theme, frame, log, content, composer, preferences]

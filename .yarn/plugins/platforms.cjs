// The packages of Node name their system as a word, where Yarn looks for a list. Without one it puts the binaries of all
// systems in place, one over the other.
module.exports = {
  name: 'platforms',
  factory (require) {
    const { Manifest } = require('@yarnpkg/core')
    const { load } = Manifest.prototype
    Manifest.prototype.load = function ({ os = [], cpu = [], ...manifest }, ...options) {
      load.call(this, { ...manifest, os: [os].flat(), cpu: [cpu].flat() }, ...options)
    }
    return {}
  }
}

// Where the hidden frame of silent-code.js ends: it tells the page around it what has come of the authorization request.

const outcome = new URLSearchParams(location.search).get('outcome')
parent.postMessage({ type: 'messenger-code', outcome }, location.origin)

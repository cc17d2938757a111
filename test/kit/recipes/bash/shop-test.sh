#!/usr/bin/env bash
# A test of an application's sign-in, with curl alone: ISSUER is where the lab's provider is, SHOP_URL where the application is.
set -euo pipefail
shop=${SHOP_URL:-http://localhost:8080}
cookies=$(mktemp)
trap 'rm -f "$cookies"' EXIT

# lab <method> <path> [<JSON>]: the control API, as openapi.json in the package describes it
lab () {
  curl --silent --show-error --fail-with-body --request "$1" "$ISSUER/lab/$2" ${3:+--header 'content-type: application/json' --data "$3"}
}

# sign_in <user>: what a browser does, from the provider where the user signs in to where the application leads; prints the last status
sign_in () {
  : >"$cookies"
  local link
  link=$(lab POST sign-in-links "{ \"username\": \"$1\", \"target\": \"$shop/login\" }" | sed -E 's/.*"url": *"([^"]+)".*/\1/')
  browse "$link"
}

browse () {
  curl --silent --show-error --location --cookie "$cookies" --cookie-jar "$cookies" --output /dev/null --write-out '%{http_code}' "$1"
}

# is <wanted> <what was seen> <in words>
is () {
  if [ "$1" = "$2" ]; then echo "ok      $3"; else echo "not ok  $3: $2, and not $1"; exit 1; fi
}

lab PUT clients/shop "{ \"redirect_uris\": [\"$shop/callback\"], \"first_party\": true }" >/dev/null
lab PUT users/zoe '{ "claims": { "name": "Zoe" } }' >/dev/null

is 200 "$(sign_in zoe)" 'a person signs in'
is 200 "$(browse "$shop/account")" 'and is known'

lab PUT faults/id-token-invalid-nonce '{ "client_id": "shop", "count": 1 }' >/dev/null
sign_in zoe >/dev/null
is 401 "$(browse "$shop/account")" 'an ID token of another sign-in lets nobody in'
lab GET 'ledger/wait?client_id=shop&fault=id-token-invalid-nonce&timeout=5' >/dev/null
echo 'ok      and the provider has really sent one'

is 200 "$(sign_in zoe)" 'the next sign-in is as any other'

#!/bin/bash
# The containers' health check: exits with 0 when the services on the ports of the named settings are ready. By the sockets of bash, as
# Node takes 70 times the processor time to start, and a start asks often. TLS, which bash does not speak, is left to Node.
[ "$TLS" = on ] && exec node --env-file=services/lab.env "${0%.sh}-over-tls.ts" "$@"
for name; do
  port=${!name:-$(sed -n "s/^$name=//p" services/lab.env)}
  exec 3<>"/dev/tcp/127.0.0.1/$port" || exit 1
  printf 'GET /readyz HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nConnection: close\r\n\r\n' "$port" >&3
  read -r _ status _ <&3
  [ "$status" = 200 ] || exit 1
done

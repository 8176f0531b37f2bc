#!/bin/sh
# Starts an extension's program: as the single executable that the package may carry, or with the Node.js of the machine.
set -eu
folder=$(cd "$(dirname "$0")/.." && pwd)
name=$(basename "$0")
cd "$folder"
if [ -x "bin/$name.exe" ]; then exec "bin/$name.exe" "$@"; fi
# A Node says its version long before it is ready for a program that could look.
is_recent() {
  version=$("$1" --version 2>/dev/null) || return 1
  version=${version#v}
  [ "${version%%.*}" -ge 18 ] 2>/dev/null
}
for node in "${LAZULI_NODE:-}" /usr/lib/lazuli/node node /usr/local/bin/node /usr/bin/node; do
  if [ -n "$node" ] && is_recent "$node"; then
    exec "$node" "$name.mjs" "$@"
  fi
done
echo "$name needs Node.js 18 or later, or a package with its own" >&2
exit 51
